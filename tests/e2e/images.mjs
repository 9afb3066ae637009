// Images for real registry clients, and Debian's docker-registry asking a world of ours.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

// A one-layer image as skopeo reads it from a folder.
export function writeImage(folderPath, text) {
  mkdirSync(folderPath, { recursive: true });
  const blob = (bytes) => {
    const digest = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(path.join(folderPath, digest), bytes);
    return { digest: `sha256:${digest}`, size: bytes.length };
  };
  const layer = blob(Buffer.from(text));
  const config = blob(Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: [layer.digest] }, config: {} })));
  const manifest = {
    schemaVersion: 2, mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    config: { mediaType: 'application/vnd.docker.container.image.v1+json', ...config },
    layers: [{ mediaType: 'application/vnd.docker.image.rootfs.diff.tar', ...layer }],
  };
  writeFileSync(path.join(folderPath, 'manifest.json'), JSON.stringify(manifest));
  writeFileSync(path.join(folderPath, 'version'), 'Directory Transport Version: 1.1\n');
}

// Serves on host out of the folder `work`; resolves to its process once it asks for credentials.
export async function openRegistry(world, host, work) {
  const ca = await fetch(`${world.url}/registry/ca.pem`).then((r) => r.text());
  writeFileSync(path.join(work, 'ca.pem'), ca);
  writeFileSync(path.join(work, 'registry.yml'), `version: 0.1
log: {level: warn}
storage: {filesystem: {rootdirectory: ${path.join(work, 'storage')}}, delete: {enabled: true}}
http: {addr: "${host}"}
auth: {token: {realm: "http://localhost:${world.port}/token", service: "${host}", issuer: "${world.url}", rootcertbundle: ${path.join(work, 'ca.pem')}}}
`);
  const registry = spawn('docker-registry', ['serve', path.join(work, 'registry.yml')], { stdio: ['ignore', 'pipe', 'pipe'] });
  registry.log = '';
  for (const stream of [registry.stdout, registry.stderr]) stream.on('data', (bytes) => { registry.log += bytes; });
  for (let i = 0; i < 100; i++) {
    if (await fetch(`http://${host}/v2/`).then((r) => r.status === 401, () => false)) return registry;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the registry did not start:\n${registry.log}`);
}
