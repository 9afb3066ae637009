// Foreign issuers that are really there: oidc-provider, and one whose tokens jose signs; discovery, algorithms, rotation,
// outages, an issuer behind its own certificate authority.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { readFileSync, mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';
import { makeCertificate } from './certificate.mjs';
import { call, claimsOf, exchange, freePort, now, openOperator, openWorld } from './world.mjs';

// An issuer of our own, signing with jose. `answer` may change what it publishes: null for an outage.
async function openJoseIssuer({ tls } = {}) {
  const issuer = { keys: [], fetched: 0, answer: (document) => document };
  const respond = (request, response) => {
    const documents = {
      '/.well-known/openid-configuration': () => ({ issuer: issuer.url, jwks_uri: `${issuer.url}/keys` }),
      '/keys': () => { issuer.fetched++; return { keys: issuer.keys.map((key) => key.jwk) }; },
    };
    const document = documents[request.url] ? issuer.answer(documents[request.url](), request) : null;
    response.writeHead(document ? 200 : 503, { 'content-type': 'application/json' });
    response.end(JSON.stringify(document ?? {}));
  };
  issuer.server = tls ? https.createServer({ cert: tls.pem, key: readFileSync(tls.key) }, respond) : http.createServer(respond);
  const port = await freePort();
  await new Promise((resolve) => { issuer.server.listen(port, '127.0.0.1', resolve); });
  issuer.host = `127.0.0.1:${port}`;
  issuer.url = `${tls ? 'https' : 'http'}://${issuer.host}`;
  issuer.addKey = async (alg, options = {}) => {
    const pair = await generateKeyPair(alg, { extractable: true });
    const key = { alg, kid: randomUUID(), privateKey: pair.privateKey };
    key.jwk = { ...await exportJWK(pair.publicKey), kid: key.kid, alg, use: 'sig' };
    if (!options.hidden) issuer.keys.push(key);
    return key;
  };
  issuer.token = (key, audience, subject = 'job', claims = {}) => new SignJWT(claims).setProtectedHeader({ alg: key.alg, kid: key.kid })
    .setIssuer(issuer.url).setSubject(subject).setAudience(audience).setIssuedAt().setExpirationTime('10m').setJti(randomUUID()).sign(key.privateKey);
  issuer.close = () => { issuer.server.closeAllConnections(); return new Promise((resolve) => { issuer.server.close(resolve); }); };
  return issuer;
}

// A real OpenID provider; `audience` is told later.
async function openProvider() {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const peer = { url, host: `127.0.0.1:${port}`, audience: 'none' };
  const pair = await generateKeyPair('RS256', { extractable: true });
  const provider = new Provider(url, {
    clients: [{ client_id: 'ci-job', client_secret: 'a-secret-of-the-test', grant_types: ['client_credentials'], redirect_uris: [], response_types: [] }],
    jwks: { keys: [{ ...await exportJWK(pair.privateKey), kid: 'provider-1', alg: 'RS256', use: 'sig' }] },
    features: {
      devInteractions: { enabled: false },
      clientCredentials: { enabled: true },
      resourceIndicators: {
        enabled: true, defaultResource: () => peer.audience,
        getResourceServerInfo: () => ({ scope: '', audience: peer.audience, accessTokenFormat: 'jwt', accessTokenTTL: 600, jwt: { sign: { alg: 'RS256' } } }),
      },
    },
  });
  const server = http.createServer(provider.callback());
  await new Promise((resolve) => { server.listen(port, '127.0.0.1', resolve); });
  peer.token = async () => {
    const response = await fetch(`${url}/token`, {
      method: 'POST', headers: { authorization: `Basic ${Buffer.from('ci-job:a-secret-of-the-test').toString('base64')}` },
      body: new URLSearchParams({ grant_type: 'client_credentials', resource: peer.audience }),
    });
    const body = await response.json();
    assert.equal(response.status, 200, JSON.stringify(body));
    return body.access_token;
  };
  peer.close = () => { server.closeAllConnections(); return new Promise((resolve) => { server.close(resolve); }); };
  return peer;
}

let folder, jose, rotating, failing, tlsIssuer, provider, authority, world, admin, org;

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'reeve-peers-'));
  authority = makeCertificate(folder);
  [jose, rotating, failing, tlsIssuer, provider] = await Promise.all([openJoseIssuer(), openJoseIssuer(), openJoseIssuer(), openJoseIssuer({ tls: authority }), openProvider()]);
  world = await openWorld({ flags: ['--fetch.allow-http', [jose, rotating, failing, provider].map((one) => one.host).join(','), '--fetch.allow-hosts', tlsIssuer.host, '--fetch.ca-file', authority.certificate] });
  provider.audience = world.url;
  admin = await (await openOperator(world)).token();
  org = (await call(world, admin, 'POST', '/iam/v2/groups', { name: 'peers' })).body.uid;
});

after(async () => {
  const end = await Promise.allSettled([world?.close()]);
  await Promise.all([jose, rotating, failing, tlsIssuer, provider].map((one) => one?.close()));
  rmSync(folder, { recursive: true, force: true });
  if (end[0].status === 'rejected') throw end[0].reason;
});

async function identity(claimMatch) {
  const made = await call(world, admin, 'POST', `/iam/v2/identities/${org}`, { name: 'job', claimMatch });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  return made.body.uid;
}

describe('foreign issuers', { concurrency: true }, () => {
  test('a token of oidc-provider, found by its own discovery, is exchanged', async () => {
    const who = await identity({ issuer: provider.url, subject: 'ci-job' });
    const got = await exchange(world, await provider.token(), who);
    assert.equal(got.status, 200, JSON.stringify(got.body));
    assert.deepEqual([claimsOf(got.body.token).sub, claimsOf(got.body.token).act.iss], [who, provider.url]);
    const other = await identity({ issuer: provider.url, subject: 'another-job' });
    assert.equal((await exchange(world, await provider.token(), other)).status, 403);
  });

  test('RS256, RS512, PS256, ES256, ES384, ES512 and EdDSA of jose are taken, each by its key alone', async () => {
    const who = await identity({ issuer: jose.url, subject: 'job' });
    const keys = [];
    for (const alg of ['RS256', 'RS512', 'PS256', 'ES256', 'ES384', 'ES512', 'EdDSA']) keys.push(await jose.addKey(alg));
    for (const key of keys) {
      const got = await exchange(world, await jose.token(key, world.url), who);
      assert.equal(got.status, 200, `${key.alg}: ${JSON.stringify(got.body)}`);
    }
    // one key's id over another key's signature
    for (const [i, key] of keys.entries()) {
      const forged = { ...key, kid: keys[(i + 1) % keys.length].kid };
      assert.equal((await exchange(world, await jose.token(forged, world.url), who)).status, 401, key.alg);
    }
    assert.equal(jose.fetched, 1, 'one fetch serves them all');
  });

  test('an issuer behind its own authority is fetched with fetch.ca-file (requirement 14)', async () => {
    const who = await identity({ issuer: tlsIssuer.url, subject: 'job' });
    const key = await tlsIssuer.addKey('ES256');
    const got = await exchange(world, await tlsIssuer.token(key, world.url), who);
    assert.equal(got.status, 200, JSON.stringify(got.body));
  });

  test('requirement 14: without the authority the same issuer is not believed', async () => {
    const bare = await openWorld({ flags: ['--fetch.allow-hosts', tlsIssuer.host] });
    try {
      const root = await (await openOperator(bare)).token();
      const home = (await call(bare, root, 'POST', '/iam/v2/groups', { name: 'peers' })).body.uid;
      const who = (await call(bare, root, 'POST', `/iam/v2/identities/${home}`, { name: 'job', claimMatch: { issuer: tlsIssuer.url, subject: 'job' } })).body.uid;
      const key = await tlsIssuer.addKey('ES256');
      assert.equal((await exchange(bare, await tlsIssuer.token(key, bare.url), who)).status, 503);
    } finally { await bare.close(); }
  });

  test('keys that an issuer rotates are found with one more fetch, not one a request', async () => {
    const who = await identity({ issuer: rotating.url, subject: 'job' });
    const first = await rotating.addKey('ES256');
    assert.equal((await exchange(world, await rotating.token(first, world.url), who)).status, 200);
    rotating.keys.length = 0;
    const second = await rotating.addKey('ES256');
    // asked for again no sooner than 30 s after the last fetch, whatever comes meanwhile
    const began = now();
    let status, tries = 0;
    do {
      status = (await exchange(world, await rotating.token(second, world.url), who)).status;
      tries++;
      if (status !== 200) { assert.equal(status, 401); await new Promise((resolve) => setTimeout(resolve, 500)); }
    } while (status !== 200 && now() - began < 90);
    assert.equal(status, 200, 'the new key is taken');
    assert.ok(tries > 3, `${tries} tries`);
    assert.equal(rotating.fetched, 2);
    assert.equal((await exchange(world, await rotating.token(first, world.url), who)).status, 401, 'the old key is gone with its set');
  });

  test('while an issuer does not answer its last keys serve on, and an unknown key is refused', async () => {
    const who = await identity({ issuer: failing.url, subject: 'job' });
    const key = await failing.addKey('ES256');
    assert.equal((await exchange(world, await failing.token(key, world.url), who)).status, 200);
    failing.answer = () => null;
    const hidden = await failing.addKey('ES256', { hidden: true });
    const refused = await exchange(world, await failing.token(hidden, world.url), who);
    assert.ok([401, 503].includes(refused.status), JSON.stringify(refused.body));
    assert.equal((await exchange(world, await failing.token(key, world.url), who)).status, 200, 'the known key serves on');
  });

  test('an issuer that was never reached is UNAVAILABLE, and asked again no sooner than its turn', async () => {
    const dead = await openJoseIssuer();
    dead.answer = () => null;
    const other = await openWorld({ flags: ['--fetch.allow-http', dead.host] });
    try {
      const root = await (await openOperator(other)).token();
      const home = (await call(other, root, 'POST', '/iam/v2/groups', { name: 'peers' })).body.uid;
      const who = (await call(other, root, 'POST', `/iam/v2/identities/${home}`, { name: 'job', claimMatch: { issuer: dead.url, subject: 'job' } })).body.uid;
      const key = await dead.addKey('ES256');
      let asked = 0;
      dead.answer = () => { asked++; return null; };
      for (let i = 0; i < 5; i++) assert.equal((await exchange(other, await dead.token(key, other.url), who)).status, 503);
      assert.equal(asked, 1);
    } finally { await other.close(); await dead.close(); }
  });
});
