// The main job, end to end over HTTP: setup, organization, folder, identity, exchange, narrowing, revocation.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call, claimsOf, exchange, newKey, now, openIssuer, openOperator, openWorld, signToken } from './world.mjs';

let world, issuer, rotating, operator, admin, org, folder, builder, pushRole;

const ok = (answer) => {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
};

before(async () => {
  [issuer, rotating] = [await openIssuer(), await openIssuer()];
  world = await openWorld({ issuer: { host: `${issuer.host},${rotating.host}` }, registries: ['registry.test'] });
  operator = await openOperator(world);
  admin = await operator.token();
});

after(async () => {
  await world?.close();
  await issuer?.close();
  await rotating?.close();
});

test('a setup code works once', async () => {
  const again = await call(world, null, 'POST', '/reeve/v1/setup', { code: world.code, name: 'eve', jwk: JSON.stringify(newKey().jwk) });
  assert.equal(again.status, 403);
});

test('an operator creates and verifies an organization, and a folder in it', async () => {
  org = ok(await call(world, admin, 'POST', '/iam/v2/groups', { name: 'example.com' }));
  admin = await operator.token();
  const verified = ok(await call(world, admin, 'PATCH', `/iam/v2/groups/${org.uid}?updateMask=verified,kind`, { verified: true, kind: 'ORG_KIND_CUSTOMER' }));
  assert.equal(verified.verified, true);
  folder = ok(await call(world, admin, 'POST', `/iam/v2/groups/${org.uid}`, { name: 'ci' }));
  assert.match(folder.uid, new RegExp(`^${org.uid}/[0-9a-f]{16}$`));
  const seen = ok(await call(world, admin, 'GET', `/iam/v1/groups?uidp.descendants_of=${org.uid}`));
  assert.deepEqual(seen.items.map((item) => item.name), ['ci']);
});

test('two organizations cannot have the same verified name', async () => {
  const other = ok(await call(world, admin, 'POST', '/iam/v2/groups', { name: 'example.com' }));
  const refused = await call(world, admin, 'PATCH', `/iam/v2/groups/${other.uid}?updateMask=verified,kind`, { verified: true, kind: 'ORG_KIND_CUSTOMER' });
  assert.equal(refused.status, 409);
  ok(await call(world, admin, 'DELETE', `/iam/v2/groups/${other.uid}`));
});

test('an identity is made for a CI job and bound to registry.push', async () => {
  builder = ok(await call(world, admin, 'POST', `/iam/v2/identities/${org.uid}`, {
    name: 'builder', claimMatch: { issuer: issuer.url, subject: 'repo:example/app:ref:refs/heads/main' },
  }));
  assert.equal(builder.claimMatch.issuer, issuer.url);
  const roles = ok(await call(world, admin, 'GET', '/iam/v2/roles?name=registry.push'));
  assert.equal(roles.roles.length, 1);
  [pushRole] = roles.roles;
  const binding = ok(await call(world, admin, 'POST', `/iam/v2/roleBindings/${folder.uid}`, { identityUid: builder.uid, roleUid: pushRole.uid }));
  assert.equal(binding.identity.name, 'builder');
  assert.equal(binding.role.name, 'registry.push');
  const twice = await call(world, admin, 'POST', `/iam/v2/roleBindings/${folder.uid}`, { identityUid: builder.uid, roleUid: pushRole.uid });
  assert.equal(twice.status, 409);
});

// After a start nobody's keys are known, and the issuer takes its time. More jobs than threads may wait for it.
test('sixty jobs that begin at once, before the keys of their issuer are known, all get their tokens', async () => {
  const [answer] = issuer.server.listeners('request');
  issuer.server.removeAllListeners('request');
  issuer.server.on('request', (...both) => setTimeout(answer, 400, ...both));
  assert.equal(issuer.fetched, 0);
  const answers = await Promise.all(Array.from({ length: 60 }, () =>
    exchange(world, issuer.token({ sub: 'repo:example/app:ref:refs/heads/main', aud: world.url }), builder.uid)));
  assert.deepEqual(answers.map(({ status }) => status), Array(60).fill(200));
  assert.equal(issuer.fetched, 1);
  issuer.server.removeAllListeners('request');
  issuer.server.on('request', answer);
});

test("the job's own token becomes one that holds just what is bound", async () => {
  const job = issuer.token({ sub: 'repo:example/app:ref:refs/heads/main', aud: world.url });
  const got = ok(await exchange(world, job, builder.uid));
  const claims = claimsOf(got.token);
  assert.equal(claims.sub, builder.uid);
  assert.deepEqual(Object.keys(claims.cap), [folder.uid]);
  assert.equal(claims.act.sub, 'repo:example/app:ref:refs/heads/main');
  const me = ok(await call(world, got.token, 'GET', '/auth/v1/ok'));
  assert.equal(me.subject, builder.uid);
  assert.equal(me.capabilities[0].role.name, 'registry.push');
  ok(await call(world, got.token, 'POST', `/registry/v2/repos/${folder.uid}`, { name: 'app' }));
  assert.equal((await call(world, got.token, 'POST', `/registry/v2/repos/${org.uid}`, { name: 'app' })).status, 403);
  assert.equal((await call(world, got.token, 'POST', `/iam/v2/roleBindings/${folder.uid}`, { identityUid: builder.uid, roleUid: pushRole.uid })).status, 403);
});

test('the token may come bare, in a form, or by POST with an empty body', async () => {
  const job = issuer.token({ sub: 'repo:example/app:ref:refs/heads/main', aud: '127.0.0.1' });
  const bare = await fetch(`${world.url}/sts/exchange?aud=${encodeURIComponent(world.url)}&identity=${builder.uid}`, { method: 'POST', headers: { authorization: job } });
  assert.equal(bare.status, 200);
  const form = await fetch(`${world.url}/sts/exchange`, {
    method: 'POST', headers: { authorization: `Bearer ${job}\n`.trim() }, body: new URLSearchParams({ aud: world.url, identity: builder.uid, unknown: 'x' }),
  });
  assert.equal(form.status, 200);
});

test('a mismatch, an old token, a foreign key and a missing audience are refused, each by name', async () => {
  const base = { sub: 'repo:example/app:ref:refs/heads/main', aud: world.url };
  const wrong = await exchange(world, issuer.token({ ...base, sub: 'repo:example/other' }), builder.uid);
  assert.deepEqual([wrong.status, /invalid "sub"/.test(wrong.body.message)], [403, true]);
  const old = await exchange(world, issuer.token({ ...base, iat: now() - 900, exp: now() - 300 }), builder.uid);
  assert.deepEqual([old.status, /expired/.test(old.body.message)], [403, true]);
  const forged = await exchange(world, issuer.token(base, newKey('RSA')), builder.uid);
  assert.equal(forged.status, 401);
  const none = await call(world, issuer.token(base), 'POST', `/sts/exchange?identity=${builder.uid}`);
  assert.deepEqual([none.status, /audience must be specified/.test(none.body.message)], [400, true]);
  const untargeted = await exchange(world, issuer.token(base), null);
  assert.equal(untargeted.status, 404);
});

test('CVE-2015-9235: a token that chooses "none" or HS256 is refused', async () => {
  const job = issuer.token({ sub: 'repo:example/app:ref:refs/heads/main', aud: world.url });
  const [, payload] = job.split('.');
  const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${payload}.`;
  assert.equal((await exchange(world, none, builder.uid)).status, 401);
  const confused = signToken({ kind: 'EC', privateKey: newKey().privateKey, jwk: { alg: 'HS256' } }, claimsOf(job));
  assert.equal((await exchange(world, confused, builder.uid)).status, 401);
});

test('mod_auth_openidc: an unknown kid does not cause a fetch for each request, and a new key is taken all the same, within half a minute', async () => {
  const { uid } = ok(await call(world, admin, 'POST', `/iam/v2/identities/${org.uid}`, { name: 'rotating', claimMatch: { issuer: rotating.url, subject: 's' } }));
  const ask = async (key) => (await exchange(world, rotating.token({ sub: 's', aud: world.url }, key), uid)).status;
  const next = newKey('RSA');
  assert.deepEqual([await ask(rotating.key), rotating.fetched], [200, 1]);
  rotating.keys = [next.jwk];
  let status;
  for (const end = now() + 40; (status = await ask(next)) !== 200 && now() < end;) {
    assert.equal(status, 401);
    assert.equal(await ask(newKey('RSA')), 401);
    await new Promise((resolve) => { setTimeout(resolve, 500); });
  }
  assert.deepEqual([status, rotating.fetched], [200, 2], 'taken, after one fetch');
  for (let i = 0; i < 10; i++) assert.equal(await ask(newKey('RSA')), 401);
  assert.deepEqual([await ask(next), await ask(rotating.key), rotating.fetched], [200, 401, 2], 'and the one before it is nobody\'s');
});

test('a token is narrowed by capability, by scope, and when exchanged again', async () => {
  const job = issuer.token({ sub: 'repo:example/app:ref:refs/heads/main', aud: world.url });
  const narrow = ok(await exchange(world, job, builder.uid, { cap: ['repo.list', 'groups.list'] })).token;
  const me = ok(await call(world, narrow, 'GET', '/auth/v1/ok'));
  assert.deepEqual(me.capabilities[0].capabilities, ['groups.list', 'repo.list']);
  const again = ok(await exchange(world, narrow, builder.uid, { audience: 'registry.test' })).token;
  assert.equal(claimsOf(again).aud, 'registry.test');
  assert.deepEqual(claimsOf(again).cap, claimsOf(narrow).cap);
  assert.ok(claimsOf(again).exp <= claimsOf(narrow).exp);
  assert.equal((await call(world, again, 'GET', '/auth/v1/ok')).status, 401);
  assert.equal((await exchange(world, job, builder.uid, { cap: ['no.such'] })).status, 400);
  assert.equal((await exchange(world, job, builder.uid, { audience: 'https://elsewhere.test' })).status, 400);
});

test('nobody hands out what they do not hold', async () => {
  const role = ok(await call(world, admin, 'POST', `/iam/v2/roles/${org.uid}`, { name: 'binder', capabilities: ['CAP_IAM_ROLE_BINDINGS_CREATE', 'CAP_IAM_GROUPS_LIST', 'CAP_IAM_ROLES_LIST'] }));
  ok(await call(world, admin, 'POST', `/iam/v2/roleBindings/${org.uid}`, { identityUid: builder.uid, roleUid: role.uid }));
  const job = issuer.token({ sub: 'repo:example/app:ref:refs/heads/main', aud: world.url });
  const token = ok(await exchange(world, job, builder.uid)).token;
  const owner = ok(await call(world, token, 'GET', '/iam/v2/roles?name=owner')).roles[0];
  const grab = await call(world, token, 'POST', `/iam/v2/roleBindings/${org.uid}`, { identityUid: builder.uid, roleUid: owner.uid });
  assert.equal(grab.status, 403);
  ok(await call(world, token, 'POST', `/iam/v2/roleBindings/${folder.uid}`, { identityUid: builder.uid, roleUid: role.uid }));
});

test('a deleted binding bites at once, though the token still carries it', async () => {
  const job = issuer.token({ sub: 'repo:example/app:ref:refs/heads/main', aud: world.url });
  const token = ok(await exchange(world, job, builder.uid)).token;
  ok(await call(world, token, 'GET', `/registry/v2/repos?uidp.childrenOf=${folder.uid}`));
  ok(await call(world, token, 'POST', `/registry/v2/repos/${folder.uid}`, { name: 'late' }));
  const bindings = ok(await call(world, admin, 'GET', `/iam/v2/roleBindings?identity=${builder.uid}`)).roleBindings;
  for (const binding of bindings) ok(await call(world, admin, 'DELETE', `/iam/v2/roleBindings/${binding.uid}`));
  assert.equal((await call(world, token, 'POST', `/registry/v2/repos/${folder.uid}`, { name: 'later' })).status, 403);
  const gone = bindings[0].uid;
  ok(await call(world, admin, 'DELETE', `/iam/v2/roleBindings/${gone}`)); // deleting what is gone succeeds
});

test('pages go on where they ended, and a forged cursor is refused (CVE-2026-33504)', async () => {
  for (let i = 0; i < 7; i++) ok(await call(world, admin, 'POST', `/iam/v2/groups/${folder.uid}`, { name: `f${i}` }));
  const names = [];
  let pageToken = '';
  do {
    const page = ok(await call(world, admin, 'GET', `/iam/v2/groups?uidp.childrenOf=${folder.uid}&pageSize=3&orderBy=name&pageToken=${encodeURIComponent(pageToken)}`));
    names.push(...page.groups.map((group) => group.name));
    assert.equal(page.totalCount, '7');
    pageToken = page.nextPageToken;
  } while (pageToken);
  assert.deepEqual(names, ['f0', 'f1', 'f2', 'f3', 'f4', 'f5', 'f6']);
  assert.equal((await call(world, admin, 'GET', '/iam/v2/groups?pageToken=AAAA')).status, 400);
});

test('bad input names the field and the rule, and changes nothing', async () => {
  const name = await call(world, admin, 'POST', `/iam/v2/groups/${org.uid}`, { name: 'UPPER' });
  assert.equal(name.status, 400);
  assert.equal(name.body.details.find((d) => d.fieldViolations).fieldViolations[0].field, 'group.name');
  const unknown = await call(world, admin, 'POST', `/iam/v2/groups/${org.uid}`, { name: 'x', nmae: 'y' });
  assert.deepEqual([unknown.status, /nmae/.test(unknown.body.message)], [400, true]);
  const full = await call(world, admin, 'DELETE', `/iam/v2/groups/${folder.uid}`);
  assert.equal(full.status, 400);
  assert.equal(full.body.details.find((d) => d.violations).violations[0].type, 'RESOURCE_NOT_EMPTY');
  const pattern = await call(world, admin, 'POST', `/iam/v2/identities/${org.uid}`, { name: 'wide', claimMatch: { issuerPattern: 'https://.*.example.com', subject: 'x' } });
  assert.equal(pattern.status, 400);
});

test('v1, v2 and v2beta1 are the same things under other names', async () => {
  const v2 = ok(await call(world, admin, 'GET', `/iam/v2/groups/${org.uid}`));
  const beta = ok(await call(world, admin, 'GET', `/iam/v2beta1/groups/${org.uid}`));
  assert.deepEqual(beta, v2);
  const v1 = ok(await call(world, admin, 'GET', `/iam/v1/groups?id=${org.uid}`));
  assert.equal(v1.items[0].id, org.uid);
  assert.deepEqual(ok(await call(world, admin, 'GET', `/iam/v1/groups?id=${'0'.repeat(40)}`)).items, []);
});

test('what is not implemented says so', async () => {
  const answer = await call(world, admin, 'GET', '/events/v2/subscriptions');
  assert.equal(answer.status, 501);
  assert.equal(answer.body.code, 12);
});
