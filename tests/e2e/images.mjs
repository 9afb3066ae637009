// Images for real registry clients, podman without privileges, and Debian's docker-registry asking a world of ours.
import { execFile, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';

// An image as skopeo reads it from a folder: of one layer, or of none when there is no text.
export function writeImage(folderPath, text) {
  mkdirSync(folderPath, { recursive: true });
  const blob = (bytes) => {
    const digest = createHash('sha256').update(bytes).digest('hex');
    writeFileSync(path.join(folderPath, digest), bytes);
    return { digest: `sha256:${digest}`, size: bytes.length };
  };
  const layers = text === undefined ? [] : [blob(Buffer.from(text))];
  const config = blob(Buffer.from(JSON.stringify({ architecture: 'amd64', os: 'linux', rootfs: { type: 'layers', diff_ids: layers.map(({ digest }) => digest) }, config: {} })));
  const manifest = {
    schemaVersion: 2, mediaType: 'application/vnd.docker.distribution.manifest.v2+json',
    config: { mediaType: 'application/vnd.docker.container.image.v1+json', ...config },
    layers: layers.map((layer) => ({ mediaType: 'application/vnd.docker.image.rootfs.diff.tar', ...layer })),
  };
  writeFileSync(path.join(folderPath, 'manifest.json'), JSON.stringify(manifest));
  writeFileSync(path.join(folderPath, 'version'), 'Directory Transport Version: 1.1\n');
  return config.digest.slice('sha256:'.length); // the image's id
}

// podman as it runs anywhere: for root and others, in a container without capabilities, in a chroot whose root is no mount. So it
// makes no user namespace (the two variables say that one is there, with this user as its root), has its locks in files and
// forgets between commands what it knows of the machine. It unpacks no layers, for that takes a chroot: its images have none.
export function openPodman(home) {
  const at = (name) => path.join(home, name), ids = `"0:${process.getuid()}:1"`, groups = `"0:${process.getgid()}:1"`;
  mkdirSync(at('.config/containers/registries.d'), { recursive: true });
  writeFileSync(at('.config/containers/registries.d/default.yaml'), `default-docker: {lookaside: "file://${at('signatures')}"}\n`);
  writeFileSync(at('auth.json'), '{}');
  writeFileSync(at('containers.conf'), '[engine]\nlock_type = "file"\nevents_logger = "none"\n');
  writeFileSync(at('storage.conf'), `[storage]\ndriver = "vfs"\ngraphroot = "${at('images')}"\nrunroot = "${at('run')}"\n[storage.options]\nremap-uids = ${ids}\nremap-gids = ${groups}\n`);
  const env = { ...process.env, HOME: home, XDG_RUNTIME_DIR: home, REGISTRY_AUTH_FILE: at('auth.json'), CONTAINERS_CONF: at('containers.conf'), CONTAINERS_STORAGE_CONF: at('storage.conf'),
    _CONTAINERS_USERNS_CONFIGURED: 'done', _CONTAINERS_ROOTLESS_UID: '0' };
  return async (...args) => {
    for (const known of ['images/libpod', 'tmp']) rmSync(at(known), { recursive: true, force: true });
    return (await promisify(execFile)('podman', ['--tmpdir', at('tmp'), ...args], { timeout: 60000, env })).stdout.trim();
  };
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
