// Our issuer's OAuth endpoints over the wire: a script that misbehaves in every way it can think of, and openid-client, which does
// not.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import * as openid from 'openid-client';
import { randomUUID } from 'node:crypto';
import { call, claimsOf, exchange, openIssuer, openOperator, openWorld, send } from './world.mjs';

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
let world, google, secrets;
// Whoever asks too much is known by address: each test comes from its own.
let addresses = 1;
const fresh = () => { addresses++; return `127.0.${addresses >> 8}.${addresses & 255}`; };

before(async () => {
  google = await openGoogle();
  secrets = mkdtempSync(path.join(tmpdir(), 'reeve-secret-'));
  writeFileSync(path.join(secrets, 'google'), 'a-secret-of-the-test\n', { mode: 0o600 });
  world = await openWorld({ issuer: google, flags: ['--login.google.client-id', 'reeve-at-google', '--login.google.client-secret-file', path.join(secrets, 'google'), '--login.google.issuer', google.url] });
});
after(async () => {
  google?.server.closeAllConnections();
  await google?.close();
  rmSync(secrets, { recursive: true, force: true });
  await world?.close();
});

// A provider whose person says yes to everything: who that is, the test says.
async function openGoogle() {
  const issuer = await openIssuer(), given = new Map();
  issuer.person = { sub: 'ada', email: 'ada@example.com', email_verified: true, name: 'Ada' };
  const [documents] = issuer.server.listeners('request');
  issuer.server.removeAllListeners('request');
  issuer.server.on('request', async (request, response) => {
    const url = new URL(request.url, issuer.url);
    if (url.pathname === '/.well-known/openid-configuration') {
      response.setHeader('content-type', 'application/json');
      return response.end(JSON.stringify({ issuer: issuer.url, jwks_uri: `${issuer.url}/jwks`, authorization_endpoint: `${issuer.url}/auth`, token_endpoint: `${issuer.url}/token` }));
    }
    if (url.pathname === '/auth') {
      const code = randomUUID();
      given.set(code, { ...issuer.person, nonce: url.searchParams.get('nonce'), aud: url.searchParams.get('client_id') });
      const back = new URL(url.searchParams.get('redirect_uri'));
      back.search = new URLSearchParams({ code, state: url.searchParams.get('state') });
      return response.writeHead(302, { location: back.href }).end();
    }
    if (url.pathname === '/token') {
      let body = '';
      for await (const part of request) body += part;
      const claims = given.get(new URLSearchParams(body).get('code'));
      response.setHeader('content-type', 'application/json');
      return response.end(JSON.stringify({ access_token: 'x', token_type: 'Bearer', id_token: issuer.token(claims) }));
    }
    return documents(request, response);
  });
  return issuer;
}

// As much of a browser as the pages need: cookies, redirects, forms.
class Browser {
  cookies = new Map();
  from = fresh();

  async go(target, answers) {
    let url = new URL(target, world.url), body = answers && new URLSearchParams(answers).toString();
    for (let hops = 0; hops < 10; hops++) {
      const own = url.origin === world.url;
      if (!own && url.origin !== google.url) return { url }; // a client's own target
      const headers = own ? { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; '), 'sec-fetch-site': body ? 'same-origin' : 'none' } : {};
      const { status, headers: told, text } = await request(url, { method: body ? 'POST' : 'GET', headers: { ...headers, ...(body ? form : {}) }, body, from: this.from });
      for (const line of (own && told['set-cookie']) || []) {
        const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
        if (/max-age=0/i.test(line)) this.cookies.delete(name);
        else this.cookies.set(name, value);
      }
      if (!told.location) return { url, status, text };
      url = new URL(told.location, url);
      body = undefined;
    }
    throw new Error('it goes round in circles');
  }

  // Sends the page's form with these answers besides what it hides.
  submit(page, answers) {
    const [, action, inside] = /<form method="post" action="([^"]+)">([\s\S]*?)<\/form>/.exec(page.text) ?? assert.fail(page.text);
    const hidden = [...inside.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)].map(([, name, value]) => [name, value]);
    return this.go(action, { ...Object.fromEntries(hidden), ...answers });
  }

  async signIn(target) {
    const choose = await this.go(target);
    const [, link] = /href="(\/sign-in\/with[^"]*connection=google-oauth2)"/.exec(choose.text) ?? assert.fail(choose.text);
    return this.go(link.replaceAll('&amp;', '&'));
  }

  // What somebody does with a device's code; the page they were asked on.
  async activate(userCode, answer = 'yes') {
    const typed = await this.signIn('/activate');
    assert.match(typed.text, /Enter the code/);
    const asked = await this.submit(typed, { user_code: userCode });
    if (answer) await this.submit(asked, { answer });
    return asked;
  }
}

function request(target, { method = 'GET', headers = {}, body, from = '127.0.0.1' }) {
  return new Promise((resolve, reject) => {
    const length = body === undefined ? {} : { 'content-length': Buffer.byteLength(body) };
    const sent = http.request(new URL(target, world.url), { method, localAddress: from, agent: false, headers: { ...length, connection: 'close', ...headers } }, (response) => {
      let text = '';
      response.on('data', (part) => { text += part; });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

const form = { 'content-type': 'application/x-www-form-urlencoded' };

async function post(target, parameters, { from, headers = {}, text = new URLSearchParams(parameters).toString() } = {}) {
  const answer = await request(target, { method: 'POST', headers: { ...form, ...headers }, body: text, from });
  return { status: answer.status, headers: answer.headers, json: JSON.parse(answer.text) };
}

const begin = (options, parameters = {}) => post('/oauth2/device_authorization', { client_id: 'reeve', scope: 'openid', ...parameters }, options);
const poll = (code, options, parameters = {}) => post('/oauth2/token', { grant_type: deviceGrant, client_id: 'reeve', device_code: code, ...parameters }, options);

async function refused(answer, status, error) {
  const { headers, json, ...rest } = await answer;
  assert.equal(json.error, error, JSON.stringify(json));
  assert.equal(rest.status, status);
  assert.deepEqual(Object.keys(json), ['error', 'error_description']);
  assert.match(json.error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  assert.equal(headers['content-type'], 'application/json');
  assert.equal(headers['cache-control'], 'no-store');
}

describe('a device', () => {
  test('gets a code of eight letters, a secret and the page to go to', async () => {
    const { status, headers, json } = await begin({ from: fresh() });
    assert.equal(status, 200);
    assert.equal(headers['cache-control'], 'no-store');
    assert.deepEqual(Object.keys(json), ['device_code', 'user_code', 'verification_uri', 'verification_uri_complete', 'expires_in', 'interval']);
    assert.match(json.user_code, /^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    assert.match(json.device_code, /^[\w-]{43}$/);
    assert.equal(json.verification_uri, `${world.url}/activate`);
    assert.equal(json.verification_uri_complete, `${world.url}/activate?user_code=${json.user_code}`);
    assert.equal(json.expires_in, 900);
    assert.equal(json.interval, 5);
  });

  test('waits, and is slowed down when it cannot', async () => {
    const from = fresh();
    const { json } = await begin({ from });
    await refused(poll(json.device_code, { from }), 400, 'authorization_pending');
    for (let i = 0; i < 20; i++) await refused(poll(json.device_code, { from }), 400, 'slow_down');
    const { json: told } = await poll(json.device_code, { from });
    assert.match(told.error_description, /wait 60 seconds/);
  });

  test('is told by many connections at once what it is told by one', async () => {
    const from = fresh();
    const { json } = await begin({ from });
    const answers = await Promise.all(Array.from({ length: 20 }, () => poll(json.device_code, { from })));
    assert.equal(answers.filter((one) => one.json.error === 'authorization_pending').length, 1);
    assert.equal(answers.filter((one) => one.json.error === 'slow_down').length, 19);
  });

  test('CVE-2026-55672: of another client has no claim to a code', async () => {
    const from = fresh();
    const { json } = await begin({ from });
    await refused(poll(json.device_code, { from }, { client_id: 'auth0' }), 400, 'invalid_grant');
    await refused(poll(json.device_code, { from }, { client_id: 'somebody' }), 401, 'invalid_client');
    await refused(poll(json.device_code, { from }, { client_id: '' }), 401, 'invalid_client');
    await refused(poll(json.device_code, { from }), 400, 'authorization_pending');
  });

  test('gets nothing for what is no code', async () => {
    const from = fresh();
    const { json } = await begin({ from });
    const code = json.device_code;
    for (const wrong of ['', 'x', 'A'.repeat(43), code.slice(0, -1), `${code}A`, code.toLowerCase(), ` ${code}`, json.user_code, 'A'.repeat(10000)]) {
      await refused(poll(wrong, { from }), 400, 'invalid_grant');
    }
  });

  test('is refused in RFC 6749\'s form whatever it sends', async () => {
    const from = fresh();
    await refused(post('/oauth2/token', {}, { from }), 400, 'invalid_request');
    await refused(post('/oauth2/token', { client_id: 'reeve', grant_type: 'password', username: 'a', password: 'b' }, { from }), 400, 'unsupported_grant_type');
    await refused(post('/oauth2/token', {}, { from, text: `grant_type=${deviceGrant}&client_id=reeve&client_id=auth0&device_code=x` }), 400, 'invalid_request');
    await refused(post('/oauth2/token', {}, { from, text: 'grant_type=%ff%fe' }), 400, 'invalid_request');
    await refused(post('/oauth2/token', {}, { from, text: '{"grant_type":"refresh_token"}', headers: { 'content-type': 'application/json' } }), 400, 'invalid_request');
    await refused(begin({ from }, { client_id: 'some"body\\' }), 401, 'invalid_client');
    await refused(begin({ from }, { scope: 'a'.repeat(513) }), 400, 'invalid_scope');
    assert.equal((await send(world, 'GET', '/oauth2/token?grant_type=x')).status, 405);
  });

  test('CVE-2024-23647: a made-up authorization code is none, with and without a verifier', async () => {
    const from = fresh();
    const asked = { grant_type: 'authorization_code', client_id: 'reeve', redirect_uri: 'http://127.0.0.1:1/' };
    await refused(post('/oauth2/token', asked, { from }), 400, 'invalid_grant');
    for (const code of ['x', 'A'.repeat(400), 'A'.repeat(20000), '%']) {
      await refused(post('/oauth2/token', { ...asked, code, code_verifier: 'v'.repeat(43) }, { from }), 400, 'invalid_grant');
    }
  });
});

describe('strangers', () => {
  test('cannot take the room of others', async () => {
    const from = fresh();
    const answers = [];
    for (let i = 0; i < 120; i++) answers.push((await begin({ from })).status);
    assert.deepEqual(answers.slice(0, 100), Array(100).fill(200));
    assert.deepEqual(answers.slice(100), Array(20).fill(429));
    await refused(begin({ from }), 429, 'temporarily_unavailable');
    assert.equal((await begin({ from: fresh() })).status, 200);
  });

  test('who guess at device codes are stopped, and nobody else is', async () => {
    const from = fresh();
    const victim = (await begin({ from })).json.device_code;
    let last;
    for (let i = 0; i < 301; i++) last = await poll(Buffer.alloc(32, i).toString('base64url'), { from });
    assert.equal(last.status, 429);
    assert.equal(last.headers['retry-after'], '60');
    await refused(poll(victim, { from }), 400, 'authorization_pending');
    await refused(poll('A'.repeat(43), { from: fresh() }), 400, 'invalid_grant');
  });

  test('reach no row that only the server calls', async () => {
    for (const target of ['/oauth2/keep_device', '/reeve/v1/oauth:takeDevice', '/oauth2/decide_device', '/reeve/v1/sessions:useCode', '/reeve.v1.Sessions/UseCode']) assert.equal((await send(world, 'POST', target)).status, 404);
  });
});

const patience = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a person', () => {
  test('Storm-2372: sees who asks from where, says yes, and the device has tokens once', async () => {
    const from = fresh();
    const { json } = await begin({ from, headers: { 'user-agent': 'kiosk/1.0' } });
    const asked = await new Browser().activate(json.user_code.toLowerCase().replace('-', ''), null);
    for (const shown of ['kiosk/1.0', from, json.user_code, 'Ada', 'command line']) assert.ok(asked.text.includes(shown), `${shown}: ${asked.text}`);
    await refused(poll(json.device_code, { from }), 400, 'authorization_pending');
    await new Browser().activate(json.user_code);
    await patience(4500);
    const answers = await Promise.all([1, 2, 3].map(() => poll(json.device_code, { from })));
    const given = answers.filter((one) => one.status === 200);
    assert.equal(given.length, 1, JSON.stringify(answers.map((one) => one.json)));
    const { id_token: token, access_token: access, token_type: type, expires_in: life } = given[0].json;
    assert.equal(access, token);
    assert.equal(type, 'Bearer');
    assert.equal(life, 300);
    const claims = claimsOf(token);
    assert.equal(claims.iss, world.url);
    assert.equal(claims.aud, 'reeve');
    assert.equal(claims.email, 'ada@example.com');
    assert.equal(claims.email_verified, true);
    assert.equal(claims.upstream.sub, 'ada');
    await refused(poll(json.device_code, { from }), 400, 'invalid_grant');
  });

  test('an address that nobody verified is not in the token', async () => {
    const from = fresh();
    const { json } = await begin({ from });
    google.person = { sub: 'eve', email: 'ada@example.com', email_verified: false, name: 'Eve' };
    await new Browser().activate(json.user_code);
    google.person = { sub: 'ada', email: 'ada@example.com', email_verified: true, name: 'Ada' };
    const { json: answer } = await poll(json.device_code, { from });
    assert.equal(claimsOf(answer.id_token).email, undefined);
    assert.equal(claimsOf(answer.id_token).email_verified, undefined);
  });

  test('says no, and the device is told', async () => {
    const from = fresh();
    const { json } = await begin({ from });
    await new Browser().activate(json.user_code, 'no');
    await refused(poll(json.device_code, { from }), 400, 'access_denied');
  });

  test('whom an invitation is not for is told so on the form, before the question, and may type another', async () => {
    const admin = await (await openOperator(world)).token();
    const org = await call(world, admin, 'POST', '/iam/v2/groups', { name: 'device.test' });
    const roles = await call(world, admin, 'GET', '/iam/v1/roles?parent=%2F');
    const viewer = roles.body.items.find((role) => role.name === 'viewer').id;
    const invite = async (email) => (await call(world, admin, 'POST', `/iam/v2/groupInvites/${org.body.uid}`, { roleUid: viewer, ttl: '600s', email })).body.code;
    const others = await invite('frida@example.com'), own = await invite('ivy@example.com');
    const refusal = /role="alert">The invitation cannot be accepted: the invite is for another e-mail address/;
    const { json } = await begin({ from: fresh() }, { invite: others });
    google.person = { sub: 'ivy', email: 'ivy@example.com', email_verified: true, name: 'Ivy' };
    const browser = new Browser();
    const typed = await browser.signIn('/activate');
    google.person = { sub: 'ada', email: 'ada@example.com', email_verified: true, name: 'Ada' };
    for (const answers of [{}, { invite: others }]) { // brought by the device, and typed
      const told = await browser.submit(typed, { user_code: json.user_code, ...answers });
      assert.match(told.text, refusal);
      assert.ok(!told.text.includes('frida'));
    }
    assert.match((await browser.submit(typed, { user_code: json.user_code, invite: own })).text, /Accept the invitation and finish signing in\?/);
  });

  test('may not type a code twice, nor one that is none', async () => {
    const from = fresh();
    const { json } = await begin({ from });
    await new Browser().activate(json.user_code);
    const again = await new Browser().activate(json.user_code, null);
    assert.match(again.text, /No device waits/);
    assert.match((await new Browser().activate('BBBB-BBBB', null)).text, /No device waits/);
  });

  // Guessing: docs/device-sign-in.md counts on it, however many codes of their own somebody types in between.
  test('has ten tries in a quarter of an hour, from wherever, and a code of their own gives no more', async () => {
    google.person = { sub: 'guesser', email: 'guesser@example.com', email_verified: true, name: 'Guesser' };
    const own = (await begin({ from: fresh() })).json.user_code;
    for (let i = 0; i < 9; i++) assert.match((await new Browser().activate('BBBB-BBBB', null)).text, /No device waits/);
    assert.match((await new Browser().activate(own, null)).text, /Finish signing in/);
    const last = await new Browser().activate('BBBB-BBBB', null);
    google.person = { sub: 'ada', email: 'ada@example.com', email_verified: true, name: 'Ada' };
    assert.equal(last.status, 429, last.text);
  });

  test('who guesses from one address has ten tries, whatever account they use', async () => {
    const from = fresh();
    let last;
    for (let i = 0; i < 11; i++) {
      google.person = { sub: `guesser-${i}`, email: `guesser-${i}@example.com`, email_verified: true, name: 'Guesser' };
      const browser = new Browser();
      browser.from = from;
      last = await browser.activate('BBBB-BBBB', null);
    }
    google.person = { sub: 'ada', email: 'ada@example.com', email_verified: true, name: 'Ada' };
    assert.equal(last.status, 429, last.text);
  });

  test('Storm-2372: is never asked for a code before signing in', async () => {
    const { json } = await begin({ from: fresh() });
    const page = await new Browser().go(`/activate?user_code=${json.user_code}`);
    assert.doesNotMatch(page.text, /<input id="user-code"/);
  });
});

describe('openid-client', () => {
  const discover = () => openid.discovery(new URL(world.url), 'reeve', undefined, openid.None(), { execute: [openid.allowInsecureRequests] });
  const redirect = 'http://127.0.0.1:45678/callback';

  async function ask(config, parameters = {}) {
    const verifier = openid.randomPKCECodeVerifier(), state = openid.randomState(), nonce = openid.randomNonce();
    const url = openid.buildAuthorizationUrl(config, { redirect_uri: redirect, scope: 'openid', state, nonce, code_challenge: await openid.calculatePKCECodeChallenge(verifier), code_challenge_method: 'S256', ...parameters });
    return { url, checks: { pkceCodeVerifier: verifier, expectedState: state, expectedNonce: nonce, idTokenExpected: true } };
  }
  async function consent(url) {
    const browser = new Browser();
    const asked = await browser.signIn(url.href);
    return (await browser.submit(asked, { answer: 'yes' })).url;
  }

  test('finds the endpoints in discovery', async () => {
    const metadata = (await discover()).serverMetadata();
    assert.equal(metadata.token_endpoint, `${world.url}/oauth2/token`);
    assert.equal(metadata.device_authorization_endpoint, `${world.url}/oauth2/device_authorization`);
    assert.equal(metadata.authorization_endpoint, `${world.url}/oauth2/authorize`);
    assert.deepEqual(metadata.grant_types_supported, ['authorization_code', 'refresh_token', deviceGrant]);
    assert.deepEqual(metadata.response_types_supported, ['code']);
    assert.deepEqual(metadata.token_endpoint_auth_methods_supported, ['none']);
    assert.equal(metadata.authorization_response_iss_parameter_supported, true);
    assert.ok(metadata.supportsPKCE());
  });

  test('begins, asks as often as it may, and stops when told to', async () => {
    const config = await discover();
    const begun = await openid.initiateDeviceAuthorization(config, { scope: 'openid email' });
    assert.match(begun.user_code, /^.{4}-.{4}$/);
    const asked = openid.pollDeviceAuthorizationGrant(config, begun, undefined, { signal: AbortSignal.timeout(12000) });
    await assert.rejects(asked, (error) => error.name === 'TimeoutError' || error.cause?.name === 'TimeoutError' || error.code === 'OAUTH_TIMEOUT' || error.code === 'OAUTH_ABORT');
  });

  test('signs in by the device flow, and its login token is exchanged once', async () => {
    const config = await discover();
    const begun = await openid.initiateDeviceAuthorization(config, { scope: 'openid' });
    const asked = openid.pollDeviceAuthorizationGrant(config, begun);
    await new Browser().activate(begun.user_code);
    const tokens = await asked;
    assert.equal(tokens.claims().upstream.sub, 'ada');
    assert.equal((await send(world, 'POST', '/auth/v1/register', { authorization: `Bearer ${tokens.id_token}`, 'content-type': 'application/json' }, '{}')).status, 200);
    assert.equal((await exchange(world, tokens.id_token)).status, 200);
    assert.equal((await exchange(world, tokens.id_token)).status, 401);
  });

  test('signs in by an authorization code: state, nonce, iss and PKCE hold', async () => {
    const config = await discover();
    const { url, checks } = await ask(config);
    const back = await consent(url);
    assert.equal(back.searchParams.get('iss'), world.url);
    const tokens = await openid.authorizationCodeGrant(config, back, checks);
    assert.equal(tokens.claims().nonce, checks.expectedNonce);
    assert.equal(tokens.claims().aud, 'reeve');
    assert.equal(tokens.refresh_token, undefined);
    await assert.rejects(openid.authorizationCodeGrant(config, back, checks), (error) => error.error === 'invalid_grant');
  });

  test('stays signed in with offline_access: each refresh token once', async () => {
    const config = await discover();
    const first = await ask(config);
    const before = await openid.authorizationCodeGrant(config, await consent(first.url), first.checks);
    await send(world, 'POST', '/auth/v1/register', { authorization: `Bearer ${before.id_token}`, 'content-type': 'application/json' }, '{}');
    const { url, checks } = await ask(config, { scope: 'openid offline_access' });
    const tokens = await openid.authorizationCodeGrant(config, await consent(url), checks);
    assert.ok(tokens.refresh_token);
    const next = await openid.refreshTokenGrant(config, tokens.refresh_token);
    assert.notEqual(next.refresh_token, tokens.refresh_token);
    assert.equal(claimsOf(next.access_token).aud, world.url);
    const validated = await send(world, 'GET', '/auth/v1/ok', { authorization: `Bearer ${next.access_token}` });
    assert.equal(validated.status, 200, validated.text);
  });

  test('CVE-2024-23647: is refused without PKCE, and told so at its own target', async () => {
    const config = await discover();
    const url = openid.buildAuthorizationUrl(config, { redirect_uri: redirect, scope: 'openid', state: 'xyz' });
    const { url: back } = await new Browser().go(url.href);
    assert.equal(back.searchParams.get('error'), 'invalid_request');
    assert.equal(back.searchParams.get('state'), 'xyz');
    assert.equal(back.searchParams.get('iss'), world.url);
  });

  test('is told at its own target, in OAuth\'s words, what cannot be done', async () => {
    const config = await discover();
    for (const [parameters, error] of [[{ response_type: 'token' }, 'unsupported_response_type'], [{ scope: 'a\\b' }, 'invalid_scope'], [{ prompt: 'none' }, 'login_required'], [{ request: 'x.y.z' }, 'request_not_supported'], [{ response_mode: 'fragment' }, 'invalid_request'], [{ code_challenge_method: 'plain' }, 'invalid_request']]) {
      const { url } = await ask(config);
      for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
      const { url: back } = await new Browser().go(url.href);
      assert.equal(back.searchParams.get('error'), error, back.href);
      assert.equal(back.searchParams.get('iss'), world.url);
      assert.match(back.searchParams.get('error_description'), /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
    }
    for (const redirect_uri of ['https://evil.example/cb', 'http://127.0.0.1:1@evil.example/', 'http://127.0.0.1.evil.example/']) {
      const { url } = await ask(config, { redirect_uri });
      assert.equal((await new Browser().go(url.href)).status, 400);
    }
  });

  test('a code of another verifier, client or target is none', async () => {
    const config = await discover();
    const { url, checks } = await ask(config);
    const code = (await consent(url)).searchParams.get('code'), from = fresh();
    const right = { grant_type: 'authorization_code', client_id: 'reeve', redirect_uri: redirect, code, code_verifier: checks.pkceCodeVerifier };
    await refused(post('/oauth2/token', { ...right, code_verifier: openid.randomPKCECodeVerifier() }, { from }), 400, 'invalid_grant');
    await refused(post('/oauth2/token', { ...right, code_verifier: '' }, { from }), 400, 'invalid_grant');
    await refused(post('/oauth2/token', { ...right, client_id: 'auth0' }, { from }), 400, 'invalid_grant');
    await refused(post('/oauth2/token', { ...right, redirect_uri: `${redirect}/` }, { from }), 400, 'invalid_grant');
    await refused(post('/oauth2/token', { ...right, code: code.slice(0, -2) }, { from }), 400, 'invalid_grant');
    assert.equal((await post('/oauth2/token', right, { from })).status, 200);
    await refused(post('/oauth2/token', right, { from }), 400, 'invalid_grant');
  });

  // A registered person's code that asks for a session, and the question for it.
  async function codeForSession(config) {
    const { url, checks } = await ask(config, { scope: 'openid offline_access' });
    const code = (await consent(url)).searchParams.get('code');
    return { grant_type: 'authorization_code', client_id: 'reeve', redirect_uri: redirect, code, code_verifier: checks.pkceCodeVerifier };
  }
  async function register(config) {
    const { url, checks } = await ask(config);
    const tokens = await openid.authorizationCodeGrant(config, await consent(url), checks);
    await send(world, 'POST', '/auth/v1/register', { authorization: `Bearer ${tokens.id_token}`, 'content-type': 'application/json' }, '{}');
  }
  const refresh = (token, from) => post('/oauth2/token', { grant_type: 'refresh_token', client_id: 'reeve', refresh_token: token }, { from });

  test('RFC 6749 4.1.2: a code used again ends the session its first use began, whatever comes with it, and no other', async () => {
    const config = await discover(), from = fresh();
    await register(config);
    const other = await post('/oauth2/token', await codeForSession(config), { from });
    for (const wrong of [{}, { code_verifier: openid.randomPKCECodeVerifier() }, { code_verifier: '' }, { client_id: 'auth0' }, { redirect_uri: `${redirect}/` }]) {
      const right = await codeForSession(config);
      const { status, json } = await post('/oauth2/token', right, { from });
      assert.equal(status, 200);
      const next = await refresh(json.refresh_token, from);
      assert.equal(next.status, 200);
      await refused(post('/oauth2/token', { ...right, code: `${right.code.slice(0, -1)}` }, { from: fresh() }), 400, 'invalid_grant'); // no code, no harm
      const again = await refresh(next.json.refresh_token, from);
      assert.equal(again.status, 200);
      await refused(post('/oauth2/token', { ...right, ...wrong }, { from: fresh() }), 400, 'invalid_grant');
      await refused(refresh(again.json.refresh_token, from), 400, 'invalid_grant');
    }
    assert.equal((await refresh(other.json.refresh_token, from)).status, 200);
  });

  test('RFC 6749 10.5: a code used by many at once gives one session at most, and a dead one', async () => {
    const config = await discover();
    await register(config);
    for (let round = 0; round < 5; round++) {
      const right = await codeForSession(config);
      const answers = await Promise.all(Array.from({ length: 8 }, () => post('/oauth2/token', right, { from: fresh() })));
      const given = answers.filter(({ status }) => status === 200);
      assert.ok(given.length <= 1, JSON.stringify(answers.map(({ status }) => status)));
      for (const { json } of answers.filter(({ status }) => status !== 200)) assert.equal(json.error, 'invalid_grant');
      for (const { json } of given) await refused(refresh(json.refresh_token, fresh()), 400, 'invalid_grant');
    }
  });
});
