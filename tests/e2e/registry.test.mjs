// A real registry (Debian's docker-registry) that asks Reeve, and real clients (skopeo, podman).
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createHash, randomUUID, verify, X509Certificate } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { openPodman, openRegistry, writeImage } from './images.mjs';
import { build, call, claimsOf, exchange, freePort, newKey, now, openIssuer, openOperator, openWorld, signToken } from './world.mjs';

const run = promisify(execFile);
let world, issuer, operator, admin, org, folder, builder, puller, pullKey, registry, host, work;

const ok = (answer) => {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
};

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
  ok(await call(world, admin, 'POST', `/iam/v2/roleBindings/${folder.uid}`, { identityUid: puller.uid, roleUid: role('registry.pull') }));
  writeImage(path.join(work, 'image'), 'a layer of nothing much');
  registry = await openRegistry(world, host, work);
});

after(async () => {
  registry?.kill();
  await world?.close();
  await issuer?.close();
  if (work) rmSync(work, { recursive: true, force: true });
});

test('23: a CI identity pushes into a path that its first push makes', async () => {
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

test('22, CVE-2020-29662: no credentials give empty access, wrong ones are 401 also without a scope', async () => {
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

test('23: operators list the catalog', async () => {
  const token = await operator.token({ audience: host });
  const access = claimsOf(ok(await tokenAt('registry:catalog:*', `_token:${token}`)).token).access;
  assert.deepEqual(access, [{ type: 'registry', name: 'catalog', actions: ['*'] }]);
  // "*" is the one action of the catalog: who asks for another is not given this one
  for (const less of ['pull', 'push,pull', 'delete']) assert.deepEqual(claimsOf(ok(await tokenAt(`registry:catalog:${less}`, `_token:${token}`)).token).access, [], less);
});

test('19: a token of the API is no password, and a registry token no API token', async () => {
  const api = ok(await exchange(world, jobToken(), builder.uid)).token;
  assert.equal((await tokenAt('', `_token:${api}`)).status, 401);
  const bearer = ok(await tokenAt('repository:example.com/ci/app:pull', `${puller.uid}:${pullToken()}`)).token;
  assert.equal((await call(world, bearer, 'GET', '/auth/v1/ok')).status, 401);
});

test('17: a rotation of the signing keys needs no restart of the registry', async () => {
  const rotated = ok(await call(world, admin, 'POST', '/reeve/v1/keys:rotate', {}));
  assert.ok(rotated.kid);
  const token = ok(await tokenAt('repository:example.com/ci/app:pull', `${puller.uid}:${pullToken()}`)).token;
  const header = JSON.parse(Buffer.from(token.split('.')[0], 'base64url'));
  assert.equal(header.kid, rotated.kid);
  assert.equal(header.x5c.length, 1);
  await pull('example.com/ci/app:v1', `${puller.uid}:${pullToken()}`);
});

test('20: a POST with grant_type=password answers as containerd and podman read it', async () => {
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
  // another grant is none, whatever comes with it
  for (const grant_type of ['refresh_token', 'authorization_code', 'Password']) {
    assert.equal((await fetch(`${world.url}/token`, { method: 'POST', body: new URLSearchParams({ grant_type, service: host, username: puller.uid, password: pullToken(), refresh_token: pullToken() }) })).status, 401, grant_type);
  }
  // who says that they bring a password brings one
  for (const none of [{}, { username: '', password: '' }, { username: puller.uid }]) {
    assert.equal((await fetch(`${world.url}/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'password', service: host, ...none }) })).status, 401, JSON.stringify(none));
  }
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

test('17, 18: a bearer is signed by a leaf below the registry CA, for one audience, with whole times and an empty anonymous subject', async () => {
  const token = ok(await tokenAt('repository:example.com/ci/app:pull')).token;
  const header = JSON.parse(Buffer.from(token.split('.')[0], 'base64url')), claims = claimsOf(token);
  const leaf = new X509Certificate(Buffer.from(header.x5c[0], 'base64')), ca = new X509Certificate(readFileSync(path.join(work, 'ca.pem')));
  assert.ok(leaf.verify(ca.publicKey) && ca.ca && !leaf.ca);
  assert.ok(Date.parse(leaf.validFrom) <= Date.now() - 60000, 'backdated');
  assert.ok(['ES256', 'RS256'].includes(header.alg));
  assert.deepEqual([typeof claims.aud, claims.aud, claims.sub], ['string', host, '']);
  for (const name of ['exp', 'nbf', 'iat']) assert.ok(Number.isInteger(claims[name]), name);
  assert.ok(verify('sha256', Buffer.from(token.split('.').slice(0, 2).join('.')), { key: leaf.publicKey, dsaEncoding: 'ieee-p1363' }, Buffer.from(token.split('.')[2], 'base64url')));
});

test('19: no service is the only one, an unknown one is 400', async () => {
  assert.equal(claimsOf(ok(await call(world, null, 'GET', '/token')).token).aud, host);
  const answer = await call(world, null, 'GET', '/token?service=elsewhere.example');
  assert.equal(answer.status, 400);
  assert.match(answer.body.errors[0].message, /service/);
});

test('20: scopes come repeated or joined by blanks, and what docker adds is taken', async () => {
  const basic = { authorization: `Basic ${Buffer.from(`${puller.uid}:${pullToken()}`).toString('base64')}` };
  const two = ['repository:example.com/ci/app:pull', 'repository:example.com/ci/deep/er/app:pull'];
  const query = (scopes) => `/token?service=${host}&account=${encodeURIComponent(puller.uid)}&client_id=docker&offline_token=true${scopes.map((s) => `&scope=${encodeURIComponent(s)}`).join('')}`;
  for (const scopes of [two, [two.join(' ')]]) {
    const answer = ok(await call(world, null, 'GET', query(scopes), null, basic));
    assert.deepEqual(claimsOf(answer.token).access.map((entry) => entry.name), ['example.com/ci/app', 'example.com/ci/deep/er/app']);
    assert.ok(Math.abs(Date.parse(answer.issued_at) - Date.now()) < 60000);
    assert.equal(answer.refresh_token, undefined);
  }
  const form = await fetch(`${world.url}/token`, { method: 'POST', body: new URLSearchParams([['grant_type', 'password'], ['service', host],
    ['username', puller.uid], ['password', pullToken()], ['scope', two[0]], ['scope', two[1]]]) }).then((r) => r.json());
  assert.equal(form.scope, two.join(' '));
});

test('21: the type ends at the first colon, actions start after the last; a star is what is allowed; unknown types are dropped', async () => {
  const creds = `${puller.uid}:${pullToken()}`;
  const access = async (scope) => claimsOf(ok(await tokenAt(scope, creds)).token).access;
  const expected = [{ type: 'repository', name: 'example.com/ci/app', actions: ['pull'] }];
  assert.deepEqual(await access('repository(plugin):example.com/ci/app:pull'), expected);
  assert.deepEqual(await access('repository:example.com/ci/app:*'), expected);
  assert.deepEqual(await access('repository:localhost:5000/ci/app:pull'), []);
  assert.deepEqual(await access('machine:example.com/ci/app:pull'), []);
  assert.deepEqual(await access('repository:example.com/ci/app:fly'), []);
});

test('21: a name that is no path, or is written in another way than the path, names nothing', async () => {
  const creds = `${puller.uid}:${pullToken()}`;
  assert.equal(claimsOf(ok(await tokenAt('repository:example.com/ci/app:pull', creds)).token).access.length, 1);
  for (const name of ['Example.com/ci/app', 'example.com/CI/app', 'example.com/ci/App', 'example.com//ci/app', '/example.com/ci/app', 'example.com/ci/app/', 'example.com/ci/./app', 'example.com/ci/../ci/app', 'example.com/ci/%61pp', 'example.com/ci%2fapp',
    'example.com/ci/app\u0000', 'example.com/ci/app\n', 'example.com\u200b/ci/app', 'example.com/ci\\app', 'example.com./ci/app', 'library/example.com/ci/app', `localhost/example.com/ci/app`, 'ci/app', 'app', '', '/', '.', 'example.com', 'example.com/ci',
    `${org.uid.toUpperCase()}/ci/app`, `${folder.uid}/app`, `${org.uid} /ci/app`, `${'a/'.repeat(40)}a`, 'a'.repeat(300)]) {
    const answer = await tokenAt(`repository:${name}:pull`, creds);
    if (answer.status === 200) assert.deepEqual(claimsOf(answer.body.token).access, [], JSON.stringify(name));
    else assert.equal(answer.status, 400, `${JSON.stringify(name)}: ${answer.status}`);
  }
  // what is public is so by its path, not by how a name begins
  for (const name of ['example.com/public/', 'example.com/public/../ci/app', 'example.com/public//tool', 'example.com/public/./tool', 'example.com/public/Tool', 'example.com/public/%2e%2e/ci/app', 'example.com/public']) {
    const answer = await tokenAt(`repository:${name}:pull`);
    if (answer.status === 200) assert.deepEqual(claimsOf(answer.body.token).access, [], name);
  }
});

test('an organization that nobody verified has no name here, and the operators\' group no path', async () => {
  const creds = `${builder.uid}:${jobToken()}`;
  const names = async (name, as = creds) => claimsOf(ok(await tokenAt(`repository:${name}:pull,push`, as)).token).access.length;
  const squat = ok(await call(world, admin, 'POST', '/iam/v2/groups', { name: 'squat.example' }));
  const inside = ok(await call(world, admin, 'POST', `/iam/v2/identities/${squat.uid}`, { name: 'w', claimMatch: { issuer: issuer.url, subject: 'squatter' } }));
  const { uid } = ok(await call(world, admin, 'GET', '/iam/v2/roles?name=registry.push')).roles[0];
  ok(await call(world, admin, 'POST', `/iam/v2/roleBindings/${squat.uid}`, { identityUid: inside.uid, roleUid: uid }));
  const squatter = `${inside.uid}:${issuer.token({ sub: 'squatter', aud: world.url })}`;
  assert.equal(await names(`${squat.uid}/app`, squatter), 1);
  assert.equal(await names('squat.example/app', squatter), 0);
  // the name of one that is verified is not theirs either, though two may bear it
  const twin = ok(await call(world, admin, 'POST', '/iam/v2/groups', { name: 'example.com' }));
  assert.equal(await names('example.com/ci/app'), 1);
  ok(await call(world, admin, 'DELETE', `/iam/v2/groups/${twin.uid}`));
  assert.equal(await names(`${operator.identityUid.split('/')[0]}/app`, `_token:${await operator.token({ audience: host })}`), 0);
});

test('a token that carries less opens less: as a password it is worth what is in it', async () => {
  const whole = ok(await exchange(world, jobToken(), builder.uid)).token;
  const narrow = ok(await exchange(world, jobToken(), builder.uid, { cap: ['repo.list'] })).token;
  const pulls = ok(await exchange(world, jobToken(), builder.uid, { cap: ['repo.blobs.get', 'manifest.list', 'tag.list'] })).token;
  const actions = async (token) => claimsOf(ok(await tokenAt('repository:example.com/ci/app:pull,push', `${builder.uid}:${token}`)).token).access.flatMap((entry) => entry.actions);
  assert.deepEqual(await actions(whole), ['pull', 'push']);
  assert.deepEqual(await actions(narrow), []);
  assert.deepEqual(await actions(pulls), ['pull']);
  // each action asks for all that is behind it
  for (const [cap, expected] of [[['manifest.list', 'tag.list'], []], [['repo.blobs.get', 'tag.list'], []], [['repo.blobs.get', 'manifest.list'], []], [['manifest.create'], []], [['tag.create'], []], [['manifest.create', 'tag.create'], ['push']]]) {
    assert.deepEqual(await actions(ok(await exchange(world, jobToken(), builder.uid, { cap })).token), expected, cap.join());
  }
  // a folder is made by who may make folders
  const making = ok(await exchange(world, jobToken(), builder.uid, { cap: ['repo.create', 'manifest.create', 'tag.create'] })).token;
  const made = async (name) => claimsOf(ok(await tokenAt(`repository:${name}:push`, `${builder.uid}:${making}`)).token).access.length;
  assert.deepEqual([await made('example.com/ci/no-such-folder/app'), await made('example.com/ci/just-a-repository')], [0, 1]);
  // nor does a token make what its bearer might
  const name = 'example.com/ci/never-made';
  const asked = await tokenAt(`repository:${name}:pull,push`, `${builder.uid}:${pulls}`);
  assert.deepEqual(claimsOf(ok(asked).token).access, []);
  assert.deepEqual(ok(await call(world, admin, 'GET', `/registry/v2/repos?uidp.childrenOf=${folder.uid}&name=never-made`)).repos, []);
});

test('22: wrong credentials are 401 with a scope too, in both forms of error', async () => {
  const answer = await tokenAt('repository:example.com/ci/app:pull', `${puller.uid}:wrong`);
  assert.deepEqual([answer.status, answer.body.errors[0].code], [401, 'UNAUTHORIZED']);
  const post = await fetch(`${world.url}/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'password', service: host,
    username: '_token', password: 'wrong', scope: 'repository:example.com/ci/app:pull' }) });
  const body = await post.json();
  assert.deepEqual([post.status, body.error, body.errors[0].code], [401, 'invalid_grant', 'UNAUTHORIZED']);
  assert.ok(body.error_description);
});

test('what is not taken is told so, whatever bytes the refusal quotes', async () => {
  const answer = await fetch(`${world.url}/token`, { method: 'POST', headers: { 'content-type': 'text/\xff\xe9' }, body: 'x' });
  assert.deepEqual([answer.status, (await answer.json()).errors[0].code], [400, 'UNSUPPORTED']);
});

test('22: anyone pulls what configuration calls public, and pushes nothing there', async () => {
  await push('example.com/public/tool:v1', `_token:${await registryToken(builder.uid, jobToken())}`);
  await pull('example.com/public/tool:v1');
  assert.deepEqual(claimsOf(ok(await tokenAt('repository:example.com/public/tool:pull,push,delete')).token).access,
    [{ type: 'repository', name: 'example.com/public/tool', actions: ['pull'] }]);
  assert.deepEqual(claimsOf(ok(await tokenAt('repository:example.com/publicity/tool:pull')).token).access, []);
});

test('a blob is mounted from another repository by who may pull there, and by nobody else', async () => {
  const { stdout } = await skopeo('inspect', '--raw', '--tls-verify=false', '--creds', `${puller.uid}:${pullToken()}`, `docker://${host}/example.com/ci/app:v1`);
  const { digest } = JSON.parse(stdout).layers[0];
  const mount = async (creds) => {
    const scopes = ['repository:example.com/ci/mounted:pull,push', 'repository:example.com/ci/app:pull'].map((s) => `&scope=${encodeURIComponent(s)}`).join('');
    const bearer = ok(await call(world, null, 'GET', `/token?service=${host}${scopes}`, null, { authorization: `Basic ${Buffer.from(creds).toString('base64')}` })).token;
    return fetch(`http://${host}/v2/example.com/ci/mounted/blobs/uploads/?mount=${digest}&from=example.com/ci/app`,
      { method: 'POST', headers: { authorization: `Bearer ${bearer}` } }).then((r) => r.status);
  };
  assert.equal(await mount(`_token:${await registryToken(builder.uid, jobToken())}`), 201);
  assert.equal(await mount(`${puller.uid}:${pullToken()}`), 401); // may not push
  await skopeo('copy', '--src-tls-verify=false', '--dest-tls-verify=false', '--src-creds', `${builder.uid}:${jobToken()}`, '--dest-creds', `${builder.uid}:${jobToken()}`,
    `docker://${host}/example.com/ci/app:v1`, `docker://${host}/example.com/ci/copied:v1`);
});

test('25: the two spellings of a path are two repositories in the registry; a name with a dot is one, a bad component none', async () => {
  const creds = `_token:${await registryToken(builder.uid, jobToken())}`;
  await push('example.com/ci/my.app_x-1:v1', creds);
  await pull('example.com/ci/my.app_x-1:v1', creds);
  await assert.rejects(pull(`${org.uid}/ci/my.app_x-1:v1`, creds), /manifest unknown/);
  for (const name of ['Upper', '.dot', 'a..b', 'a b', 'end-'])
    assert.equal((await call(world, admin, 'POST', `/registry/v2/repos/${folder.uid}`, { name })).status, 400, name);
});

// ---- the credential helper ----

// A home of its own with the helper on the PATH; configuration as `reeve config set` writes it.
async function openHome(name) {
  const home = path.join(work, name), bin = path.join(home, 'bin');
  mkdirSync(bin, { recursive: true });
  symlinkSync(path.join(build, 'reeve'), path.join(bin, 'docker-credential-reeve'));
  const env = { PATH: `${bin}:${process.env.PATH}`, HOME: home, XDG_RUNTIME_DIR: home, REEVE_PLATFORM_API: world.url, REEVE_PLATFORM_REGISTRY: host,
    REGISTRY_AUTH_FILE: path.join(home, 'auth.json') };
  writeFileSync(env.REGISTRY_AUTH_FILE, JSON.stringify({ credHelpers: { [host]: 'reeve' } }));
  const helper = (words, input = '') => new Promise((resolve, reject) => {
    const child = spawn('docker-credential-reeve', words, { env });
    let stdout = '', stderr = '';
    child.on('error', reject);
    // a helper that needs no input may have ended before any is sent; one that ignores what it needs shows in its answer
    child.stdin.on('error', (error) => { if (error.code !== 'EPIPE') reject(error); });
    child.stdout.on('data', (bytes) => { stdout += bytes; });
    child.stderr.on('data', (bytes) => { stderr += bytes; });
    child.on('close', (code) => resolve({ code, stdout: stdout.trim(), stderr }));
    child.stdin.end(input);
  });
  return { home, env, helper, reeve: (...args) => run(path.join(build, 'reeve'), args, { env, timeout: 30000 }) };
}

test('26, 27: the helper takes one word, reads the server to the end and says exactly what docker expects', async () => {
  const { helper } = await openHome('bare');
  for (const words of [[], ['get', 'x'], ['fetch']]) assert.equal((await helper(words)).code, 1, words.join(' '));
  for (const server of [host, `http://${host}`, `https://${host}/v2/\n`]) {
    const answer = await helper(['get'], server);
    assert.deepEqual([answer.code, answer.stdout], [1, 'credentials not found in native keychain'], server);
  }
  assert.deepEqual(Object.values(await helper(['get'], ' \n')).slice(0, 2), [1, 'no credentials server URL']);
  assert.deepEqual(Object.values(await helper(['store'], JSON.stringify({ ServerURL: host, Secret: 'x' }))).slice(0, 2), [1, 'no credentials username']);
  assert.match((await helper(['version'])).stdout, /reeve/);
});

test('27: with a session the helper hands a real client tokens for the registry', async () => {
  const { env, home, helper, reeve } = await openHome('signed-in');
  writeFileSync(path.join(home, 'job.jwt'), jobToken());
  await reeve('auth', 'login', '--identity', builder.uid, '--identity-token', path.join(home, 'job.jwt'), '--audience', host);
  const got = await helper(['get'], `https://${host}`);
  assert.equal(got.code, 0, got.stdout + got.stderr);
  const answer = JSON.parse(got.stdout);
  assert.deepEqual(Object.keys(answer), ['ServerURL', 'Username', 'Secret']);
  assert.equal(answer.Username, '_token');
  assert.equal(claimsOf(answer.Secret).sub, builder.uid);
  await run('skopeo', ['--insecure-policy', 'copy', '--dest-tls-verify=false', `dir:${path.join(work, 'image')}`, `docker://${host}/example.com/ci/helped:v1`], { env, timeout: 30000 });
  assert.deepEqual(JSON.parse((await helper(['list'])).stdout), { [host]: '_token' });
});

test('28: `_token` is stored to nothing, another pair kept for us alone until it is erased', async () => {
  const { home, helper } = await openHome('kept');
  const pair = (Username, Secret) => JSON.stringify({ ServerURL: host, Username, Secret });
  assert.equal((await helper(['store'], pair('_token', 'x'))).code, 0);
  assert.equal((await helper(['get'], host)).code, 1);
  assert.deepEqual(JSON.parse((await helper(['list'], 'whatever')).stdout), {});
  assert.equal((await helper(['store'], pair(puller.uid, 'secret'))).code, 0);
  assert.deepEqual(JSON.parse((await helper(['get'], host)).stdout), { ServerURL: host, Username: puller.uid, Secret: 'secret' });
  assert.deepEqual(JSON.parse((await helper(['list'])).stdout), { [host]: puller.uid });
  const { stdout } = await run('grep', ['-rl', 'secret', home]);
  for (const file of stdout.trim().split('\n')) assert.equal(statSync(file).mode & 0o777, 0o600, file);
  assert.equal((await helper(['erase'], host)).code, 0);
  assert.equal((await helper(['erase'], 'never.example')).code, 0);
  assert.equal((await helper(['get'], host)).code, 1);
});

test('a bearer ends no later than the token it was given for', async () => {
  const brief = await openWorld({ issuer, registries: [host], flags: ['--token.life', '60', '--registry.token-life', '300'] });
  try {
    const root = await openOperator(brief);
    const home = ok(await call(brief, await root.token(), 'POST', '/iam/v2/groups', { name: 'home' })).uid;
    const { uid } = ok(await call(brief, await root.token(), 'POST', `/iam/v2/identities/${home}`, { name: 'job', claimMatch: { issuer: issuer.url, subject: 'brief' } }));
    const foreign = () => issuer.token({ sub: 'brief', aud: brief.url });
    const bearer = async (basic) => claimsOf(ok(await call(brief, null, 'GET', '/token', null, { authorization: `Basic ${Buffer.from(basic).toString('base64')}` })).token);
    const forRegistry = ok(await exchange(brief, foreign(), uid, { audience: host })).token, forApi = ok(await exchange(brief, foreign(), uid)).token;
    assert.equal((await bearer(`_token:${forRegistry}`)).exp, claimsOf(forRegistry).exp);
    assert.equal((await bearer(`${uid}:${forApi}`)).exp, claimsOf(forApi).exp);
    const whole = await bearer(`${uid}:${foreign()}`);
    assert.equal(whole.exp - whole.iat, 300);
  } finally { await brief.close(); }
});

// ---- TLS in front of both ----

test('18, 24: over TLS, by a host name in the realm, with a longer life', async () => {
  const at = (name) => path.join(work, name);
  await run('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost',
    '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1', '-keyout', at('tls.key'), '-out', at('tls.crt')]);
  const tlsHost = `localhost:${await freePort()}`, port = await freePort(), data = at('tls-data');
  const server = spawn(path.join(build, 'reeved'), ['--data', data, '--listen', `127.0.0.1:${port}`, '--url', `https://localhost:${port}`, '--tls.certificate', at('tls.crt'), '--tls.key', at('tls.key'),
    '--registries', tlsHost, '--registries.public', `${tlsHost}/open/`, '--registry.token-life', '300'], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '', other;
  server.stderr.on('data', (bytes) => { log += bytes; });
  const curl = (target) => run('curl', ['-fsS', '--cacert', at('tls.crt'), `https://localhost:${port}${target}`]).then(({ stdout }) => stdout);
  try {
    for (let i = 0; i < 200 && !(await curl('/readyz').then(() => true, () => false)); i++) await new Promise((resolve) => setTimeout(resolve, 50));
    writeFileSync(at('tls-ca.pem'), await curl('/registry/ca.pem'));
    const token = JSON.parse(await curl(`/token?service=${tlsHost}&scope=repository:open/tool:pull`));
    assert.equal(token.expires_in, 300);
    assert.equal(claimsOf(token.token).exp - claimsOf(token.token).iat, 300);
    writeFileSync(at('tls.yml'), `version: 0.1
log: {level: warn}
storage: {filesystem: {rootdirectory: ${at('tls-storage')}}}
http: {addr: "${tlsHost}", tls: {certificate: ${at('tls.crt')}, key: ${at('tls.key')}}}
auth: {token: {realm: "https://localhost:${port}/token", service: "${tlsHost}", issuer: "https://localhost:${port}", rootcertbundle: ${at('tls-ca.pem')}}}
`);
    other = spawn('docker-registry', ['serve', at('tls.yml')], { stdio: 'ignore' });
    const code = (headers) => run('curl', ['-sS', '-o', '/dev/null', '-w', '%{http_code}', '--cacert', at('tls.crt'), ...headers, `https://${tlsHost}/v2/open/tool/tags/list`]).then(({ stdout }) => stdout, () => '000');
    for (let i = 0; i < 100 && (await code([])) !== '401'; i++) await new Promise((resolve) => setTimeout(resolve, 50));
    assert.equal(await code([]), '401');
    assert.equal(await code(['-H', `authorization: Bearer ${token.token}`]), '404'); // admitted; there is nothing yet
    mkdirSync(at('trusted'));
    writeFileSync(at('trusted/ca.crt'), readFileSync(at('tls.crt')));
    const { stderr } = await run('skopeo', ['--insecure-policy', 'list-tags', '--cert-dir', at('trusted'), `docker://${tlsHost}/open/tool`], { env: { ...process.env, HOME: work, XDG_RUNTIME_DIR: work, SSL_CERT_FILE: at('tls.crt') }, timeout: 30000 }).catch((error) => error);
    assert.match(stderr, /404/); // through the token service: admitted, and nothing is there
  } finally {
    other?.kill();
    server.kill();
    await new Promise((resolve) => (server.exitCode === null ? server.on('exit', resolve) : resolve()));
  }
  assert.equal(server.exitCode, 0, log);
});

// ---- podman ----

test('podman logs in, pushes and pulls, and is refused what its credential may not do', async () => {
  const podman = openPodman(path.join(work, 'podman')), name = `${host}/example.com/ci/podman:v1`;
  const id = writeImage(path.join(work, 'no-layers'));
  const builds = ['--tls-verify=false', '--creds', `${builder.uid}:${jobToken()}`], pulls = ['--tls-verify=false', '--creds', `${puller.uid}:${pullToken()}`];
  const images = async () => (await podman('images', '--quiet', '--no-trunc')).split('\n').filter(Boolean);
  assert.equal(await podman('pull', '--quiet', `dir:${path.join(work, 'no-layers')}`), id);
  await podman('push', ...builds, id, `docker://${name}`);
  await assert.rejects(podman('push', ...pulls, id, `docker://${name}`), /denied|unauthorized/i);
  await podman('rmi', '--force', id);
  assert.deepEqual(await images(), []);
  await assert.rejects(podman('pull', '--quiet', '--tls-verify=false', name), /denied|unauthorized/i);
  assert.equal(await podman('pull', '--quiet', ...pulls, name), id);
  assert.deepEqual(await images(), [`sha256:${id}`]);
  await podman('rmi', '--force', id);
  await assert.rejects(podman('login', '--tls-verify=false', '-u', puller.uid, '-p', 'wrong', host), /unauthorized|invalid username/i);
  await podman('login', '--tls-verify=false', '-u', puller.uid, '-p', pullToken(), host);
  assert.equal(await podman('pull', '--quiet', '--tls-verify=false', name), id);
  await assert.rejects(podman('pull', '--quiet', '--tls-verify=false', `${host}/example.com/elsewhere/app:v1`), /denied|unauthorized/i);
});

test('after the identity is deleted its pull token is no credential', async () => {
  ok(await call(world, admin, 'DELETE', `/iam/v2/identities/${puller.uid}`));
  assert.equal((await tokenAt('', `${puller.uid}:${pullToken()}`)).status, 401);
});
