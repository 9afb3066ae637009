// People sign in, each way there is, in a real browser: local accounts, Google, GitLab, GitHub, an organization's own provider.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { PASSWORD, checkSound, freshPage, newAccount, ok, openPeople, show, typePassword, unique } from './people.mjs';
import { makeCertificate } from './certificate.mjs';
import { call, claimsOf, openOperator, openWorld } from './world.mjs';

let people, world, org, roles, login;

const as = (token, method, target, body) => people.as(token, method, target, body);
const whoami = async (token) => ok(await as(token, 'GET', '/auth/v1/ok'));

// What came to the program: a token that the server takes.
async function tokenOf(got) {
  assert.deepEqual([got.error, got.status_code], [undefined, undefined], JSON.stringify(got));
  return { token: got.token, claims: claimsOf(got.token), who: await whoami(got.token) };
}

async function invite(more = {}) {
  const made = ok(await as(people.admin, 'POST', `/iam/v2/groupInvites/${org}`, { roleUid: roles.get('viewer'), ttl: '3600s', ...more }));
  return made.code;
}

before(async () => {
  people = await openPeople();
  world = people.world;
  org = ok(await as(people.admin, 'POST', '/iam/v2/groups', { name: `people-${unique()}.example` })).uid;
  roles = new Map(ok(await as(people.admin, 'GET', '/iam/v1/roles?parent=%2F')).items.map((role) => [role.name, role.id]));
  login = await newAccount(people);
});

after(async () => { await people?.close(); });

describe('local accounts', () => {
  test('a password typed in this pass ends at the program, without a further question', async () => {
    const page = await freshPage(people.browser);
    await page.goto(people.link());
    await show(page, 'choose');
    await page.click('text=Continue with a password');
    await show(page, 'local');
    await typePassword(page, login, 'not the password at all');
    await page.waitForSelector('[role=alert]');
    await show(page, 'local-wrong');
    await typePassword(page, login);
    await page.waitForSelector('#done');
    const { claims, who } = await tokenOf(await people.program.next());
    assert.equal(claims.aud, world.url);
    assert.equal(claims.email, undefined, 'an address nobody proved is in no token');
    assert.equal(who.subject, claims.sub);
    assert.deepEqual(page.complaints, []);
    await page.done();
  });

  test('the same person has the same id, and another person another', async () => {
    const other = await newAccount(people, `bob-${unique()}@example.com`);
    const subjects = [];
    for (const name of [login, login.toUpperCase(), other]) {
      const page = await freshPage(people.browser);
      await page.goto(people.link({ connection: 'email' }));
      await typePassword(page, name);
      await page.waitForSelector('#done');
      subjects.push((await tokenOf(await people.program.next())).claims.sub);
      await page.done();
    }
    assert.equal(subjects[0], subjects[1]);
    assert.notEqual(subjects[0], subjects[2]);
  });

  test('an invitation makes an account and its right in one pass', async () => {
    const page = await freshPage(people.browser);
    const name = `eve-${unique()}@example.com`;
    await page.goto(people.link({ invite: await invite({ email: name }) }));
    await page.click('text=Make an account with a password');
    await page.fill('#name', 'Eve');
    await page.fill('#login', name);
    await page.fill('#password', 'password1234');
    await page.click('button[type=submit]');
    await page.waitForSelector('[role=alert]');
    await show(page, 'new-account');
    await page.fill('#password', PASSWORD);
    await page.click('button[type=submit]');
    await page.waitForSelector('#done');
    const { token, claims } = await tokenOf(await people.program.next());
    assert.equal(claims.email, undefined, 'the inviter saw the code: the address is proved for this invitation alone');
    assert.deepEqual(Object.keys(claims.cap), [org]);
    assert.equal((await as(token, 'GET', `/iam/v2/groups/${org}`)).status, 200);
    assert.equal((await as(token, 'DELETE', `/iam/v2/groups/${org}`)).status, 403);
    await page.done();
  });

  test('an invitation\'s own link shows what it gives and accepts it', async () => {
    const page = await freshPage(people.browser);
    await page.goto(`${world.url}/invite/${encodeURIComponent(await invite())}`);
    await show(page, 'invite');
    assert.match(await page.textContent('main'), /viewer/);
    await page.click('text=Sign in and accept');
    await page.click('text=Continue with a password');
    await typePassword(page, await newAccount(people, `ivy-${unique()}@example.com`));
    await page.waitForSelector('text=Invitation accepted');
    await show(page, 'done');
    await page.done();
  });

  test('an invitation for another address is refused before anything is asked, and none is told', async () => {
    const whose = `frida-${unique()}@example.com`, code = await invite({ email: whose }), other = `eve-${unique()}`;
    const refusal = /the invite is for another e-mail address; sign in with the account it was sent to/;
    let page = await freshPage(people.browser);
    people.google.account = other;
    const come = async (target) => {
      await page.goto(target);
      await page.waitForSelector('main, #done');
      if (await page.$('text=Sign in and accept')) await page.click('text=Sign in and accept');
      await page.click('text=Continue with Google');
    };
    await come(people.link({ invite: code })); // to a program that waits in the browser
    await page.waitForSelector('#done');
    const { error, token } = await people.program.next();
    assert.match(error, refusal);
    assert.equal(token, '');
    await come(`${world.url}/invite/${encodeURIComponent(code)}`);
    await page.waitForSelector('text=This sign-in cannot go on');
    assert.match(await page.textContent('main'), refusal);
    assert.ok(!(await page.textContent('main')).includes(whose));
    await page.done();
    page = await freshPage(people.browser); // the provider knows the other browser's person again
    people.google.account = whose.split('@')[0];
    await come(`${world.url}/invite/${encodeURIComponent(code)}`);
    await page.waitForSelector('button[value=yes]');
    assert.ok((await page.textContent('main')).includes(whose));
    await page.click('button[value=yes]');
    await page.waitForSelector('text=Invitation accepted');
    await page.done();
    people.google.account = 'ada';
  });

  test('a one-time link is good once', async () => {
    const made = ok(await as(people.admin, 'POST', '/reeve/v1/accounts', { login: `tom-${unique()}@example.com`, name: 'Tom' }));
    const page = await freshPage(people.browser);
    await page.goto(made.link);
    await show(page, 'password');
    await page.fill('#password', PASSWORD);
    await page.click('button[type=submit]');
    await page.waitForSelector('text=Your password is set');
    await page.goto(made.link);
    await page.waitForSelector('text=This sign-in cannot go on');
    await show(page, 'error');
    await page.done();
  });

  test('skip_registration makes nobody, and the program reads 404', async () => {
    const name = await newAccount(people, `new-${unique()}@example.com`);
    const page = await freshPage(people.browser);
    await page.goto(people.link({ connection: 'email', skip_registration: 'true' }));
    await typePassword(page, name);
    await page.waitForSelector('#done');
    const got = await people.program.next();
    assert.deepEqual([got.token, got.status_code], ['', '404']);
    assert.match(got.error, /account not found/);
    await page.done();
  });

  test('a refresh token comes when asked for, percent-encoded, and not for an identity that is assumed', async () => {
    const page = await freshPage(people.browser);
    await page.goto(people.link({ connection: 'email', create_refresh_token: 'true' }));
    await typePassword(page, login);
    await page.waitForSelector('#done');
    const got = await people.program.next();
    assert.ok(got.raw.startsWith('?token='), 'the hints are replaced, not added to');
    assert.doesNotMatch(got.raw, /token=true|error=/);
    const inside = JSON.parse(Buffer.from(got.refresh_token, 'base64'));
    assert.ok(inside.exp > Date.now() / 1000);
    const { claims } = await tokenOf(got);
    const identity = ok(await as(people.admin, 'POST', `/iam/v2/identities/${org}`, { name: 'robot', claimMatch: { issuer: world.url, subject: claims.sub } }));
    await page.goto(people.link({ connection: 'email', create_refresh_token: 'true', identity: identity.uid }));
    await typePassword(page, login);
    await page.waitForSelector('#done');
    const assumed = await people.program.next();
    assert.equal(assumed.refresh_token, undefined);
    assert.equal((await tokenOf(assumed)).claims.sub, identity.uid);
    await page.done();
  });

  test('scopes are narrowed to, though clients escape them twice', async () => {
    const page = await freshPage(people.browser);
    const name = `uma-${unique()}@example.com`;
    await page.goto(people.link({ connection: 'email' }).replace(/connection=email/, `connection=email&scope=${encodeURIComponent(encodeURIComponent(org))}`));
    await typePassword(page, await newAccount(people, name));
    await page.waitForSelector('#done');
    const got = await people.program.next();
    assert.ok(got.status_code ? Number(got.status_code) < 500 : claimsOf(got.token).cap === undefined || Object.keys(claimsOf(got.token).cap).every((key) => key === org), JSON.stringify(got));
    await page.done();
  });
});

// From the chooser, or straight from the link; ends on the question who one is, then at the program.
async function through(label, parameters) {
  const page = await freshPage(people.browser);
  await page.goto(people.link(parameters));
  if (!parameters.connection && !parameters.idp_id) await page.click(`text=Continue with ${label}`);
  await page.waitForSelector('text=Finish signing in?');
  return page;
}

describe('providers of this server', () => {
  test('Google: the question names account, audience and target; yes brings the token', async () => {
    const page = await through('Google', {});
    await show(page, 'confirm');
    const text = await page.textContent('main');
    for (const word of ['ada@example.com', 'Google', world.url, `localhost:${people.program.port}`]) assert.ok(text.includes(word), word);
    await page.click('button[value=yes]');
    await page.waitForSelector('#done');
    const { claims } = await tokenOf(await people.program.next());
    assert.deepEqual([claims.email, claims.email_verified, claims.act.iss, claims.act.sub], ['ada@example.com', true, people.google.url, 'ada']);
    assert.ok(people.google.seen.some((line) => line.includes('code_challenge_method=S256') && line.includes('nonce=')));
    await page.done();
  });

  test('no gives nothing out, and the program reads it', async () => {
    const page = await through('Google', { connection: 'google-oauth2' });
    await page.click('button[value=no]');
    await page.waitForSelector('#done');
    const got = await people.program.next();
    assert.deepEqual([got.token, got.status_code], ['', '403']);
    await page.done();
  });

  test('GitLab, which takes its secret in the form', async () => {
    const page = await through('GitLab', {});
    await page.click('button[value=yes]');
    await page.waitForSelector('#done');
    const { claims } = await tokenOf(await people.program.next());
    assert.equal(claims.act.iss, people.gitlab.url);
    await page.done();
  });

  test('GitHub: the number is the person, the verified primary address theirs', async () => {
    const page = await through('GitHub', { connection: 'github' });
    await page.click('button[value=yes]');
    await page.waitForSelector('#done');
    const first = await tokenOf(await people.program.next());
    assert.deepEqual([first.claims.act.iss, first.claims.act.sub, first.claims.email], [people.github.url, '583231', 'octo@example.com']);
    await page.done();
    people.github.user = { ...people.github.user, login: 'renamed' };
    people.github.emails = [{ email: 'octo@example.com', verified: false, primary: true }];
    const again = await through('GitHub', {});
    await again.click('button[value=yes]');
    await again.waitForSelector('#done');
    const second = await tokenOf(await people.program.next());
    assert.equal(second.claims.sub, first.claims.sub);
    assert.equal(second.claims.email, undefined);
    await again.done();
  });

  test('a provider that does not answer as it should is named to the program', async () => {
    people.google.interfere = (request, response) => { if (request.method !== 'POST') return false; response.writeHead(502, { 'content-type': 'text/html' }); response.end('<h1>Bad gateway</h1>'); return true; };
    try {
      const page = await freshPage(people.browser);
      await page.goto(people.link({ connection: 'google-oauth2' }));
      await page.waitForSelector('#done');
      const got = await people.program.next();
      assert.deepEqual([got.status_code, got.error], ['503', 'Google did not answer as it should']);
      await page.done();
    } finally { people.google.interfere = undefined; }
  });

  test('a provider that refuses is quoted to the program', async () => {
    people.google.refuses = 'come back later';
    try {
      const page = await freshPage(people.browser);
      await page.goto(people.link({ connection: 'google-oauth2' }));
      await page.waitForSelector('#done');
      const got = await people.program.next();
      assert.equal(got.status_code, '403');
      assert.match(got.error, /Google refused the sign-in: come back later/);
      await page.done();
    } finally { people.google.refuses = undefined; }
  });
});

describe('an organization\'s own provider', () => {
  const kinds = { 'secret and PKCE': ['with-both', 'with-both-secret', true], 'a secret, no PKCE': ['secret-alone', 'secret-alone-secret', false], 'PKCE, no secret': ['public', '', true] };
  for (const [kind, [clientId, clientSecret, pkceEnabled]] of Object.entries(kinds)) {
    test(`${kind}: by its id, valid inside the organization alone`, async () => {
      const home = ok(await as(people.admin, 'POST', '/iam/v2/groups', { name: `own-${unique()}.example` })).uid;
      const provider = ok(await as(people.admin, 'POST', `/iam/v2/identityProviders/${home}`, { name: 'own', defaultRole: roles.get('viewer'),
        oidc: { issuer: people.own.url, clientId, clientSecret, pkceEnabled, additionalScopes: ['email', 'profile', 'groups'], groupsClaim: 'groups' } }));
      const page = await freshPage(people.browser);
      const before = people.own.seen.length;
      await page.goto(people.link({ idp_id: provider.uid }));
      await show(page, 'provider');
      await page.click('text=Continue to');
      await page.waitForSelector('text=Finish signing in?');
      assert.equal(people.own.seen.slice(before).some((line) => line.includes('code_challenge=')), pkceEnabled);
      await page.click('button[value=yes]');
      await page.waitForSelector('#done');
      const { claims } = await tokenOf(await people.program.next());
      assert.equal(claims.act.iss, people.own.url);
      assert.ok(Object.keys(claims.cap ?? {}).every((group) => group === home || group.startsWith(`${home}/`)));
      await page.goto(`${world.url}/sign-in/test?idp_id=${provider.uid}`);
      await page.click('text=Continue to');
      await page.waitForSelector('text=The test sign-in works');
      await show(page, 'test');
      assert.match(await page.textContent('main'), /team-ada/);
      await page.done();
    });
  }

  test('a person in two hundred groups signs in: what is known of them takes several cookies', async () => {
    const home = ok(await as(people.admin, 'POST', '/iam/v2/groups', { name: `many-${unique()}.example` })).uid;
    const provider = ok(await as(people.admin, 'POST', `/iam/v2/identityProviders/${home}`, { name: 'own', defaultRole: roles.get('viewer'),
      oidc: { issuer: people.own.url, clientId: 'with-both', clientSecret: 'with-both-secret', pkceEnabled: true, additionalScopes: ['groups'], groupsClaim: 'groups' } }));
    people.own.account = 'many';
    try {
      const page = await freshPage(people.browser);
      await page.goto(people.link({ idp_id: provider.uid }));
      await page.click('text=Continue to');
      await page.waitForSelector('text=Finish signing in?');
      const ours = async () => (await page.context().cookies(world.url)).filter(({ name }) => name.startsWith('__Host-reeve'));
      assert.ok((await ours()).length > 1);
      await page.click('button[value=yes]');
      await page.waitForSelector('#done');
      await tokenOf(await people.program.next());
      assert.deepEqual(await ours(), []);
      await page.done();
    } finally { people.own.account = 'ada'; }
  });

  test('by the organization\'s name, when it is verified', async () => {
    const name = `named-${unique()}.example`;
    const home = ok(await as(people.admin, 'POST', '/iam/v2/groups', { name, verified: true, kind: 'ORG_KIND_CUSTOMER' })).uid;
    ok(await as(people.admin, 'POST', `/iam/v2/identityProviders/${home}`, { name: 'own', defaultRole: roles.get('viewer'),
      oidc: { issuer: people.own.url, clientId: 'with-both', clientSecret: 'with-both-secret', pkceEnabled: true } }));
    const page = await freshPage(people.browser);
    await page.goto(people.link());
    await page.fill('#organization', name);
    await page.click('text=Find its sign-in');
    await page.click('text=Continue to');
    await page.waitForSelector('text=Finish signing in?');
    await page.done();
  });
});

describe('other ends', () => {
  test('an authorization code with PKCE, state and our issuer', async () => {
    const verifier = randomBytes(32).toString('base64url');
    const query = new URLSearchParams({ response_type: 'code', client_id: 'reeve', redirect_uri: `http://127.0.0.1:${people.program.port}/callback`, state: 's1', scope: 'openid',
      code_challenge: createHash('sha256').update(verifier).digest('base64url'), code_challenge_method: 'S256' });
    const page = await freshPage(people.browser);
    await page.goto(`${world.url}/oauth2/authorize?${query}`);
    await page.click('text=Continue with a password');
    await typePassword(page, login);
    await page.waitForSelector('#done');
    const got = await people.program.next();
    assert.deepEqual([got.state, got.iss, got.error], ['s1', world.url, undefined]);
    const answer = await fetch(`${world.url}/oauth2/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'authorization_code', code: got.code, client_id: 'reeve', redirect_uri: query.get('redirect_uri'), code_verifier: verifier }) });
    const tokens = await answer.json();
    assert.equal(answer.status, 200, JSON.stringify(tokens));
    assert.equal(claimsOf(tokens.id_token).aud, 'reeve');
    await page.done();
  });

  test('a device: the code after sign-in, the facts, an explicit yes', async () => {
    const begun = await (await fetch(`${world.url}/oauth2/device_authorization`, { method: 'POST', headers: { 'user-agent': 'reeve/9 (a machine)' }, body: new URLSearchParams({ client_id: 'reeve', scope: 'openid' }) })).json();
    const poll = async () => (await fetch(`${world.url}/oauth2/token`, { method: 'POST', body: new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: begun.device_code, client_id: 'reeve' }) })).json();
    assert.equal((await poll()).error, 'authorization_pending');
    const page = await freshPage(people.browser);
    await page.goto(begun.verification_uri_complete);
    await page.click('text=Continue with a password');
    await typePassword(page, login);
    await page.waitForSelector('#user-code');
    await show(page, 'activate');
    assert.equal(await page.inputValue('#user-code'), begun.user_code);
    await page.click('button[type=submit]');
    await page.waitForSelector('text=Finish signing in?');
    await show(page, 'confirm-device');
    const text = await page.textContent('main');
    for (const word of [begun.user_code, 'reeve/9 (a machine)', '127.0.0.1']) assert.ok(text.includes(word), word);
    await page.click('button[value=yes]');
    await page.waitForSelector('text=Your device is signed in');
    await new Promise((resolve) => { setTimeout(resolve, 5200); });
    const tokens = await poll();
    assert.equal(claimsOf(tokens.id_token).aud, 'reeve', JSON.stringify(tokens));
    await page.done();
  });

  // A device that begins, and asks what became of it.
  async function openDevice(more = {}) {
    const ask = async (target, form) => (await fetch(`${world.url}${target}`, { method: 'POST', body: new URLSearchParams({ client_id: 'reeve', ...form }) })).json();
    const begun = await ask('/oauth2/device_authorization', { scope: 'openid offline_access', ...more });
    const poll = () => ask('/oauth2/token', { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: begun.device_code });
    return { ...begun, poll };
  }
  // What the page says to somebody new from Google who entered the device's code; the browser was nowhere with the invitation in its address.
  async function enter(page, device, code = '\0') {
    const account = `new-${unique()}`, seen = [];
    people.google.account = account;
    page.on('request', (request) => { seen.push(request.url()); });
    await page.goto(device.verification_uri_complete);
    await page.click('text=Continue with Google');
    await page.waitForSelector('#user-code');
    page.checkHidden = async () => {
      const content = await page.content();
      for (const text of [code, encodeURIComponent(code)]) assert.ok(!content.includes(text) && seen.every((url) => !url.includes(text)), 'the invitation\'s code is shown');
    };
    return account;
  }
  const confirmed = async (page) => { await page.waitForSelector('button[value=yes]'); return page.textContent('main'); };
  const orgName = async () => ok(await as(await people.operator.token(), 'GET', `/iam/v2/groups/${org}`)).name;
  // What a device's tokens are worth: the capabilities by organization.
  async function worth({ id_token: token, refresh_token: refresh, error }) {
    assert.equal(error, undefined);
    assert.ok(refresh, 'who has joined has a session');
    return claimsOf(ok(await as(token, 'POST', `/sts/exchange?aud=${encodeURIComponent(world.url)}`)).token).cap;
  }

  test('a device that brings an invitation: who has no account sees what it grants, joins, and the device has its tokens', async () => {
    const code = await invite({ singleUse: true }), device = await openDevice({ invite: code });
    assert.ok(!JSON.stringify(device).includes(code));
    const page = await freshPage(people.browser);
    await enter(page, device, code);
    assert.match(await page.textContent('main'), /You have no account here yet/);
    await show(page, 'activate-new');
    await page.click('button[type=submit]');
    const text = await confirmed(page);
    for (const word of [await orgName(), 'viewer', 'Accept the invitation', device.user_code]) assert.ok(text.includes(word), `${word}: ${text}`);
    await show(page, 'confirm-device-invited');
    await page.checkHidden();
    await page.click('button[value=yes]');
    await page.waitForSelector('text=Your invitation is accepted.');
    assert.deepEqual(Object.keys(await worth(await device.poll())), [org]);
    await page.done();
    const second = await freshPage(people.browser); // it was for one person
    const other = await openDevice({ invite: code });
    assert.deepEqual([other.error, other.user_code], ['invalid_grant', undefined]);
    await second.done();
  });

  test('an invitation typed at /activate does the same, and one that is none is said to be', async () => {
    const code = await invite(), device = await openDevice();
    const page = await freshPage(people.browser);
    await enter(page, device, code);
    await page.fill('#invite', `${code.slice(0, -8)}AAAAAAA=`);
    await page.click('button[type=submit]');
    await page.waitForSelector('[role=alert]');
    assert.match(await page.textContent('[role=alert]'), /no invitation.s code|cannot be accepted/);
    await checkSound(page, 'activate with a problem');
    await page.fill('#invite', code);
    await page.click('button[type=submit]');
    assert.match(await confirmed(page), /viewer/);
    await page.checkHidden();
    await page.click('button[value=yes]');
    await page.waitForSelector('text=Your invitation is accepted.');
    assert.deepEqual(Object.keys(await worth(await device.poll())), [org]);
    await page.done();
  });

  test('who has nothing but an invitation makes an account with a password on the way to /activate', async () => {
    const name = `dee-${unique()}@example.com`;
    const code = await invite({ email: name }), device = await openDevice({ invite: await invite({ roleUid: roles.get('editor') }) });
    const page = await freshPage(people.browser);
    await page.goto(device.verification_uri_complete);
    await page.fill('#invite', 'no code');
    await page.click('text=Go on with the invitation');
    await page.waitForSelector('[role=alert]');
    await show(page, 'choose-device');
    await page.fill('#invite', code);
    await page.click('text=Go on with the invitation');
    await page.click('text=Make an account with a password');
    await page.fill('#name', 'Dee');
    await typePassword(page, name);
    await page.waitForSelector('#user-code');
    assert.equal(await page.inputValue('#user-code'), device.user_code);
    assert.match(await page.textContent('main'), /Your invitation is shown next/);
    await page.click('button[type=submit]');
    const text = await confirmed(page);
    assert.match(text, /viewer/);
    assert.doesNotMatch(text, /editor/, 'what was typed goes before what the device brought');
    await page.click('button[value=yes]');
    await page.waitForSelector('text=Your invitation is accepted.');
    assert.deepEqual(Object.keys(await worth(await device.poll())), [org]);
    await page.done();
  });

  test('who cancels joins nothing; who has no invitation is told what to do, and gets no account unasked', async () => {
    const cancelled = await openDevice({ invite: await invite() }), plain = await openDevice();
    const page = await freshPage(people.browser);
    const account = await enter(page, cancelled);
    await page.click('button[type=submit]');
    await confirmed(page);
    await page.click('button[value=no]');
    await page.waitForSelector('text=Nothing was given out');
    assert.equal((await cancelled.poll()).error, 'access_denied');
    await page.goto(plain.verification_uri_complete);
    people.google.account = account;
    await page.click('text=Continue with Google');
    await page.waitForSelector('#user-code');
    assert.match(await page.textContent('main'), /You have no account here yet\..*ask an owner of your organization/s);
    await page.click('button[type=submit]');
    assert.match(await confirmed(page), /none yet: the program may do nothing until an owner/);
    await show(page, 'confirm-device-new');
    await page.click('button[value=yes]');
    await page.waitForSelector('text=Your device is signed in');
    const tokens = await plain.poll();
    assert.ok(tokens.id_token && !tokens.refresh_token, JSON.stringify(tokens));
    assert.equal((await as(tokens.id_token, 'POST', `/sts/exchange?aud=${encodeURIComponent(world.url)}`)).status, 404);
    await page.done();
  });

  test('an organization that wants no codes: nobody joins by one, whenever it says so, and nothing is given', async () => {
    people.admin = await people.operator.token();
    const home = ok(await as(people.admin, 'POST', '/iam/v2/groups', { name: `strict-${unique()}.example` })).uid;
    const rule = async (codeSignInOff) => ok(await as(people.admin, 'PUT', `/reeve/v1/organizations/${home}/signInRules`, { codeSignInOff }));
    const code = ok(await as(people.admin, 'POST', `/iam/v2/groupInvites/${home}`, { roleUid: roles.get('viewer'), ttl: '3600s' })).code;
    const bindings = async () => ok(await as(people.admin, 'GET', `/iam/v2/roleBindings?group=${home}`)).totalCount;
    const before = await bindings();
    const none = async (account) => assert.equal(await bindings(), before, `${account} has joined`);
    const device = await openDevice({ invite: code }), page = await freshPage(people.browser);
    const account = await enter(page, device, code);
    await rule(true);
    await page.click('button[type=submit]'); // before the question
    await page.waitForSelector('text=does not allow sign-in by a code');
    await rule(false);
    await enter(page, device, code);
    await page.click('button[type=submit]');
    await confirmed(page);
    await rule(true);
    await page.click('button[value=yes]'); // and after it
    await page.waitForSelector('text=does not allow sign-in by a code');
    await none(account);
    assert.equal((await device.poll()).error, 'authorization_pending');
    const { error, error_description: description } = await openDevice({ invite: code });
    assert.equal(error, 'access_denied');
    assert.match(description, /switched off/);
    const { generateKeyPairSync } = await import('node:crypto'); // nor by a key
    const key = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }).x;
    await page.goto(`${world.url}/oauth?${new URLSearchParams({ headless_code: key, connection: 'google-oauth2', invite: code })}`);
    await page.waitForSelector('text=does not allow sign-in by a code');
    await none(account);
    await page.done();
  });

  test('a program elsewhere with a key: its hash is shown, the question asked, the session handed over', async () => {
    const { generateKeyPairSync } = await import('node:crypto');
    const code = generateKeyPairSync('x25519').publicKey.export({ format: 'jwk' }).x;
    const page = await freshPage(people.browser);
    await page.goto(`${world.url}/oauth?headless_code=${code}`);
    const hash = createHash('sha256').update(code).digest('hex');
    const shown = `${hash.slice(0, 4)}-${hash.slice(4, 8)}`;
    assert.match(await page.textContent('main'), new RegExp(shown));
    await page.click('text=Continue with a password');
    await typePassword(page, login);
    await page.waitForSelector('text=Finish signing in?');
    assert.match(await page.textContent('main'), new RegExp(shown));
    await show(page, 'confirm-headless');
    assert.equal((await call(world, null, 'GET', `/sts/headless_sessions?code=${code}`)).status, 404);
    await page.click('button[value=yes]');
    await page.waitForSelector('text=You are signed in there');
    const session = ok(await call(world, null, 'GET', `/sts/headless_sessions?code=${code}`));
    assert.ok(session.encryptedIdtoken.length > 100);
    await page.done();
  });
});

test('over TLS of our own, and without local accounts where they are switched off', async () => {
  const folder = mkdtempSync(path.join(tmpdir(), 'reeve-tls-'));
  const tls = makeCertificate(folder);
  const safe = await openWorld({ tls });
  const without = await openWorld({ flags: ['--login.email', 'false'] });
  try {
    const operator = await openOperator(safe);
    const admin = await operator.token();
    const made = ok(await call(safe, admin, 'POST', '/reeve/v1/accounts', { login: 'ada@example.com', name: 'Ada' }));
    const page = await freshPage(people.browser, { ignoreHTTPSErrors: true });
    await page.goto(made.link);
    await page.fill('#password', PASSWORD);
    await page.click('button[type=submit]');
    await page.waitForSelector('text=Your password is set');
    const query = new URLSearchParams({ exit: 'redirect', connection: 'email', redirect: people.program.redirect });
    await page.goto(`${safe.url}/oauth?${query}`);
    await typePassword(page, 'ada@example.com');
    await page.waitForSelector('#done');
    const got = await people.program.next();
    assert.equal(claimsOf(got.token).iss, safe.url);
    assert.ok((await page.context().cookies(safe.url)).every(({ name, secure }) => name.startsWith('__Host-') && secure));
    await page.goto(`${without.url}/oauth?exit=redirect&redirect=${encodeURIComponent(people.program.redirect)}`);
    assert.match(await page.textContent('main'), /offers no sign-in of its own/);
    await checkSound(page, 'nothing to choose');
    assert.equal((await page.goto(`${without.url}/sign-in/local?flow=${'A'.repeat(22)}`)).status(), 404);
    await page.done();
  } finally {
    await Promise.all([safe.close(), without.close()]);
    rmSync(folder, { recursive: true, force: true });
  }
});
