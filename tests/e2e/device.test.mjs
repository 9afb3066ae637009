// Our issuer's OAuth endpoints over the wire: a script that misbehaves in every way it can think of, and openid-client, which does
// not.
import assert from 'node:assert/strict';
import http from 'node:http';
import { after, before, describe, test } from 'node:test';
import * as openid from 'openid-client';
import { openWorld, send } from './world.mjs';

const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
const form = { 'content-type': 'application/x-www-form-urlencoded' };
let world;

before(async () => { world = await openWorld(); });
after(() => world?.close());

// Whoever asks too much is known by address: each test comes from its own.
let addresses = 1;
const fresh = () => `127.0.${addresses >> 8}.${++addresses & 255}`;

function post(target, parameters, { from = '127.0.0.1', headers = {}, text } = {}) {
  const body = text ?? new URLSearchParams(parameters).toString();
  return new Promise((resolve, reject) => {
    const request = http.request(`${world.url}${target}`, { method: 'POST', localAddress: from, agent: false, headers: { ...form, 'content-length': Buffer.byteLength(body), connection: 'close', ...headers } }, (response) => {
      let answer = '';
      response.on('data', (part) => { answer += part; });
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, json: JSON.parse(answer) }));
    });
    request.on('error', reject);
    request.end(body);
  });
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
    for (const target of ['/oauth2/keep_device', '/reeve/v1/oauth:takeDevice', '/oauth2/decide_device']) assert.equal((await send(world, 'POST', target)).status, 404);
  });
});

describe('openid-client', () => {
  const discover = () => openid.discovery(new URL(world.url), 'reeve', undefined, openid.None(), { execute: [openid.allowInsecureRequests] });

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
});
