// What existing clients require of the API and no script can say; the number is the requirement's.
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import { randomBytes } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { build, call, claimsOf, exchange, openOperator, openWorld, send } from '../e2e/world.mjs';
import { protocols } from './clients.mjs';
import { methods, readHandlers, require } from './contract.mjs';
import { openStage } from './stage.mjs';

const { createRemoteJWKSet, jwtVerify } = require('jose');
readHandlers(build);
const exchangeMethod = methods.get('oidc.v1.security_token.exchange');
let stage, plain;

before(async () => {
  stage = await openStage();
  plain = stage.of(stage.worlds.plain);
});
after(() => stage?.close());

// A workload under the things' organization: {uid, token(claims)}.
async function workload(about, subject = `w-${randomBytes(4).toString('hex')}`) {
  const made = await call(about.world, about.admin, 'POST', `/iam/v2/identities/${about.things.group}`, { name: 'w', claimMatch: { issuer: about.issuer.url, subject } });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  return { uid: made.body.uid, token: (claims) => about.issuer.token({ sub: subject, aud: about.world.url, ...claims }) };
}

test('requirement 2: who makes an organization owns it with the next token', async () => {
  const world = await openWorld({ issuer: stage.issuer, flags: ['--organizations.create', 'anyone']});
  try {
    const admin = await (await openOperator(world)).token();
    const home = (await call(world, admin, 'POST', '/iam/v2/groups', { name: 'home' })).body.uid;
    const who = (await call(world, admin, 'POST', `/iam/v2/identities/${home}`, { name: 'ada', claimMatch: { issuer: stage.issuer.url, subject: 'ada' } })).body.uid;
    const signIn = async () => (await exchange(world, stage.issuer.token({ sub: 'ada', aud: world.url }), who)).body.token;
    const first = await signIn();
    const made = await call(world, first, 'POST', '/iam/v2/groups', { name: 'mine' });
    assert.equal(made.status, 200, JSON.stringify(made.body));
    assert.equal((await call(world, first, 'POST', `/iam/v2/groups/${made.body.uid}`, { name: 'folder' })).status, 403, 'the old token does not carry it');
    const second = await signIn();
    assert.equal((await call(world, second, 'POST', `/iam/v2/groups/${made.body.uid}`, { name: 'folder' })).status, 200);
    assert.deepEqual((await call(world, second, 'GET', `/iam/v1/groups?id=${made.body.uid}`)).body.items.map((item) => item.name), ['mine']);
  } finally { await world.close(); }
});

const ended = (session) => new Promise((resolve) => { session.once('close', resolve); });
const ping = (session, payload) => new Promise((resolve, reject) => { session.ping(payload, (error, _, answer) => (error ? reject(error) : resolve(answer))); });

describe('requirement 10', () => {
  test('HTTP/2 pings are answered with and without streams, bursts of them too', async () => {
    const session = http2.connect(plain.world.url);
    const errors = [];
    session.on('error', (error) => errors.push(error));
    session.on('goaway', (code) => errors.push(code));
    await new Promise((resolve) => { session.once('connect', resolve); });
    for (let i = 0; i < 20; i++) {
      const payload = randomBytes(8);
      assert.deepEqual(await ping(session, payload), payload);
    }
    const stream = session.request({ ':path': '/ping/v1/ping' });
    await ping(session, randomBytes(8));
    const status = await new Promise((resolve, reject) => { stream.on('response', (head) => resolve(head[':status'])); stream.on('error', reject); stream.resume(); });
    assert.equal(status, 200);
    await ping(session, randomBytes(8));
    assert.deepEqual(errors, []);
    const end = ended(session);
    session.close();
    await end;
  });
  test('an idle connection is told before it is closed', async () => {
    const world = await openWorld({ flags: ['--http.idle-timeout', '1s'] });
    try {
      const session = http2.connect(world.url);
      const seen = [];
      session.on('error', (error) => seen.push(error.message));
      session.on('goaway', (code) => seen.push(`GOAWAY ${code}`));
      await ended(session);
      assert.deepEqual(seen, ['GOAWAY 0']);
    } finally { await world.close(); }
  });
});

for (const [name, protocol] of Object.entries(protocols)) {
  test(`requirement 11: an authorization value of 32 KiB is accepted over ${name}`, async () => {
    const about = stage.of(protocol.world(stage.worlds));
    const connection = protocol.open(stage.worlds);
    try {
      const ada = await workload(about);
      const room = 32 * 1024 - 'Bearer '.length - ada.token({ pad: '' }).length;
      const token = ada.token({ pad: 'x'.repeat(Math.floor(room / 4) * 3 - 3) });
      assert.ok(token.length + 7 > 32 * 1024 - 16 && token.length + 7 <= 32 * 1024, `${token.length}`);
      const answer = await connection.call(exchangeMethod, { aud: [about.world.url], identity: ada.uid }, { token: `Bearer ${token}` });
      assert.equal(answer.fault, 'OK', answer.message);
    } finally { connection.close(); }
  });
}

test('requirement 12: discovery lists every algorithm in use, and our keys verify our tokens', async () => {
  const { body } = await call(plain.world, null, 'GET', '/.well-known/openid-configuration');
  assert.equal(body.issuer, plain.world.url);
  for (const algorithm of ['ES256', 'RS256']) assert.ok(body.id_token_signing_alg_values_supported.includes(algorithm), algorithm);
  const keys = createRemoteJWKSet(new URL(body.jwks_uri));
  const { payload, protectedHeader } = await jwtVerify(plain.admin, keys, { issuer: body.issuer, audience: plain.world.url, typ: 'at+jwt' });
  assert.equal(protectedHeader.alg, 'ES256');
  assert.equal(payload.sub, plain.operator.identityUid);
});

test('requirement 12: with token.algorithm RS256 the same holds', async () => {
  const world = await openWorld({ flags: ['--token.algorithm', 'RS256'] });
  try {
    const token = await (await openOperator(world)).token();
    const { protectedHeader } = await jwtVerify(token, createRemoteJWKSet(new URL(`${world.url}/.well-known/jwks.json`)), { issuer: world.url, audience: world.url });
    assert.equal(protectedHeader.alg, 'RS256');
    assert.equal((await call(world, token, 'GET', '/auth/v1/ok')).status, 200);
  } finally { await world.close(); }
});

test('requirement 15: unpopulated members are emitted, a oneof that is not set is not', async () => {
  const { body } = await call(plain.world, plain.admin, 'GET', `/iam/v2/groups/${plain.things.group}`);
  assert.deepEqual(Object.keys(body).sort(), ['createTime', 'description', 'kind', 'name', 'resourceLimits', 'status', 'uid', 'updateTime', 'verified']);
  assert.deepEqual([body.description, body.verified, body.kind, body.resourceLimits], ['', false, 'ORG_KIND_UNSPECIFIED', {}]);
  const identity = (await call(plain.world, plain.admin, 'GET', `/iam/v2/identities/${plain.things.identity}`)).body;
  assert.ok('staticKeys' in identity && !('claimMatch' in identity) && !('awsIdentity' in identity));
});

test('requirement 15: a misspelt member of a body is refused by name; one in query or form of the STS is ignored', async () => {
  const refused = await call(plain.world, plain.admin, 'POST', `/iam/v2/groups/${plain.things.group}`, { name: 'x', descripton: 'y' });
  assert.deepEqual([refused.status, /descripton/.test(refused.body.message)], [400, true]);
  const ada = await workload(plain);
  const query = await call(plain.world, ada.token(), 'GET', `/sts/exchange?${new URLSearchParams({ aud: plain.world.url, identity: ada.uid, colour: 'red' })}`);
  assert.equal(query.status, 200, JSON.stringify(query.body));
  const form = await send(plain.world, 'POST', '/sts/exchange', { authorization: `Bearer ${ada.token()}`, 'content-type': 'application/x-www-form-urlencoded' }, `${new URLSearchParams({ aud: plain.world.url, identity: ada.uid, colour: 'red' })}`);
  assert.equal(form.status, 200, form.text);
  assert.equal(claimsOf(JSON.parse(form.text).token).sub, ada.uid);
});
