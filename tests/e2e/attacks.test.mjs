// Published flaws of systems in our field, tried on a running server. The name of each test carries the flaw's id; docs/security.md
// is the whole table.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { createHmac, randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build, call, claimsOf, exchange, freePort, newKey, now, openIssuer, openOperator, openWorld, send, signToken } from './world.mjs';

const run = promisify(execFile);
const REGISTRY = 'registry.test';
let issuer, stranger, world, operator, admin, org, other, ada, eve, roles;

const ok = (answer) => {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
};
const as = (who, method, target, body) => call(world, who, method, target, body);
const unique = () => randomBytes(4).toString('hex');

// An identity with roles at a place, and its tokens.
async function bring(place, subject, ...names) {
  const uid = ok(await as(admin, 'POST', `/iam/v2/identities/${place.split('/')[0]}`, { name: 'w', claimMatch: { issuer: issuer.url, subject } })).uid;
  for (const name of names) ok(await as(admin, 'POST', `/iam/v2/roleBindings/${place}`, { identityUid: uid, roleUid: roles.get(name) }));
  const foreign = (claims = {}, using) => issuer.token({ sub: subject, aud: world.url, ...claims }, using);
  return { uid, foreign, token: async (options) => ok(await exchange(world, foreign(), uid, options)).token };
}

// A port where nobody is to be seen, whatever they speak.
async function openTrap() {
  const trap = { connections: 0, port: await freePort(), server: http.createServer((_, response) => response.end('{}')) };
  trap.server.on('connection', () => { trap.connections++; });
  await new Promise((resolve) => { trap.server.listen(trap.port, '127.0.0.1', resolve); });
  return trap;
}

before(async () => {
  issuer = await openIssuer();
  stranger = await openIssuer();
  // the stranger may be reached: what keeps us from there must be something else than its address
  world = await openWorld({ issuer: { host: `${issuer.host},${stranger.host}` }, registries: [REGISTRY] });
  operator = await openOperator(world);
  admin = await operator.token();
  org = ok(await as(admin, 'POST', '/iam/v2/groups', { name: 'ours' })).uid;
  other = ok(await as(admin, 'POST', '/iam/v2/groups', { name: 'theirs' })).uid;
  roles = new Map(ok(await as(admin, 'GET', '/iam/v1/roles?parent=%2F')).items.map((role) => [role.name, role.id]));
  ada = await bring(org, 'ada', 'owner');
  eve = await bring(other, 'eve', 'owner');
});

after(async () => {
  const [end] = await Promise.allSettled([world?.close()]);
  for (const one of [issuer, stranger]) { one?.server.closeAllConnections(); await one?.close(); }
  if (end.status === 'rejected') throw end.reason;
});

// ---- JOSE and keys ----

test('CVE-2015-9235, CVE-2015-2951: no token chooses its algorithm, foreign or our own', async () => {
  const access = await ada.token();
  const [, payload] = access.split('.');
  const jwks = ok(await as(null, 'GET', '/.well-known/jwks.json'));
  for (const alg of ['none', 'None', 'NONE', '', 'HS256', 'HS512', 'ES256K', 'RS256']) {
    const head = Buffer.from(JSON.stringify({ alg, typ: 'at+jwt', kid: jwks.keys[0].kid })).toString('base64url');
    const mac = createHmac('sha256', JSON.stringify(jwks.keys[0])).update(`${head}.${payload}`).digest('base64url');
    for (const forged of [`${head}.${payload}.`, `${head}.${payload}.${mac}`]) assert.equal((await as(forged, 'GET', '/auth/v1/ok')).status, 401, alg);
  }
});

test('CVE-2018-0114, CVE-2025-24976: a key or a chain in a header is nobody\'s key', async () => {
  const key = newKey('RSA');
  for (const header of [{ jwk: key.jwk }, { jku: `${stranger.url}/jwks` }, { x5u: `${stranger.url}/jwks` }, { x5c: ['MIIB'] }]) {
    assert.equal((await exchange(world, signToken(key, claimsOf(ada.foreign()), header), ada.uid)).status, 401, Object.keys(header)[0]);
  }
  assert.equal(stranger.asked, 0);
});

test('CVE-2020-26160, CVE-2024-51744, CVE-2024-5798: an audience is one of ours as text or in a list of texts, else nothing', async () => {
  for (const aud of [world.url, [world.url], ['x', world.url]]) assert.equal((await exchange(world, ada.foreign({ aud }), ada.uid)).status, 200, JSON.stringify(aud));
  for (const aud of [`${world.url}/`, `${world.url}.evil.test`, world.url.slice(0, -1), world.url.toUpperCase(), '', [], ['x'], {}, { 0: world.url }, [[world.url]], 7, null, true, `x,${world.url}`, `x ${world.url}`]) {
    const refused = await exchange(world, ada.foreign({ aud }), ada.uid);
    assert.ok([401, 403].includes(refused.status), `${JSON.stringify(aud)}: ${refused.status}`);
  }
});

test('Storm-0558, CVE-2025-55241: a key or token of one realm is nothing in another', async () => {
  // another issuer's key under this issuer's name, and the other way round
  assert.equal((await exchange(world, ada.foreign({}, stranger.key), ada.uid)).status, 401);
  assert.equal((await exchange(world, ada.foreign({ iss: stranger.url }), ada.uid)).status, 403);
  // another server's token, for the same subject and audience
  const twin = await openWorld({ issuer, registries: [REGISTRY] });
  try {
    const foreign = await (await openOperator(twin)).token();
    assert.equal((await as(foreign, 'GET', '/auth/v1/ok')).status, 401);
    assert.ok([401, 403].includes((await exchange(world, foreign, ada.uid)).status));
  } finally { await twin.close(); }
  // our own, made for another purpose
  const forRegistry = await ada.token({ audience: REGISTRY });
  assert.equal((await as(forRegistry, 'GET', '/auth/v1/ok')).status, 401);
  const pull = ok(await call(world, null, 'GET', `/token?service=${REGISTRY}`, null, { authorization: `Basic ${Buffer.from(`_token:${forRegistry}`).toString('base64')}` })).token;
  assert.equal((await as(pull, 'GET', '/auth/v1/ok')).status, 401);
  assert.equal((await exchange(world, pull, ada.uid)).status, 401);
  const api = await call(world, null, 'GET', `/token?service=${REGISTRY}`, null, { authorization: `Basic ${Buffer.from(`_token:${await ada.token()}`).toString('base64')}` });
  assert.equal(api.status, 401);
});

test('mod_auth_openidc: a parameter given twice is refused, an exp is required', async () => {
  const twice = await as(ada.foreign(), 'GET', `/sts/exchange?aud=${encodeURIComponent(world.url)}&identity=${eve.uid}&identity=${ada.uid}`);
  assert.deepEqual([twice.status, /twice/.test(twice.body.message)], [400, true]);
  assert.ok([401, 403].includes((await exchange(world, ada.foreign({ exp: undefined }), ada.uid)).status));
});

// ---- the token endpoint ----

test('CVE-2026-55669, GHSA-wxg7-w2v3-w38g, quay: a foreign token must have iss, sub, aud and exp, each of its type', async () => {
  for (const claim of ['iss', 'sub', 'aud', 'exp']) {
    for (const value of [undefined, null, {}, claim === 'exp' ? '9999999999' : 7]) {
      const refused = await exchange(world, ada.foreign({ [claim]: value }), ada.uid);
      assert.ok([401, 403].includes(refused.status), `${claim} ${JSON.stringify(value)}: ${refused.status} ${JSON.stringify(refused.body)}`);
    }
  }
  for (const claims of [{ exp: now() - 120 }, { nbf: now() + 600 }, { iat: now() + 86400 }, { iat: `${now()}` }, { iat: -1 }, { nbf: `${now()}` }, { exp: -1 }]) assert.ok([401, 403].includes((await exchange(world, ada.foreign(claims), ada.uid)).status), JSON.stringify(claims));
});

test('CVE-2026-27840: a token that lacks its end, or has more of it, is no token', async () => {
  const token = await ada.token();
  assert.equal((await as(token, 'GET', '/auth/v1/ok')).status, 200);
  for (const wrong of [token.slice(0, -1), token.slice(0, -10), `${token}A`, `${token}.x`, `${token}=`, token.replace('.', '..'), token.slice(1)]) assert.equal((await as(wrong, 'GET', '/auth/v1/ok')).status, 401);
});

test('CVE-2026-9097, CVE-2026-9094: a dead token and one of another organization buy nothing', async () => {
  const dead = await bring(org, `dead-${unique()}`, 'viewer');
  const token = await dead.token();
  ok(await as(admin, 'DELETE', `/iam/v2/identities/${dead.uid}`));
  assert.ok([401, 403].includes((await exchange(world, token, dead.uid)).status));
  assert.ok([401, 403].includes((await exchange(world, token, null)).status));
  assert.equal((await exchange(world, await eve.token(), ada.uid)).status, 403);
  assert.equal((await exchange(world, eve.foreign(), ada.uid)).status, 403);
});

test('GHSA-7qjx-gp9h-65qj: every way to a token asks the same of the identity', async () => {
  const key = newKey('RSA');
  const name = `https://keys-${unique()}.example`;
  const at = (ms) => new Date(Math.floor((Date.now() + ms) / 1000) * 1000).toISOString().replace('.000', '');
  const make = async (subject, expirationTime) => ok(await as(admin, 'POST', `/iam/v2/identities/${org}`, { name: 'keys', staticKeys: { issuer: name, subject, issuerKeys: JSON.stringify({ keys: [key.jwk] }), expirationTime } })).uid;
  const ways = async (identity, subject) => {
    const token = signToken(key, { iss: name, sub: subject, aud: world.url, iat: now(), exp: now() + 600, jti: randomUUID() });
    const target = `/sts/exchange?aud=${encodeURIComponent(world.url)}&identity=${identity}`;
    const basic = { authorization: `Basic ${Buffer.from(`${identity}:${token}`).toString('base64')}` };
    const form = new URLSearchParams({ grant_type: 'password', service: REGISTRY, username: identity, password: token });
    return [await as(token, 'GET', target), await as(token, 'POST', target), await call(world, null, 'GET', `/token?service=${REGISTRY}`, null, basic),
      await send(world, 'POST', '/token', { 'content-type': 'application/x-www-form-urlencoded' }, `${form}`)].map(({ status }) => status);
  };
  const [ended, live] = [await make('ended', at(-2000)), await make('live', at(600000))];
  assert.deepEqual(await ways(live, 'live'), [200, 200, 200, 200]);
  assert.deepEqual(await ways(ended, 'ended'), [403, 403, 401, 401]);
  assert.deepEqual(await ways(live, 'ended'), [403, 403, 401, 401]);
});

test('CVE-2026-55689, CVE-2023-22482, CVE-2022-29165: an audience is always asked, and claims of a stranger count for nothing', async () => {
  const elsewhere = await ada.token({ audience: REGISTRY });
  assert.equal((await as(elsewhere, 'GET', '/iam/v2/groups')).status, 401);
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify({ sub: ada.uid, aud: world.url, iss: world.url })).toString('base64url')}.`;
  assert.equal((await as(unsigned, 'GET', '/iam/v2/groups')).status, 401);
  const anonymous = await call(world, null, 'GET', `/token?service=${REGISTRY}&scope=repository:ours/app:pull`, null, { authorization: `Bearer ${unsigned}` });
  assert.ok(anonymous.status === 401 || claimsOf(anonymous.body.token).access.length === 0, JSON.stringify(anonymous.body));
});

test('CVE-2026-1486, CVE-2026-1609, CVE-2024-46999, CVE-2024-47000, CVE-2024-47060, CVE-2025-64717, CVE-2025-64521, CVE-2025-53942: what is gone gets no token, and its old ones end at once', async () => {
  const home = ok(await as(admin, 'POST', '/iam/v2/groups', { name: `gone-${unique()}` })).uid;
  const job = await bring(home, `job-${unique()}`, 'owner');
  const token = await job.token();
  ok(await as(token, 'GET', '/auth/v1/ok'));
  // what proves an identity counts as it is now: the job before, and the keys before, are nobody's
  const renamed = `job-${unique()}`;
  ok(await as(admin, 'PATCH', `/iam/v2/identities/${job.uid}`, { claimMatch: { issuer: issuer.url, subject: renamed } }));
  assert.equal((await exchange(world, job.foreign(), job.uid)).status, 403);
  assert.equal((await exchange(world, job.foreign({ sub: renamed }), job.uid)).status, 200);
  const keys = [newKey('EC'), newKey('EC')];
  const staticKeys = (key) => ({ issuer: 'https://keys.example', subject: 's', issuerKeys: JSON.stringify({ keys: [key.jwk] }) });
  const { uid } = ok(await as(admin, 'POST', `/iam/v2/identities/${home}`, { name: 'keys', staticKeys: staticKeys(keys[0]) }));
  const signed = async (key) => (await exchange(world, signToken(key, { iss: 'https://keys.example', sub: 's', aud: world.url, iat: now(), exp: now() + 60, jti: randomUUID() }), uid)).status;
  assert.deepEqual([await signed(keys[0]), await signed(keys[1])], [200, 401]);
  ok(await as(admin, 'PATCH', `/iam/v2/identities/${uid}`, { staticKeys: staticKeys(keys[1]) }));
  assert.deepEqual([await signed(keys[0]), await signed(keys[1])], [401, 200]);
  ok(await as(admin, 'DELETE', `/iam/v2/identities/${uid}`));
  ok(await as(admin, 'DELETE', `/iam/v2/identities/${job.uid}`));
  assert.ok([401, 403].includes((await as(token, 'GET', `/iam/v2/groups/${home}`)).status));
  assert.equal((await as(token, 'GET', '/auth/v1/ok')).status, 401);
  assert.equal((await exchange(world, job.foreign(), job.uid)).status, 403);
  ok(await as(admin, 'DELETE', `/iam/v2/groups/${home}`));
  assert.ok([403, 404].includes((await exchange(world, job.foreign(), job.uid)).status));
});

// ---- tenancy ----

test('CVE-2025-64708: an expiry counts when it is used, not when a job comes by', async () => {
  const key = newKey('EC');
  const name = `https://short-${unique()}.example`;
  const end = now() + 2;
  const made = ok(await as(admin, 'POST', `/iam/v2/identities/${org}`, { name: 'short', staticKeys: { issuer: name, subject: 's', issuerKeys: JSON.stringify({ keys: [key.jwk] }), expirationTime: new Date(end * 1000).toISOString().replace('.000', '') } })).uid;
  const token = () => signToken(key, { iss: name, sub: 's', aud: world.url, iat: now(), exp: now() + 600, jti: randomUUID() });
  while (now() <= end) {
    const { status } = await exchange(world, token(), made);
    assert.ok(status === 200 || now() >= end, `${status} before its end`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  assert.equal((await exchange(world, token(), made)).status, 403);
});

test('CVE-2026-55670: nothing made anew under an old name is the old thing', async () => {
  const subject = `again-${unique()}`;
  const first = await bring(org, subject, 'owner');
  const token = await first.token();
  ok(await as(admin, 'DELETE', `/iam/v2/identities/${first.uid}`));
  const second = await bring(org, subject);
  assert.notEqual(second.uid, first.uid);
  assert.deepEqual(claimsOf(await second.token()).cap ?? {}, {});
  assert.equal((await as(token, 'GET', '/auth/v1/ok')).status, 401);
  const folder = async () => ok(await as(admin, 'POST', `/iam/v2/groups/${org}`, { name: 'reborn' })).uid;
  const before = await folder();
  const bound = await bring(before, `in-${unique()}`, 'viewer');
  const seen = await bound.token();
  ok(await as(seen, 'GET', `/iam/v2/groups/${before}`));
  ok(await as(admin, 'DELETE', `/iam/v2/groups/${before}`));
  const again = await folder();
  assert.notEqual(again, before);
  assert.equal((await as(seen, 'GET', `/iam/v2/groups/${again}`)).status, 403);
});

test('CVE-2025-64431, CVE-2025-27507, CVE-2026-33132: an owner of one organization does nothing in another, by any method', async () => {
  const made = async (target, body) => ok(await as(admin, 'POST', target, body)).uid;
  const repo = await made(`/registry/v2/repos/${org}`, { name: `idor-${unique()}` });
  const digest = `sha256:${'a'.repeat(64)}`;
  const things = {
    groups: org, identities: ada.uid, repos: repo, roles: await made(`/iam/v2/roles/${org}`, { name: `idor-${unique()}`, capabilities: ['CAP_REPO_LIST'] }),
    roleBindings: ok(await as(admin, 'GET', `/iam/v2/roleBindings?identity=${ada.uid}`)).roleBindings[0].uid, tags: await made(`/registry/v2/tags/${repo}`, { name: 't', digest }),
  };
  const bodies = {
    groups: { name: 'mine' }, identities: { name: 'mine', claimMatch: { issuer: issuer.url, subject: 'eve' } }, roles: { name: 'mine', capabilities: ['CAP_REPO_LIST'] },
    roleBindings: { identityUid: eve.uid, roleUid: roles.get('owner') }, repos: { name: 'mine' }, tags: { name: 'mine', digest },
  };
  const token = await eve.token();
  for (const [noun, uid] of Object.entries(things)) {
    for (const version of ['v2', 'v2beta1']) {
      const base = `/${['repos', 'tags'].includes(noun) ? 'registry' : 'iam'}/${version}/${noun}`;
      assert.equal((await as(token, 'GET', `${base}/${uid}`)).status, 403, `get ${noun}`);
      if (noun !== 'tags') assert.equal((await as(token, 'PATCH', `${base}/${uid}`, bodies[noun])).status, 403, `update ${noun}`);
      assert.equal((await as(token, 'DELETE', `${base}/${uid}`)).status, 403, `delete ${noun}`);
      assert.equal((await as(token, 'POST', `${base}/${noun === 'tags' ? repo : org}`, bodies[noun])).status, 403, `create ${noun}`);
      for (const filter of [`uidp.ids=${uid}`, `uidp.descendantsOf=${org}`, `uidp.childrenOf=${org}`]) {
        assert.deepEqual(ok(await as(token, 'GET', `${base}?${filter}`))[noun], [], `list ${noun} ${filter}`);
      }
    }
  }
  // an own place in the path and another's in the body
  const mixed = await as(token, 'POST', '/iam/v2/roleBindings:batchCreate', { parent: other, requests: [{ parent: org, roleBinding: bodies.roleBindings }] });
  assert.equal(mixed.status, 400);
  ok(await as(admin, 'GET', `/iam/v2/groups/${org}`));
});

test('CVE-2026-27946, CVE-2026-54693, CVE-2019-16097: who writes a resource writes its writable fields alone', async () => {
  const token = await ada.token();
  const made = ok(await as(token, 'POST', `/iam/v2/identities/${org}`, {
    uid: `${other}/0123456789abcdef`, name: 'sly', email: 'root@example.com', emailUnverified: 'root@example.com', createTime: '2001-01-01T00:00:00Z', lastSeenTime: '2001-01-01T00:00:00Z',
    claimMatch: { issuer: issuer.url, subject: 'sly' },
  }));
  assert.ok(made.uid.startsWith(`${org}/`));
  assert.deepEqual([made.email, made.emailUnverified], ['', '']);
  assert.ok(Date.parse(made.createTime) > Date.parse('2020-01-01'));
  const folder = ok(await as(token, 'POST', `/iam/v2/groups/${org}`, { name: `sly-${unique()}`, resourceLimits: { folders: 1000 }, status: 'ORG_STATUS_SUSPENDED' }));
  assert.deepEqual([folder.resourceLimits, folder.status], [{}, 'ORG_STATUS_READY']);
  for (const path of [folder.uid, org]) ok(await as(token, 'PATCH', `/iam/v2/groups/${path}?updateMask=description`, { description: 'theirs to write' }));
  assert.equal(ok(await as(token, 'GET', `/iam/v2/groups/${org}`)).description, 'theirs to write');
  const fresh = ok(await as(admin, 'POST', '/iam/v2/groups', { name: `claimed-${unique()}.example` })).uid;
  const owner = await bring(fresh, `claims-${unique()}`, 'owner');
  const claim = (who) => as(who, 'PATCH', `/iam/v2/groups/${fresh}?updateMask=verified,kind`, { verified: true, kind: 'ORG_KIND_CUSTOMER' });
  assert.equal((await claim(await owner.token())).status, 403);
  assert.equal(ok(await as(admin, 'GET', `/iam/v2/groups/${fresh}`)).verified, false);
  assert.equal(ok(await claim(admin)).verified, true); // the operators' to write
  assert.equal((await as(token, 'PATCH', `/iam/v2/groups/${org}?updateMask=verified`, { verified: true })).status, 403);
  assert.equal((await as(token, 'PATCH', `/iam/v2/groups/${org}?updateMask=resource_limits`, { resourceLimits: { folders: 1 } })).status === 200
    && ok(await as(token, 'GET', `/iam/v2/groups/${org}`)).resourceLimits.folders === 1, false);
  assert.equal((await as(token, 'POST', `/iam/v2/groups/${org}`, { name: 'v', verified: true, kind: 'ORG_KIND_CUSTOMER' })).status, 403);
});

test('CVE-2026-4404: there is no default credential: without a code of the server\'s own nobody becomes an operator', async () => {
  for (const code of ['', '0000-0000', 'admin', 'AAAA-AAAA']) assert.ok((await as(null, 'POST', '/reeve/v1/setup', { code, name: 'eve', jwk: JSON.stringify(newKey().jwk) })).status >= 400, code);
  const used = await as(null, 'POST', '/reeve/v1/setup', { code: world.code, name: 'eve', jwk: JSON.stringify(newKey().jwk) });
  assert.equal(used.status, 403);
  for (const user of ['admin:admin', 'admin:Harbor12345', 'root:', ':']) {
    assert.equal((await call(world, null, 'GET', `/token?service=${REGISTRY}`, null, { authorization: `Basic ${Buffer.from(user).toString('base64')}` })).status, 401, user);
  }
});

test('CVE-2025-64761, CVE-2025-54996, CVE-2025-5999: an owner cannot come to stand among the operators', async () => {
  const token = await ada.token();
  const system = operator.identityUid.split('/')[0];
  const operatorRole = roles.get('operator') ?? ok(await as(admin, 'GET', '/iam/v2/roles?name=operator')).roles[0].uid;
  assert.equal((await as(token, 'POST', `/iam/v2/roleBindings/${system}`, { identityUid: ada.uid, roleUid: roles.get('viewer') })).status, 403);
  assert.equal((await as(token, 'POST', `/iam/v2/roleBindings/${org}`, { identityUid: ada.uid, roleUid: operatorRole })).status, 403);
  assert.equal((await as(token, 'POST', `/iam/v2/identities/${system}`, { name: 'sly', claimMatch: { issuer: issuer.url, subject: 'ada' } })).status, 403);
  assert.equal((await as(token, 'PATCH', `/iam/v2/identities/${operator.identityUid}`, { claimMatch: { issuer: issuer.url, subject: 'ada' } })).status, 403);
  assert.equal((await as(token, 'POST', '/reeve/v1/keys:rotate', {})).status, 403);
});

test('who holds one of two capabilities that a method asks for is refused, whichever it is', async () => {
  const role = async (...capabilities) => ok(await as(admin, 'POST', `/iam/v2/roles/${org}`, { name: `half-${unique()}`, capabilities })).uid;
  const given = await role('CAP_REPO_LIST');
  const provider = { name: 'p', defaultRole: given, oidc: { issuer: 'https://p.example', clientId: 'c', clientSecret: 's' } };
  const asked = [ // the first of them, the second is role_bindings.create
    ['CAP_IAM_GROUP_INVITES_CREATE', 'POST', `/iam/v2/groupInvites/${org}`, { roleUid: given, ttl: '60s' }],
    ['CAP_IAM_GROUP_INVITES_CREATE', 'POST', `/iam/v1/group_invites/${org}`, { role: given, ttl: '60s' }],
    ['CAP_IAM_IDENTITY_PROVIDERS_CREATE', 'POST', `/iam/v2/identityProviders/${org}`, provider],
    ['CAP_IAM_IDENTITY_PROVIDERS_UPDATE', 'PATCH', `/iam/v2/identityProviders/${org}/${'0'.repeat(16)}`, provider],
  ];
  for (const [first, verb, target, body] of asked) {
    const both = [first, 'CAP_IAM_ROLE_BINDINGS_CREATE'];
    for (const held of [[both[0]], [both[1]], both]) {
      const who = await bring(org, `half-${unique()}`);
      ok(await as(admin, 'POST', `/iam/v2/roleBindings/${org}`, { identityUid: who.uid, roleUid: await role('CAP_REPO_LIST', ...held) }));
      const answer = await as(await who.token(), verb, target, body);
      const missing = /lacks the required capabilities: (?:cannot use )?(\S+)/.exec(answer.body.message)?.[1];
      const expected = held === both ? undefined : held[0] === first ? 'role_bindings.create' : first.replace('CAP_IAM_', '').toLowerCase().replace(/_(?=[a-z]+$)/, '.');
      assert.equal(missing, expected, `${target} with ${held}: ${JSON.stringify(answer.body)}`);
      if (expected) assert.equal(answer.status, 403);
    }
  }
});

// ---- workload federation ----

test('CVE-2025-52477: no issuer is asked for anything because a token names it', async () => {
  const trap = await openTrap();
  const { port } = trap;
  try {
    for (const iss of [`http://127.0.0.1:${port}`, `http://localhost:${port}`, `${issuer.url}@127.0.0.1:${port}`, 'http://169.254.169.254', 'file:///etc/passwd', `${issuer.url}/..`, `${issuer.url}#`]) {
      for (const identity of [ada.uid, null]) assert.ok((await exchange(world, issuer.token({ iss, sub: 'ada', aud: world.url }), identity)).status >= 400, iss);
    }
    assert.equal(trap.connections, 0);
    // not even one that may be reached, with keys that would fit
    const before = stranger.asked;
    for (const identity of [ada.uid, null]) assert.ok([403, 404].includes((await exchange(world, stranger.token({ sub: 'ada', aud: world.url }), identity)).status));
    assert.equal(stranger.asked, before);
    // nor is one stored that stands inside: it is refused when it is written, or when it is dialled
    const inside = await as(admin, 'POST', `/iam/v2/identities/${org}`, { name: 'inside', claimMatch: { issuer: `https://127.0.0.1:${port}`, subject: 's' } });
    if (inside.status === 200) assert.ok((await exchange(world, issuer.token({ iss: `https://127.0.0.1:${port}`, sub: 's', aud: world.url }), inside.body.uid)).status >= 400);
    assert.equal(trap.connections, 0);
  } finally { trap.server.close(); }
});

test('CVE-2024-34079: a huge token is refused before anything is made of it, however well it is signed', async () => {
  const most = 32 * 1024; // TOKEN_BYTES_MAX
  const signed = (padding) => ada.foreign({ padding: 'x'.repeat(padding) });
  let padding = most * 3 / 4 - signed(0).length;
  while (signed(padding + 1).length <= most) padding++;
  assert.ok(most - signed(padding).length < 4);
  assert.equal((await exchange(world, signed(padding), ada.uid)).status, 200);
  for (const more of [1, 2, 200]) {
    const { status, body } = await exchange(world, signed(padding + more), ada.uid);
    assert.deepEqual([status, /it is too long/.test(body.message)], [401, true], `${more} more: ${JSON.stringify(body)}`);
  }
  assert.equal((await send(world, 'GET', '/auth/v1/ok', { authorization: `Bearer ${'a'.repeat(200000)}` })).status, 431);
  assert.equal((await as(null, 'GET', '/healthz')).status, 200);
});

test('CVE-2026-22772, octo-sts: an issuer pattern that a stranger\'s host can match is not stored', async () => {
  for (const issuerPattern of ['.*', 'https://.*', 'https://.*.example.com', 'https://.*\\.example\\.com/.*', 'https?://example\\.com', 'https://example.com/.*', 'https://[^/]*', 'https://(a|.*)', 'https://example\\.com.*', '']) {
    const answer = await as(admin, 'POST', `/iam/v2/identities/${org}`, { name: 'wide', claimMatch: { issuerPattern, subject: 's' } });
    assert.equal(answer.status, 400, issuerPattern);
  }
  const narrow = await as(admin, 'POST', `/iam/v2/identities/${org}`, { name: 'narrow', claimMatch: { issuerPattern: 'https://oidc\\.example\\.com/id/[0-9a-f]+', subject: 's' } });
  assert.equal(narrow.status, 200, JSON.stringify(narrow.body));
  for (const iss of ['https://oidc.example.com/id/ab/../x', 'https://oidc.example.com.evil.test/id/ab', 'https://evil.test/?https://oidc.example.com/id/ab', 'https://oidcxexample.com/id/ab', 'https://oidc.example.com/id/ab\nx']) {
    assert.equal((await exchange(world, issuer.token({ iss, sub: 's', aud: world.url }), narrow.body.uid)).status, 403, iss);
  }
  // one that is here: its own tokens are taken by the pattern, and nobody else's, however alike
  const exact = ok(await as(admin, 'POST', `/iam/v2/identities/${org}`, { name: 'exact', claimMatch: { issuerPattern: `${issuer.url.replaceAll('.', '\\.')}(/own|/other)?`, subject: 's' } })).uid;
  assert.equal((await exchange(world, issuer.token({ sub: 's', aud: world.url }), exact)).status, 200);
  assert.equal((await exchange(world, issuer.token({ iss: `${issuer.url}/own`, sub: 's', aud: world.url }), exact)).status, 200);
  const before = stranger.asked;
  assert.equal((await exchange(world, stranger.token({ sub: 's', aud: world.url }), exact)).status, 403);
  for (const iss of [`${issuer.url}/`, `${issuer.url}/own/x`, `${issuer.url}0`, `x${issuer.url}`, `${stranger.url}/${issuer.url}`, issuer.url.replace('127.0.0.1', '127x0.0.1')]) {
    assert.equal((await exchange(world, issuer.token({ iss, sub: 's', aud: world.url }), exact)).status, 403, iss);
  }
  assert.equal(stranger.asked, before);
});

test('octo-sts: keys that cannot be read match nothing', async () => {
  const key = newKey('EC');
  const signed = () => signToken(key, { iss: 'https://i.example', sub: 's', aud: world.url, iat: now(), exp: now() + 60, jti: randomUUID() });
  for (const issuerKeys of ['keys', '{}', '{"keys":[]}', '{"keys":[{"kty":"oct","k":"AAAA"}]}', JSON.stringify({ keys: [{ ...key.jwk, kty: 'RSA' }] })]) {
    const made = ok(await as(admin, 'POST', `/iam/v2/identities/${org}`, { name: 'odd', staticKeys: { issuer: 'https://i.example', subject: 's', issuerKeys } })).uid;
    const refused = await exchange(world, signed(), made);
    assert.ok([401, 403].includes(refused.status), `${issuerKeys}: ${refused.status}`);
  }
  for (const keys of [[key.jwk], [{ kty: 'oct', k: 'AAAA' }, key.jwk]]) { // what can be read beside them is taken
    const made = ok(await as(admin, 'POST', `/iam/v2/identities/${org}`, { name: 'even', staticKeys: { issuer: 'https://i.example', subject: 's', issuerKeys: JSON.stringify({ keys }) } })).uid;
    assert.equal((await exchange(world, signed(), made)).status, 200, JSON.stringify(keys));
    assert.equal((await exchange(world, signToken(newKey('EC'), claimsOf(signed())), made)).status, 401);
  }
});

test('CVE-2026-49478: no redirect is followed in discovery, no other issuer\'s document is believed, and nothing of ours is sent along', async () => {
  const seen = [];
  const refusals = {
    redirect: [503, /answers with status 302$/], name: [403, /names another issuer$/],
    inside: [403, /^the address of 169\.254\.169\.254 is not public/], loopback: [403, /^the address of 127\.0\.0\.1 is not public/], plain: [403, /^plain http to 127\.0\.0\.1 is not allowed/],
  };
  const trap = await openTrap();
  const keys = { name: `${issuer.url}/jwks`, inside: 'https://169.254.169.254/keys', loopback: `https://127.0.0.1:${trap.port}/keys`, plain: `http://127.0.0.1:${trap.port}/keys`, elsewhere: `${issuer.url}/jwks` };
  let lie = 'redirect';
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const server = http.createServer((request, response) => {
    seen.push(request.headers);
    if (lie === 'redirect') { response.writeHead(302, { location: `${issuer.url}${request.url}` }); response.end(); return; }
    response.setHeader('content-type', 'application/json');
    if (request.url.startsWith('/.well-known')) response.end(JSON.stringify({ issuer: lie === 'name' ? issuer.url : url, jwks_uri: keys[lie] ?? `${url}/keys` }));
    else response.end(JSON.stringify({ keys: issuer.keys }));
  });
  await new Promise((resolve) => { server.listen(port, '127.0.0.1', resolve); });
  try {
    for (lie of [...Object.keys(refusals), 'none', 'elsewhere']) {
      const fresh = await openWorld({ flags: ['--fetch.allow-http', `127.0.0.1:${port},${issuer.host}`] });
      try {
        const root = await (await openOperator(fresh)).token();
        const home = ok(await call(fresh, root, 'POST', '/iam/v2/groups', { name: 'home' })).uid;
        const who = ok(await call(fresh, root, 'POST', `/iam/v2/identities/${home}`, { name: 'job', claimMatch: { issuer: url, subject: 's' } })).uid;
        const before = issuer.asked;
        const answer = await exchange(fresh, signToken(issuer.key, { iss: url, sub: 's', aud: fresh.url, iat: now(), exp: now() + 60 }), who);
        if (lie in refusals) assert.deepEqual([answer.status, refusals[lie][1].test(answer.body.message)], [refusals[lie][0], true], `${lie}: ${answer.status} ${JSON.stringify(answer.body)}`);
        else ok(answer); // the same issuer, keys and token: nothing else was wrong with them
        assert.equal(issuer.asked - before, lie === 'elsewhere' ? 1 : 0, lie);
        assert.equal(trap.connections, 0, lie);
      } finally { await fresh.close(); }
    }
    assert.ok(seen.length >= 3);
    for (const headers of seen) assert.ok(!headers.authorization && !headers.cookie && !headers['proxy-authorization']);
  } finally { server.closeAllConnections(); server.close(); trap.server.close(); }
});

// ---- decisions, lists ----

test('CVE-2026-33729, CVE-2026-34972, CVE-2026-48096, CVE-2026-46668: no two questions share an answer because their texts join alike', async () => {
  const page = async (query, token = '') => as(admin, 'GET', `/iam/v2/groups?${query}&pageSize=1${token ? `&pageToken=${encodeURIComponent(token)}` : ''}`);
  for (const name of ['a', 'b', 'c']) ok(await as(admin, 'POST', `/iam/v2/groups/${org}`, { name: `join-${name}` }));
  const first = ok(await page(`uidp.childrenOf=${org}`));
  assert.ok(first.nextPageToken);
  for (const query of [`uidp.childrenOf=${other}`, `uidp.descendantsOf=${org}`, `uidp.childrenOf=${org}&name=join-a`, `uidp.ids=${org}`, `uidp.childrenOf=${org}&orderBy=name`]) assert.equal((await page(query, first.nextPageToken)).status, 400, query);
  const token = await ada.token();
  assert.equal((await as(token, 'GET', `/iam/v2/groups?uidp.childrenOf=${org}&pageSize=1&pageToken=${encodeURIComponent(first.nextPageToken)}`)).status, 400, "another caller's");
});

test('CVE-2022-21646, CVE-2023-35930, CVE-2024-32001, CVE-2025-65111, CVE-2024-48909: a list is just what each item\'s own check allows', async () => {
  const home = ok(await as(admin, 'POST', '/iam/v2/groups', { name: `tree-${unique()}` })).uid;
  const places = [home];
  for (let i = 0; i < 12; i++) places.push(ok(await as(admin, 'POST', `/iam/v2/groups/${places[Math.floor(i / 2)]}`, { name: `n${i}` })).uid);
  for (const bound of [[0], [1, 4], [3, 3], [12], [2, 5, 11], []]) {
    const who = await bring(home, `list-${unique()}`);
    for (const i of new Set(bound)) ok(await as(admin, 'POST', `/iam/v2/roleBindings/${places[i]}`, { identityUid: who.uid, roleUid: roles.get('viewer') }));
    const token = await who.token();
    const allowed = [];
    for (const place of places) if ((await as(token, 'GET', `/iam/v2/groups/${place}`)).status === 200) allowed.push(place);
    const listed = [];
    let pageToken = '';
    do {
      const page = ok(await as(token, 'GET', `/iam/v2/groups?pageSize=2&pageToken=${encodeURIComponent(pageToken)}`));
      assert.equal(page.totalCount, String(allowed.length));
      listed.push(...page.groups.map((group) => group.uid));
      pageToken = page.nextPageToken;
    } while (pageToken);
    assert.deepEqual(listed, allowed.toSorted(), `bound at ${bound}`);
    assert.deepEqual(ok(await as(token, 'GET', '/iam/v1/groups')).items.map((item) => item.id), listed);
  }
});

test('CVE-2024-27101: numbers at their ends are numbers', async () => {
  for (const query of ['skip=2147483647', 'pageSize=2147483647', 'pageSize=2147483647&skip=2147483647']) assert.equal((await as(admin, 'GET', `/iam/v2/groups?${query}`)).status, 200, query);
  for (const query of ['skip=2147483648', 'pageSize=-2147483649', 'pageSize=99999999999999999999', 'skip=1.5', 'pageSize=0x10']) assert.equal((await as(admin, 'GET', `/iam/v2/groups?${query}`)).status, 400, query);
});

test('CVE-2025-64529: a write that is too large is an error and writes nothing', async () => {
  const before = ok(await as(admin, 'GET', `/iam/v2/roleBindings?group=${org}`)).totalCount;
  const requests = [];
  for (let i = 0; i < 26; i++) requests.push({ roleBinding: { identityUid: randomBytes(20).toString('hex'), roleUid: roles.get('viewer') } });
  const tooMany = await as(admin, 'POST', '/iam/v2/roleBindings:batchCreate', { parent: org, requests });
  assert.deepEqual([tooMany.status, tooMany.body.details.find((one) => one.fieldViolations).fieldViolations[0].field], [400, 'requests']);
  assert.equal(ok(await as(admin, 'GET', `/iam/v2/roleBindings?group=${org}`)).totalCount, before);
  ok(await as(admin, 'POST', '/iam/v2/roleBindings:batchCreate', { parent: org, requests: requests.slice(0, 25) }));
  assert.equal(ok(await as(admin, 'GET', `/iam/v2/roleBindings?group=${org}`)).totalCount, String(Number(before) + 25));
});

test('CVE-2023-43645, CVE-2023-45810, CVE-2023-35933: depth has an end, and a place cannot be above itself', async () => {
  let at = ok(await as(admin, 'POST', '/iam/v2/groups', { name: `deep-${unique()}` })).uid;
  let answer, depth = 1;
  for (; depth < 64; depth++) {
    answer = await as(admin, 'POST', `/iam/v2/groups/${at}`, { name: 'down' });
    if (answer.status !== 200) break;
    at = answer.body.uid;
  }
  assert.equal(answer.status, 400);
  assert.match(answer.body.message, /deep/);
  assert.ok(depth >= 8 && depth <= 40, String(depth));
  ok(await as(admin, 'GET', `/iam/v2/groups/${at}`));
});

test('CVE-2026-33504, CVE-2026-33505, CVE-2026-33503, GHSA-vhvq-fv9f-wh4q: a changed cursor is refused, whichever byte of it', async () => {
  const { nextPageToken } = ok(await as(admin, 'GET', '/iam/v2/groups?pageSize=1'));
  for (let i = 0; i < nextPageToken.length; i += 3) {
    const changed = `${nextPageToken.slice(0, i)}${nextPageToken[i] === 'A' ? 'B' : 'A'}${nextPageToken.slice(i + 1)}`;
    assert.equal((await as(admin, 'GET', `/iam/v2/groups?pageSize=1&pageToken=${encodeURIComponent(changed)}`)).status, 400, `byte ${i}`);
  }
  for (const wrong of ["' OR 1=1 --", '"; DROP TABLE groups; --', nextPageToken.slice(0, -4), `${nextPageToken}AAAA`, '%00', '\u{1F600}']) {
    assert.equal((await as(admin, 'GET', `/iam/v2/groups?pageToken=${encodeURIComponent(wrong)}`)).status, 400, wrong);
    assert.ok([200, 400].includes((await as(admin, 'GET', `/iam/v2/groups?name=${encodeURIComponent(wrong)}`)).status), wrong);
  }
});

test('CVE-2026-33496: what a cache knows of one token says nothing of another', async () => {
  const token = await ada.token();
  for (let i = 0; i < 3; i++) ok(await as(token, 'GET', '/auth/v1/ok'));
  const [head, payload, signature] = token.split('.');
  const others = [[head, payload, (await eve.token()).split('.')[2]], [head, (await eve.token()).split('.')[1], signature], [(await ada.token({ audience: REGISTRY })).split('.')[0], payload, `${signature[0] === 'A' ? 'B' : 'A'}${signature.slice(1)}`]];
  for (const parts of others) assert.equal((await as(parts.join('.'), 'GET', '/auth/v1/ok')).status, 401);
  assert.equal(ok(await as(token, 'GET', '/auth/v1/ok')).subject, ada.uid);
  assert.equal(ok(await as(await eve.token(), 'GET', '/auth/v1/ok')).subject, eve.uid);
});

// ---- secrets and operations ----

test('CVE-2020-29662, CVE-2020-13794, CVE-2019-19030: a stranger cannot tell what is there from what is not', async () => {
  const repo = ok(await as(admin, 'POST', `/registry/v2/repos/${org}`, { name: `hidden-${unique()}` }));
  const absent = `${org}/${'0'.repeat(16)}`;
  const shape = (answer, uid) => JSON.stringify([answer.status, answer.body]).replaceAll(uid, 'ID');
  const strange = [await as(await eve.token(), 'GET', `/registry/v2/repos/${repo.uid}`), await as(await eve.token(), 'GET', `/registry/v2/repos/${absent}`)];
  assert.equal(strange[0].status, 403);
  assert.equal(shape(strange[0], repo.uid), shape(strange[1], absent));
  assert.equal(ok(await as(await ada.token(), 'GET', `/registry/v2/repos/${repo.uid}`)).name, repo.name);
  assert.equal((await as(await ada.token(), 'GET', `/registry/v2/repos/${absent}`)).status, 404);
  // at the token service: by the organization's id, and by the name of one that is verified
  const veiled = `veiled-${unique()}.example`;
  const home = ok(await as(admin, 'POST', '/iam/v2/groups', { name: veiled, verified: true, kind: 'ORG_KIND_CUSTOMER' })).uid;
  ok(await as(admin, 'POST', `/registry/v2/repos/${home}`, { name: 'app' }));
  const within = await bring(home, `within-${unique()}`, 'owner');
  const access = async (token, scope) => claimsOf(ok(await call(world, null, 'GET', `/token?service=${REGISTRY}&scope=${scope}`, null, token ? { authorization: `Basic ${Buffer.from(`_token:${token}`).toString('base64')}` } : {})).token).access;
  const at = { audience: REGISTRY };
  const [insider, owner, outsider] = [await within.token(at), await ada.token(at), await eve.token(at)];
  const named = (name) => [{ type: 'repository', name, actions: ['pull'] }];
  assert.deepEqual(await access(insider, `repository:${veiled}/app:pull`), named(`${veiled}/app`));
  assert.deepEqual(await access(owner, `repository:${org}/${repo.name}:pull`), named(`${org}/${repo.name}`));
  for (const stranger of [outsider, null]) {
    for (const name of [`${veiled}/app`, `${veiled}/no-such-repository`, `${org}/${repo.name}`, `${org}/no-such-repository`, 'no-such-organization.example/app']) assert.deepEqual(await access(stranger, `repository:${name}:pull`), [], name);
    assert.deepEqual(await access(stranger, 'registry:catalog:*'), []);
  }
  assert.deepEqual(await access(insider, 'registry:catalog:*'), []);
  assert.deepEqual(await access(await operator.token(at), 'registry:catalog:*'), [{ type: 'registry', name: 'catalog', actions: ['*'] }]);
});

describe('a server of its own', () => {
  test('CVE-2025-54998, CVE-2025-6004, CVE-2025-24806: tries at a code count however it is written, and burn it', async () => {
    const fresh = await openWorld();
    try {
      const wrong = `${fresh.code[0] === 'A' ? 'B' : 'A'}${fresh.code.slice(1)}`;
      const writings = [wrong, wrong.toLowerCase(), wrong.replace('-', ''), wrong.replace('-', ' '), ` ${wrong}`, wrong.split('').join('-')];
      const attempt = (code) => call(fresh, null, 'POST', '/reeve/v1/setup', { code, name: 'eve', jwk: JSON.stringify(newKey().jwk) });
      for (let i = 0; i < 10; i++) assert.ok((await attempt(writings[i % writings.length])).status >= 400);
      assert.equal((await attempt(fresh.code)).status, 403, 'the right code is burnt');
      const next = /[0-9A-Z]{4}-[0-9A-Z]{4}/.exec(Object.values(await run(path.join(build, 'reeved'), ['setup-code', '--data', fresh.data])).join(''))[0];
      ok(await attempt(next.toLowerCase().replace('-', ' ')));
    } finally { await fresh.close(); }
  });

  test('CVE-2023-29193, CVE-2023-46255, CVE-2026-40091, CVE-2026-40293, CVE-2025-62513, CVE-2025-62705, GHSA-prh4-vhfh-24mj, CVE-2023-20902, CVE-2025-54999, CVE-2025-6011: no secret lies in logs, metrics, the trail or the database', async () => {
    const data = mkdtempSync(path.join(tmpdir(), 'reeve-attacks-'));
    const fresh = await openWorld({ issuer, registries: [REGISTRY], data, isNew: true });
    const secrets = [fresh.code, fresh.code.replace('-', '')];
    try {
      const root = await openOperator(fresh);
      const token = await root.token();
      const assertion = root.assertion();
      secrets.push(token, token.split('.')[2], assertion, assertion.split('.')[2]);
      const home = ok(await call(fresh, token, 'POST', '/iam/v2/groups', { name: 'home' })).uid;
      const who = ok(await call(fresh, token, 'POST', `/iam/v2/identities/${home}`, { name: 'job', claimMatch: { issuer: issuer.url, subject: 's' } })).uid;
      for (const claims of [{}, { sub: 'wrong' }, { exp: now() - 1 }]) {
        const foreign = issuer.token({ sub: 's', aud: fresh.url, ...claims });
        secrets.push(foreign.split('.')[2]);
        const { body } = await exchange(fresh, foreign, who);
        if (body.token) secrets.push(body.token.split('.')[2]);
        await call(fresh, foreign, 'GET', '/auth/v1/ok');
        await call(fresh, null, 'GET', `/token?service=${REGISTRY}`, null, { authorization: `Basic ${Buffer.from(`${who}:${foreign}`).toString('base64')}` });
        await send(fresh, 'POST', '/token', { 'content-type': 'application/x-www-form-urlencoded' }, `${new URLSearchParams({ grant_type: 'password', service: REGISTRY, username: who, password: foreign })}`);
      }
      const metrics = (await call(fresh, null, 'GET', '/metrics')).body;
      await fresh.close();
      const log = fresh.log.split('\n').filter((line) => !line.includes('--code')).join('\n');
      const files = readdirSync(data, { recursive: true }).map((name) => path.join(data, name)).filter((file) => statSync(file).isFile());
      assert.ok(files.some((file) => file.endsWith('reeve.db')) && files.some((file) => file.includes('trail')), files.join(' '));
      const read = [['log', log], ['metrics', metrics], ...files.map((file) => [file, readFileSync(file, 'latin1')])];
      for (const secret of secrets) for (const [where, text] of read) assert.ok(!text.includes(secret), `${where} holds a secret`);
      assert.ok(!read.some(([, text]) => text.includes('PRIVATE KEY')));
    } finally {
      await fresh.close();
      rmSync(data, { recursive: true, force: true });
    }
  });
});

test('CVE-2024-10270: a pattern made to run forever ends at once', async () => {
  const made = ok(await as(admin, 'POST', `/iam/v2/identities/${org}`, { name: 'slow', claimMatch: { issuer: issuer.url, subjectPattern: '(a+)+(a|a)*(a?){20}$b' } }));
  const began = performance.now();
  assert.equal((await exchange(world, issuer.token({ sub: `${'a'.repeat(1000)}c`, aud: world.url }), made.uid)).status, 403);
  assert.ok(performance.now() - began < 5000);
  for (const subjectPattern of ['((a{100}){100}){100}', `${'a'.repeat(1100)}`, '\\C', '(?P<x>']) {
    assert.equal((await as(admin, 'POST', `/iam/v2/identities/${org}`, { name: 'big', claimMatch: { issuer: issuer.url, subjectPattern } })).status, 400, subjectPattern.slice(0, 30));
  }
});

test('CVE-2025-49825: a token\'s word is not enough: the live index is asked as well', async () => {
  const job = await bring(org, `edge-${unique()}`, 'owner');
  const kept = ok(await as(admin, 'POST', `/iam/v2/groups/${org}`, { name: `kept-${unique()}` })).uid; // something stays, so that it is not all or nothing
  ok(await as(admin, 'POST', `/iam/v2/roleBindings/${kept}`, { identityUid: job.uid, roleUid: roles.get('viewer') }));
  const token = await job.token();
  ok(await as(token, 'POST', `/iam/v2/groups/${org}`, { name: `edge-${unique()}` }));
  ok(await as(token, 'GET', `/iam/v2/groups/${org}`));
  for (const binding of ok(await as(admin, 'GET', `/iam/v2/roleBindings?identity=${job.uid}`)).roleBindings) {
    if (!binding.uid.startsWith(kept)) ok(await as(admin, 'DELETE', `/iam/v2/roleBindings/${binding.uid}`));
  }
  assert.equal((await as(token, 'POST', `/iam/v2/groups/${org}`, { name: `edge-${unique()}` })).status, 403);
  assert.equal((await as(token, 'POST', `/iam/v2/groups/${kept}`, { name: `edge-${unique()}` })).status, 403);
  assert.deepEqual(ok(await as(token, 'GET', '/iam/v2/groups')).groups.map((group) => group.uid), [kept]);
  assert.equal((await as(token, 'GET', `/iam/v2/groups/${org}`)).status, 403);
  ok(await as(token, 'GET', `/iam/v2/groups/${kept}`));
});

// ---- the table ----

// What a file declares as tests: TEST(name) in C, test('name') and describe('name') in JavaScript, a line "claim name" in a script
// of calls; a shell script's cases are what it refuses, and the fuzz targets are rows of their meson.build.
function declaredIn(file) {
  const text = readFileSync(file, 'utf8');
  const all = (pattern) => [...text.matchAll(pattern)].map((match) => match.groups.name);
  if (file.endsWith('.c')) return all(/^TEST\((?<name>\w+)\)$/gm);
  if (file.endsWith('.mjs')) return all(/^\s*(?:test|describe)\((?<quote>['"`])(?<name>(?:\\.|(?!\k<quote>).)*)\k<quote>,/gm).map((name) => name.replace(/\\(.)/g, '$1'));
  if (path.basename(file) === 'meson.build') return all(/^  '(?<name>\w+)': '\w+_dep',$/gm);
  return text.startsWith('#!') ? all(/^refuses '(?<name>[^']*)'/gm) : all(/^claim (?<name>.*)$/gm);
}

test('every test that docs/security.md names is declared as one, and every row names one or says why not', () => {
  const top = fileURLToPath(new URL('../..', import.meta.url));
  const lessons = readFileSync(path.join(top, 'docs/security.md'), 'utf8').split('## Lessons of published flaws')[1];
  const rows = lessons.split('\n').filter((line) => /^\| (?!flaw|---)/.test(line)).map((line) => line.split(' | '));
  let named = 0;
  for (const [flaw, lesson, tests] of rows) {
    let file, ofFile = 0;
    const isOver = () => assert.ok(!file || ofFile > 0, `${flaw}: no test of ${file} is named`);
    for (const [, word] of tests.matchAll(/`([^`]+)`/g)) {
      if (word.startsWith('tests/')) { isOver(); [file, ofFile] = [word, 0]; continue; }
      assert.ok(file, `${flaw}: ${word} stands before any file`);
      const declared = declaredIn(path.join(top, file)).filter((name) => /\.(c|build)$/.test(file) ? name === word : name.includes(word));
      assert.notEqual(declared.length, 0, `${flaw}: ${file} declares no test ${word}`);
      ofFile++;
      named++;
    }
    isOver();
    assert.ok(file || /^does not apply/.test(tests), `${flaw}, ${lesson}: neither a test nor why there is none`);
  }
  assert.ok(rows.length >= 70 && named > 140, `${rows.length} rows name ${named} tests`);
});
