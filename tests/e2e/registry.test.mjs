// A real registry (Debian's docker-registry) that asks Reeve, and a real client (skopeo).
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { call, claimsOf, exchange, freePort, newKey, now, openIssuer, openOperator, openWorld, signToken } from './world.mjs';

const run = promisify(execFile);
let world, issuer, operator, admin, org, folder, builder, puller, pullKey, registry, host, work;

const ok = (answer) => {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
};

// A one-layer image as skopeo reads it from a folder.
function writeImage(folderPath, text) {
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

const skopeo = (...args) => run('skopeo', ['--insecure-policy', ...args], { timeout: 30000, env: { ...process.env, HOME: work, XDG_RUNTIME_DIR: work } });
const push = (name, creds, from = 'image') => skopeo('copy', '--dest-tls-verify=false', '--dest-creds', creds, `dir:${path.join(work, from)}`, `docker://${host}/${name}`);
const pull = (name, creds) => {
  const into = path.join(work, `pulled-${randomUUID()}`);
  mkdirSync(into);
  return skopeo('copy', '--src-tls-verify=false', ...(creds ? ['--src-creds', creds] : []), `docker://${host}/${name}`, `dir:${into}`);
};
const registryToken = async (identity, token) => ok(await exchange(world, token, identity, { audience: host })).token;
const jobToken = () => issuer.token({ sub: 'repo:example/app', aud: world.url });
const pullToken = () => signToken(pullKey, { aud: world.url, iat: now(), exp: now() + 3600, iss: 'https://pulltoken.test', sub: 'puller' }, { kid: undefined });
const tokenAt = (scope, basic) => call(world, null, 'GET', `/token?service=${host}${scope ? `&scope=${encodeURIComponent(scope)}` : ''}`, null,
  basic ? { authorization: `Basic ${Buffer.from(basic).toString('base64')}` } : {});

async function openRegistry() {
  const ca = await fetch(`${world.url}/registry/ca.pem`).then((r) => r.text());
  writeFileSync(path.join(work, 'ca.pem'), ca);
  writeFileSync(path.join(work, 'registry.yml'), `version: 0.1
log: {level: warn}
storage: {filesystem: {rootdirectory: ${path.join(work, 'storage')}}, delete: {enabled: true}}
http: {addr: "${host}"}
auth: {token: {realm: "http://localhost:${world.port}/token", service: "${host}", issuer: "${world.url}", rootcertbundle: ${path.join(work, 'ca.pem')}}}
`);
  registry = spawn('docker-registry', ['serve', path.join(work, 'registry.yml')], { stdio: ['ignore', 'pipe', 'pipe'] });
  registry.log = '';
  for (const stream of [registry.stdout, registry.stderr]) stream.on('data', (bytes) => { registry.log += bytes; });
  for (let i = 0; i < 100; i++) {
    if (await fetch(`http://${host}/v2/`).then((r) => r.status === 401, () => false)) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`the registry did not start:\n${registry.log}`);
}

before(async () => {
  work = mkdtempSync(path.join(tmpdir(), 'reeve-registry-'));
  host = `localhost:${await freePort()}`;
  issuer = await openIssuer();
  world = await openWorld({ issuer, registries: [host], flags: ['--registries.public', `${host}/example.com/public/`] });
  operator = await openOperator(world);
  admin = await operator.token();
  org = ok(await call(world, admin, 'POST', '/iam/v2/groups', { name: 'example.com' }));
  ok(await call(world, admin, 'PATCH', `/iam/v2/groups/${org.uid}?updateMask=verified,kind`, { verified: true, kind: 'ORG_KIND_CUSTOMER' }));
  folder = ok(await call(world, admin, 'POST', `/iam/v2/groups/${org.uid}`, { name: 'ci' }));
  const roles = ok(await call(world, admin, 'GET', '/iam/v2/roles?pageSize=200')).roles;
  const role = (name) => roles.find((r) => r.name === name).uid;
  builder = ok(await call(world, admin, 'POST', `/iam/v2/identities/${org.uid}`, { name: 'builder', claimMatch: { issuer: issuer.url, subject: 'repo:example/app' } }));
  ok(await call(world, admin, 'POST', `/iam/v2/roleBindings/${org.uid}`, { identityUid: builder.uid, roleUid: role('registry.push') }));
  pullKey = newKey('RSA');
  const { kid, ...jwk } = pullKey.jwk;
  puller = ok(await call(world, admin, 'POST', `/iam/v2/identities/${org.uid}`, {
    name: 'pull-token', staticKeys: { issuer: 'https://pulltoken.test', subject: 'puller', issuerKeys: JSON.stringify({ keys: [jwk] }) },
  }));
  puller.binding = ok(await call(world, admin, 'POST', `/iam/v2/roleBindings/${folder.uid}`, { identityUid: puller.uid, roleUid: role('registry.pull') }));
  writeImage(path.join(work, 'image'), 'a layer of nothing much');
  await openRegistry();
});

after(async () => {
  registry?.kill();
  await world?.close();
  await issuer?.close();
  if (work) rmSync(work, { recursive: true, force: true });
});

test('a CI identity pushes into a path that its first push makes', async () => {
  await push('example.com/ci/app:v1', `_token:${await registryToken(builder.uid, jobToken())}`);
  const repos = ok(await call(world, admin, 'GET', `/registry/v2/repos?uidp.childrenOf=${folder.uid}`)).repos;
  assert.deepEqual(repos.map((repo) => repo.name), ['app']);
});

test('the job may log in with its own token under the identity it assumes', async () => {
  await push('example.com/ci/deep/er/app:v1', `${builder.uid}:${jobToken()}`);
});

test('a pull token pulls, and cannot push', async () => {
  await pull('example.com/ci/app:v1', `${puller.uid}:${pullToken()}`);
  await assert.rejects(push('example.com/ci/app:v2', `${puller.uid}:${pullToken()}`));
});

test('a path that starts with the organization\'s id is served too', async () => {
  await push(`${org.uid}/ci/app:v1`, `_token:${await registryToken(builder.uid, jobToken())}`);
});

test('nobody pulls from another folder, without credentials, or with wrong ones', async () => {
  await push('example.com/elsewhere/app:v1', `_token:${await registryToken(builder.uid, jobToken())}`);
  await assert.rejects(pull('example.com/elsewhere/app:v1', `${puller.uid}:${pullToken()}`));
  await assert.rejects(pull('example.com/ci/app:v1'));
  await assert.rejects(pull('example.com/ci/app:v1', `${puller.uid}:wrong`));
});

test('the answer is what was asked and is allowed, never an error for less', async () => {
  const answer = ok(await tokenAt('repository:example.com/ci/app:pull,push,delete', `${puller.uid}:${pullToken()}`));
  const claims = claimsOf(answer.token);
  assert.deepEqual(claims.access, [{ type: 'repository', name: 'example.com/ci/app', actions: ['pull'] }]);
  assert.equal(answer.token, answer.access_token);
  assert.equal(answer.expires_in, 60);
  assert.equal(claims.aud, host);
  assert.equal(claims.exp - claims.iat, 60);
});

test('CVE-2020-29662: no credentials give empty access, wrong ones are 401 also without a scope', async () => {
  assert.deepEqual(claimsOf(ok(await tokenAt('repository:example.com/ci/app:pull')).token).access, []);
  assert.equal(claimsOf(ok(await tokenAt('')).token).sub, '');
  for (const basic of ['nobody:x', `${puller.uid}:x`, '_token:x', `${'0'.repeat(40)}:${pullToken()}`]) {
    const answer = await tokenAt('', basic);
    assert.equal(answer.status, 401, basic);
    assert.equal(answer.body.errors[0].code, 'UNAUTHORIZED');
  }
  assert.equal((await call(world, null, 'GET', '/token?service=unknown')).status, 400);
  assert.deepEqual(claimsOf(ok(await tokenAt('registry:catalog:*', `${puller.uid}:${pullToken()}`)).token).access, []);
});

test('operators list the catalog', async () => {
  const token = await operator.token({ audience: host });
  const access = claimsOf(ok(await tokenAt('registry:catalog:*', `_token:${token}`)).token).access;
  assert.deepEqual(access, [{ type: 'registry', name: 'catalog', actions: ['*'] }]);
});

test('a token of the API is no password, and a registry token no API token', async () => {
  const api = ok(await exchange(world, jobToken(), builder.uid)).token;
  assert.equal((await tokenAt('', `_token:${api}`)).status, 401);
  const bearer = ok(await tokenAt('repository:example.com/ci/app:pull', `${puller.uid}:${pullToken()}`)).token;
  assert.equal((await call(world, bearer, 'GET', '/auth/v1/ok')).status, 401);
});

test('a rotation of the signing keys needs no restart of the registry', async () => {
  const rotated = ok(await call(world, admin, 'POST', '/reeve/v1/keys:rotate', {}));
  assert.ok(rotated.kid);
  const token = ok(await tokenAt('repository:example.com/ci/app:pull', `${puller.uid}:${pullToken()}`)).token;
  const header = JSON.parse(Buffer.from(token.split('.')[0], 'base64url'));
  assert.equal(header.kid, rotated.kid);
  assert.equal(header.x5c.length, 1);
  await pull('example.com/ci/app:v1', `${puller.uid}:${pullToken()}`);
});

test('a POST with grant_type=password answers as containerd and podman read it', async () => {
  const response = await fetch(`${world.url}/token`, {
    method: 'POST',
    body: new URLSearchParams([['grant_type', 'password'], ['service', host], ['username', puller.uid], ['password', pullToken()],
      ['client_id', 'containerd-client'], ['scope', 'repository:example.com/ci/app:pull']]),
  });
  const body = await response.json();
  assert.equal(response.status, 200);
  assert.equal(body.scope, 'repository:example.com/ci/app:pull');
  const wrong = await fetch(`${world.url}/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'password', service: host, username: puller.uid, password: 'x' }) });
  assert.equal(wrong.status, 401);
  assert.equal((await wrong.json()).error, 'invalid_grant');
});

test('25: a freed repository name stays with what bore it, until an operator uses it again', async () => {
  const creds = async () => `_token:${await registryToken(builder.uid, jobToken())}`;
  await push('example.com/ci/freed:v1', await creds());
  const repos = async (at) => ok(await call(world, admin, 'GET', `/registry/v2/repos?uidp.childrenOf=${at}&pageSize=200`)).repos;
  const repo = (await repos(folder.uid)).find((row) => row.name === 'freed');
  // Renamed away and back by itself: its own name.
  ok(await call(world, admin, 'PATCH', `/registry/v2/repos/${repo.uid}?updateMask=name`, { name: 'moved' }));
  const api = ok(await exchange(world, jobToken(), builder.uid)).token;
  const refused = await call(world, api, 'POST', `/registry/v2/repos/${folder.uid}`, { name: 'freed' });
  assert.equal(refused.status, 400);
  assert.equal(refused.body.details.find((d) => d.violations).violations[0].type, 'NAME_WAS_USED');
  ok(await call(world, admin, 'PATCH', `/registry/v2/repos/${repo.uid}?updateMask=name`, { name: 'freed' }));
  await pull('example.com/ci/freed:v1', await creds());
  ok(await call(world, admin, 'DELETE', `/registry/v2/repos/${repo.uid}`));
  await assert.rejects(pull('example.com/ci/freed:v1', await creds()));
  await assert.rejects(push('example.com/ci/freed:v2', await creds()));
  assert.equal((await call(world, api, 'POST', `/registry/v2/repos/${folder.uid}`, { name: 'freed' })).status, 400);
  ok(await call(world, admin, 'POST', `/registry/v2/repos/${folder.uid}`, { name: 'freed' }));
  await pull('example.com/ci/freed:v1', await creds());
});

test('25: a freed folder name too, when repositories were below it; an empty one is free', async () => {
  const api = ok(await exchange(world, jobToken(), builder.uid)).token;
  const make = (token, parent, name) => call(world, token, 'POST', `/iam/v2/groups/${parent}`, { name });
  const remove = async (row, kind = 'iam/v2/groups') => ok(await call(world, admin, 'DELETE', `/${kind}/${row.uid}`));
  await remove(ok(await make(admin, org.uid, 'empty')));
  await remove(ok(await make(api, org.uid, 'empty')));
  const outer = ok(await make(api, org.uid, 'outer')), inner = ok(await make(api, outer.uid, 'inner'));
  const repo = ok(await call(world, api, 'POST', `/registry/v2/repos/${inner.uid}`, { name: 'app' }));
  await remove(repo, 'registry/v2/repos');
  await remove(inner);
  assert.equal((await make(api, outer.uid, 'inner')).status, 400);
  await remove(outer);
  const again = await make(api, org.uid, 'outer');
  assert.equal(again.status, 400);
  assert.match(again.body.message, /an operator/);
  ok(await make(admin, org.uid, 'outer'));
  // Renaming frees a name as well.
  const team = ok(await make(api, org.uid, 'team'));
  ok(await call(world, api, 'POST', `/registry/v2/repos/${team.uid}`, { name: 'app' }));
  ok(await call(world, admin, 'PATCH', `/iam/v2/groups/${team.uid}?updateMask=name`, { name: 'team2' }));
  assert.equal((await make(api, org.uid, 'team')).status, 400);
  ok(await call(world, admin, 'PATCH', `/iam/v2/groups/${team.uid}?updateMask=name`, { name: 'team' }));
});

test('after the binding is deleted the next token is empty', async () => {
  ok(await call(world, admin, 'DELETE', `/iam/v2/roleBindings/${puller.binding.uid}`));
  assert.deepEqual(claimsOf(ok(await tokenAt('repository:example.com/ci/app:pull', `${puller.uid}:${pullToken()}`)).token).access, []);
  await assert.rejects(pull('example.com/ci/app:v1', `${puller.uid}:${pullToken()}`));
});

test('after the identity is deleted its pull token is no credential', async () => {
  ok(await call(world, admin, 'DELETE', `/iam/v2/identities/${puller.uid}`));
  assert.equal((await tokenAt('', `${puller.uid}:${pullToken()}`)).status, 401);
});
