// People come in by the tokens of real providers: oidc-provider as one that the configuration names, signed tokens for what a
// provider should never say, a provider of an organization's own. Flaws of others are tried by name (docs/security.md).
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import Provider from 'oidc-provider';
import { call, claimsOf, exchange, freePort, newKey, now, openIssuer, openOperator, openWorld, signToken } from './world.mjs';

const CLIENT = 'reeve-at-provider';
const REDIRECT = 'http://127.0.0.1:1/callback';
const REGISTRY = 'registry.test';

const ok = (answer) => {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
};
const refused = (answer, status, says) => {
  assert.equal(answer.status, status, JSON.stringify(answer.body));
  if (says) assert.match(answer.body.message, says);
};

// oidc-provider, where whoever comes is signed in as they say: its ID tokens are what a browser would bring.
async function openProvider() {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const provider = new Provider(url, {
    clients: [{ client_id: CLIENT, client_secret: 'a-secret-of-the-test', redirect_uris: [REDIRECT], id_token_signed_response_alg: 'RS256' }],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'picture'] },
    conformIdTokenClaims: false,
    features: { devInteractions: { enabled: false } },
    findAccount: (context, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true, name: `Person ${id}`, picture: 'https://example.com/p.png' }) }),
    interactions: { url: (context, interaction) => `/as/${interaction.uid}` },
    loadExistingGrant: async (context) => {
      const grant = new context.oidc.provider.Grant({ clientId: CLIENT, accountId: context.oidc.session.accountId });
      grant.addOIDCScope('openid email profile');
      await grant.save();
      return grant;
    },
  });
  const peer = { url, host: `127.0.0.1:${port}` };
  const answer = provider.callback();
  const server = http.createServer(async (request, response) => {
    if (!request.url.startsWith('/as/')) return answer(request, response);
    return provider.interactionFinished(request, response, { login: { accountId: peer.who } });
  });
  await new Promise((resolve) => { server.listen(port, '127.0.0.1', resolve); });
  // The whole flow, with PKCE left out: it is the provider's ID token that is wanted.
  peer.token = async (who) => {
    peer.who = who;
    let at = `${url}/auth?${new URLSearchParams({ client_id: CLIENT, response_type: 'code', scope: 'openid email profile', redirect_uri: REDIRECT, nonce: randomUUID(), code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM', code_challenge_method: 'S256' })}`;
    const jar = new Map();
    while (!at.startsWith(REDIRECT)) {
      const step = await fetch(at, { redirect: 'manual', headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') } });
      for (const cookie of step.headers.getSetCookie()) { const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie); jar.set(name, value); }
      assert.ok(step.headers.get('location'), `${step.status} ${await step.text()}`);
      at = new URL(step.headers.get('location'), at).href;
    }
    const response = await fetch(`${url}/token`, {
      method: 'POST', headers: { authorization: `Basic ${Buffer.from(`${CLIENT}:a-secret-of-the-test`).toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'authorization_code', code: new URL(at).searchParams.get('code'), redirect_uri: REDIRECT, code_verifier: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk' }),
    });
    return (await response.json()).id_token;
  };
  peer.close = () => { server.closeAllConnections(); return new Promise((resolve) => { server.close(resolve); }); };
  return peer;
}

let data, peer, issuer, ecdsa, own, rival, world, operator, admin, org, other, roles, providerUid, rivalUid;

const hex = (uid) => Buffer.from(uid.replaceAll('/', ''), 'hex');

// Providers as they rest: this test is about what their tokens can do, not about how they are written.
function putProvider(parent, at) {
  const uid = `${parent}/${randomBytes(8).toString('hex')}`;
  const database = new DatabaseSync(path.join(data, 'reeve.db'));
  database.exec('PRAGMA busy_timeout = 5000');
  database.prepare('INSERT INTO providers (uid, parent, name, description, issuer, client_id, secret, scopes, role, groups_claim, correlation, is_pkce, created_us, updated_us) VALUES (?, ?, ?, \'\', ?, ?, x\'\', \'\', NULL, \'\', 1, 1, 1, 1)')
    .run(hex(uid), hex(parent), `sso ${uid.slice(-4)}`, at.url, CLIENT);
  database.close();
  return uid;
}

function dropProvider(uid) {
  const database = new DatabaseSync(path.join(data, 'reeve.db'));
  database.exec('PRAGMA busy_timeout = 5000');
  database.prepare('DELETE FROM providers WHERE uid = ?').run(hex(uid));
  database.close();
}

const flags = () => [
  '--login.providers', [`peer issuer=${peer.url} client-id=${CLIENT}`, `signer issuer=${issuer.url} client-id=${CLIENT}`, `curve issuer=${ecdsa.url} client-id=${CLIENT}`].join(','),
  '--fetch.allow-http', [peer, issuer, ecdsa, own, rival].map((one) => one.host).join(','),
];
const open = (isNew) => openWorld({ data, isNew, registries: [REGISTRY], flags: flags() });

const register = (token, body = {}) => call(world, token, 'POST', '/auth/v1/register', body);
const whoAmI = async (token) => ok(await call(world, token, 'GET', '/auth/v1/ok'));
const make = async (token, target, body) => ok(await call(world, token, 'POST', target, body)).uid;
const signIn = (subject, claims = {}, at = issuer) => at.token({ sub: subject, aud: CLIENT, name: subject, email: `${subject}@example.com`, email_verified: true, ...claims });
const someone = () => `p-${randomBytes(4).toString('hex')}`;
const viaProvider = (token, query = {}) => {
  const { uid = providerUid, aud = world.url, ...rest } = query;
  return call(world, token, 'GET', `/sts/exchange?${new URLSearchParams({ aud, identity_provider: uid, ...rest })}`);
};

before(async () => {
  data = mkdtempSync(path.join(tmpdir(), 'reeve-people-'));
  [peer, issuer, ecdsa, own, rival] = await Promise.all([openProvider(), openIssuer(), openIssuer(), openIssuer(), openIssuer()]);
  const curve = newKey('EC');
  ecdsa.keys = [curve.jwk];
  ecdsa.token = (claims) => signToken(curve, { iss: ecdsa.url, iat: now(), exp: now() + 600, jti: randomUUID(), ...claims });
  world = await open(true);
  operator = await openOperator(world);
  admin = await operator.token();
  org = await make(admin, '/iam/v2/groups', { name: 'ours' });
  other = await make(admin, '/iam/v2/groups', { name: 'theirs' });
  roles = new Map(ok(await call(world, admin, 'GET', '/iam/v1/roles?parent=%2F')).items.map((role) => [role.name, role.id]));
  providerUid = putProvider(org, own);
  rivalUid = putProvider(other, rival);
});

after(async () => {
  const [end] = await Promise.allSettled([world?.close()]);
  for (const one of [issuer, ecdsa, own, rival]) { one?.server.closeAllConnections(); await one?.close(); }
  await peer?.close();
  rmSync(data, { recursive: true, force: true });
  if (end.status === 'rejected') throw end.reason;
});

describe('a sign-in at a provider of the configuration', () => {
  test('oidc-provider: who is not registered is told so, registers, and holds what they were given', async () => {
    const subject = someone();
    const token = await peer.token(subject);
    refused(await exchange(world, token), 404, /register/);
    const { identity, group } = ok(await register(token));
    assert.match(identity, /^[0-9a-f]{40}$/);
    assert.equal(group, '');
    assert.equal(ok(await call(world, admin, 'GET', `/iam/v2/identities:lookupIdentity?${new URLSearchParams({ issuer: peer.url, subject })}`)).uid, identity);
    await make(admin, `/iam/v2/roleBindings/${org}`, { identityUid: identity, roleUid: roles.get('viewer') });
    const got = ok(await exchange(world, token));
    const claims = claimsOf(got.token);
    assert.deepEqual(claims.act, { iss: peer.url, sub: subject, aud: CLIENT });
    assert.equal(claims.sub, identity);
    assert.deepEqual(Object.keys(claims.cap), [org]);
    assert.equal(claims.confined_to, undefined);
    const me = await whoAmI(got.token);
    assert.deepEqual([me.subject, me.email, me.profile.name, me.profile.picture], [identity, `${subject}@example.com`, `Person ${subject}`, 'https://example.com/p.png']);
  });

  test('an ID token for another client, of another party, too old or of no use as one is refused', async () => {
    const subject = someone();
    ok(await register(signIn(subject)));
    const bad = {
      'another client': { aud: 'someone-else' },
      'our name with something behind': { aud: `${CLIENT}x` },
      'no audience': { aud: undefined },
      'an empty list': { aud: [] },
      'an audience that is no text': { aud: { [CLIENT]: true } },
      'several audiences without azp': { aud: [CLIENT, 'someone-else'] },
      'another azp': { aud: [CLIENT, 'someone-else'], azp: 'someone-else' },
      'another azp beside our audience': { azp: 'someone-else' },
      'an azp that is no text': { azp: [CLIENT] },
      expired: { iat: now() - 700, exp: now() - 1 },
      'without exp': { exp: undefined },
      'without iat': { iat: undefined },
      'older than a day': { iat: now() - 90_000, exp: now() + 600 },
      'from the future': { iat: now() + 600, exp: now() + 1200 },
      'not yet': { nbf: now() + 600 },
      'without sub': { sub: undefined },
      'sub no text': { sub: 7 },
      'sub empty': { sub: '' },
      'an access token of Keycloak': { typ: 'Bearer' },
      'a refresh token of Keycloak': { typ: 'Refresh' },
      'a logout token': { events: { 'http://schemas.openid.net/event/backchannel-logout': {} } },
    };
    for (const [name, claims] of Object.entries(bad)) {
      const answer = await register(signIn(subject, claims));
      assert.ok([400, 401, 403].includes(answer.status), `${name}: ${answer.status} ${JSON.stringify(answer.body)}`);
      const exchanged = await exchange(world, signIn(subject, claims));
      assert.ok([400, 401, 403, 404].includes(exchanged.status), `${name}: ${exchanged.status} ${JSON.stringify(exchanged.body)}`);
    }
    refused(await register(signIn(subject, { aud: 'someone-else' })), 403, /invalid "aud"/);
    refused(await register(signIn(subject, { azp: 'someone-else' })), 403, /invalid "azp"/);
    refused(await register(signIn(subject, { iat: now() - 700, exp: now() - 1 })), 403, /expired/);
    refused(await exchange(world, signIn(subject, { aud: world.url })), 404, /name the identity/);
    for (const typ of ['at+jwt', 'logout+jwt', 'login+jwt', 'JWT2']) {
      const claims = { iss: issuer.url, sub: subject, aud: CLIENT, iat: now(), exp: now() + 600 };
      assert.ok([401, 403].includes((await register(signToken(issuer.key, claims, { typ }))).status), typ);
    }
    ok(await register(signIn(subject, { aud: [CLIENT, 'someone-else'], azp: CLIENT, typ: 'ID' })));
    ok(await exchange(world, signIn(subject)));
  });

  test('CVE-2025-52477: an issuer nobody set up is not asked, whatever its token says', async () => {
    const before = rival.fetched;
    refused(await register(signIn('1', {}, rival)), 401);
    refused(await exchange(world, signIn('1', {}, rival)), 404);
    assert.equal(rival.fetched, before);
  });

  test('an ID token is no access token and no password of a registry', async () => {
    const subject = someone();
    const { identity } = ok(await register(signIn(subject)));
    refused(await call(world, signIn(subject), 'GET', '/auth/v1/ok'), 401);
    for (const user of ['_token', identity]) {
      const answer = await call(world, null, 'GET', `/token?service=${REGISTRY}&scope=repository:x/y:pull`, undefined, { authorization: `Basic ${Buffer.from(`${user}:${signIn(subject)}`).toString('base64')}` });
      assert.equal(answer.status, 401, JSON.stringify(answer.body));
    }
  });

  test('nobody is a user but by signing in: a job of the same issuer cannot name one', async () => {
    const subject = someone();
    const { identity } = ok(await register(signIn(subject)));
    refused(await exchange(world, issuer.token({ sub: subject, aud: world.url }), identity), 403);
    refused(await exchange(world, signIn(someone()), identity), 404);
    ok(await exchange(world, signIn(subject), identity));
  });
});

describe('good once', () => {
  test('CVE-2025-46815, CVE-2020-15222: a sign-in is exchanged once for each audience, also by many at once', async () => {
    const subject = someone();
    const token = signIn(subject);
    ok(await register(token));
    ok(await register(token)); // registering does not use it up
    const answers = await Promise.all(Array.from({ length: 8 }, () => exchange(world, token)));
    assert.equal(answers.filter((one) => one.status === 200).length, 1, JSON.stringify(answers.map((one) => one.status)));
    for (const one of answers) if (one.status !== 200) refused(one, 401, /used already/);
    ok(await exchange(world, token, undefined, { audience: REGISTRY }));
    refused(await exchange(world, token, undefined, { audience: REGISTRY }), 401);
    refused(await call(world, token, 'GET', `/sts/exchange?${new URLSearchParams([['aud', world.url], ['aud', REGISTRY]])}`), 401);
  });

  test('CVE-2025-46815: the same token with its signature written another way is the same token', async () => {
    const subject = someone();
    const token = signIn(subject, {}, ecdsa);
    ok(await register(token));
    ok(await exchange(world, token));
    const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n;
    const [head, body, signature] = token.split('.');
    const bytes = Buffer.from(signature, 'base64url');
    const flipped = (order - BigInt(`0x${bytes.subarray(32).toString('hex')}`)).toString(16).padStart(64, '0');
    const twin = `${head}.${body}.${Buffer.concat([bytes.subarray(0, 32), Buffer.from(flipped, 'hex')]).toString('base64url')}`;
    assert.notEqual(twin, token);
    refused(await exchange(world, twin), 401, /used already/); // and not because it would not verify
  });

  test('CVE-2020-15223: what was used stays used over a restart', async () => {
    const subject = someone();
    const token = signIn(subject);
    ok(await register(token));
    ok(await exchange(world, token, undefined, { audience: REGISTRY }));
    await world.close('SIGKILL');
    Object.assign(world, await open(false)); // at another port, so under another URL
    operator.issuer = world.url;
    admin = await operator.token();
    refused(await exchange(world, token, undefined, { audience: REGISTRY }), 401, /used already/);
    ok(await exchange(world, token));
  });
});

describe('e-mail as identity', () => {
  test('the same address, verified elsewhere or of another subject, is another person', async () => {
    const subject = someone();
    const { identity } = ok(await register(signIn(subject)));
    await make(admin, `/iam/v2/roleBindings/${org}`, { identityUid: identity, roleUid: roles.get('owner') });
    const thief = ok(await register(signIn(someone(), { email: `${subject}@example.com` }))).identity;
    const twin = ok(await register(signIn(subject, { email: `${subject}@example.com` }, ecdsa))).identity;
    assert.equal(new Set([identity, thief, twin]).size, 3);
    for (const token of [signIn(subject, {}, ecdsa)]) assert.deepEqual((await whoAmI(ok(await exchange(world, token)).token)).capabilities, []);
  });

  test('an address that its provider did not verify is not shown and opens no invite', async () => {
    for (const verified of [false, undefined, 'true', 1]) {
      const subject = someone();
      ok(await register(signIn(subject, { email_verified: verified })));
      const got = ok(await exchange(world, signIn(subject, { email_verified: verified }))).token;
      assert.equal((await whoAmI(got)).email, '');
      assert.equal(claimsOf(got).email, undefined);
      const invite = ok(await call(world, admin, 'POST', `/iam/v2/groupInvites/${org}`, { roleUid: roles.get('viewer'), ttl: '600s', email: `${subject}@example.com` }));
      refused(await register(signIn(subject, { email_verified: verified }), { code: invite.code }), 403, /e-mail/);
    }
  });
});

describe('invites', () => {
  const invite = async (token, body = {}) => ok(await call(world, token, 'POST', `/iam/v2/groupInvites/${org}`, { roleUid: roles.get('viewer'), ttl: '600s', ...body }));

  test('CVE-2026-1529: an invite lets in whom it names, once, with its role', async () => {
    const [bob, eve] = [someone(), someone()];
    const made = await invite(admin, { email: `${bob}@example.com`, singleUse: true });
    refused(await register(signIn(eve), { code: made.code }), 403, /another e-mail address/);
    refused(await exchange(world, signIn(eve)), 404); // and it made no account
    assert.equal(ok(await register(signIn(bob), { code: made.code })).group, org);
    assert.equal(ok(await register(signIn(bob), { code: made.code })).group, org);
    refused(await register(signIn(eve, { email: `${bob}@example.com` }), { code: made.code }), 400, /has been used/);
    const me = await whoAmI(ok(await exchange(world, signIn(bob))).token);
    assert.deepEqual(me.capabilities.map((one) => [one.group.id, one.role.name]), [[org, 'viewer']]);
  });

  test('an invite whose author may not give the role any more gives nothing', async () => {
    const [carl, eve] = [someone(), someone()];
    const { identity } = ok(await register(signIn(carl)));
    const bound = await make(admin, `/iam/v2/roleBindings/${org}`, { identityUid: identity, roleUid: roles.get('owner') });
    const made = await invite(ok(await exchange(world, signIn(carl))).token);
    ok(await call(world, admin, 'DELETE', `/iam/v2/roleBindings/${bound}`));
    refused(await register(signIn(eve), { code: made.code }), 403, /may not give this role any more/);
    const gone = await invite(admin);
    ok(await call(world, admin, 'DELETE', `/iam/v2/groupInvites/${gone.uid}`));
    refused(await register(signIn(eve), { code: gone.code }), 404);
  });
});

describe('an organization\'s own provider', () => {
  // Without an account yet, a person of the provider; Register takes its ID tokens through the login token alone, so the first
  // sign-in here is told to register.
  test('its ID token is taken for itself alone (GHSA-7qjx-gp9h-65qj)', async () => {
    const subject = someone();
    refused(await viaProvider(signIn(subject, {}, own)), 404, /register/);
    refused(await exchange(world, signIn(subject, {}, own)), 404, /name the identity/);
    refused(await viaProvider(signIn(subject, {}, own), { uid: rivalUid }), 403, /invalid "iss"/);
    refused(await viaProvider(signIn(subject)), 403, /invalid "iss"/);
    refused(await viaProvider(signIn(subject, { aud: 'someone-else' }, own)), 403, /invalid "aud"/);
    refused(await viaProvider(signIn(subject, {}, own), { uid: `${org}/0123456789abcdef` }), 403);
    refused(await viaProvider(signIn(subject, {}, own), { uid: org }), 403);
    refused(await viaProvider(signIn(subject, {}, own), { uid: 'nonsense' }), 400);
    refused(await viaProvider(await operator.token()), 403, /not made by a sign-in at this identity provider/);
  });

  test('CVE-2026-9097, CVE-2026-9094: when it is gone, its tokens are worth nothing', async () => {
    dropProvider(rivalUid);
    refused(await viaProvider(signIn(someone(), {}, rival), { uid: rivalUid }), 403, /no such identity provider/);
  });
});

describe('leaving', () => {
  test('CVE-2026-9097: who left is nobody: tokens, sign-ins and roles end at once, and do not come back', async () => {
    const subject = someone();
    const { identity } = ok(await register(signIn(subject)));
    const bound = await make(admin, `/iam/v2/roleBindings/${org}`, { identityUid: identity, roleUid: roles.get('viewer') });
    const access = ok(await exchange(world, signIn(subject))).token;
    refused(await call(world, admin, 'DELETE', `/auth/v1/delete/${identity}`), 403);
    refused(await call(world, access, 'DELETE', `/auth/v1/delete/${'0'.repeat(40)}`), 403);
    ok(await call(world, access, 'DELETE', `/auth/v1/delete/${identity}`));
    refused(await call(world, access, 'GET', '/auth/v1/ok'), 401);
    refused(await exchange(world, access), 401);
    refused(await exchange(world, signIn(subject)), 404);
    refused(await call(world, admin, 'GET', `/iam/v2/roleBindings/${bound}`), 404);
    await new Promise((resolve) => setTimeout(resolve, 2100)); // a token from before the account is refused by the second
    assert.equal(ok(await register(signIn(subject))).identity, identity);
    refused(await call(world, access, 'GET', '/auth/v1/ok'), 401);
    assert.deepEqual((await whoAmI(ok(await exchange(world, signIn(subject))).token)).capabilities, []);
  });
});
