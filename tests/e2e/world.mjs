// A running Reeve for a test: its own data folder, its own port, a local issuer that its configuration allows.
import { spawn } from 'node:child_process';
import { createHash, createSign, generateKeyPairSync, randomUUID, sign as signBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

export const build = process.env.REEVE_BUILD ?? path.resolve('build');

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer();
    server.on('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

const url64 = (bytes) => Buffer.from(bytes).toString('base64url');

// A key pair and its public JWK.
export function newKey(kind = 'EC') {
  const pair = kind === 'RSA' ? generateKeyPairSync('rsa', { modulusLength: 2048 })
    : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const jwk = pair.publicKey.export({ format: 'jwk' });
  jwk.kid = createHash('sha256').update(JSON.stringify(jwk)).digest('base64url');
  jwk.alg = kind === 'RSA' ? 'RS256' : 'ES256';
  jwk.use = 'sig';
  return { kind, privateKey: pair.privateKey, jwk };
}

// A signed token: the key's algorithm unless the header says otherwise.
export function signToken(key, claims, header = {}) {
  const head = { alg: key.jwk.alg, kid: key.jwk.kid, ...header };
  const input = `${url64(JSON.stringify(head))}.${url64(JSON.stringify(claims))}`;
  const signature = key.kind === 'RSA' ? createSign('RSA-SHA256').update(input).sign(key.privateKey)
    : signBytes('sha256', Buffer.from(input), { key: key.privateKey, dsaEncoding: 'ieee-p1363' });
  return `${input}.${url64(signature)}`;
}

export const now = () => Math.floor(Date.now() / 1000);
export const claimsOf = (token) => JSON.parse(Buffer.from(token.split('.')[1], 'base64url'));

// A foreign issuer with real discovery.
export async function openIssuer() {
  const key = newKey('RSA');
  const issuer = { key, asked: 0, fetched: 0, keys: [key.jwk] };
  issuer.server = http.createServer((request, response) => {
    issuer.asked++;
    response.setHeader('content-type', 'application/json');
    if (request.url === '/.well-known/openid-configuration') {
      response.end(JSON.stringify({ issuer: issuer.url, jwks_uri: `${issuer.url}/jwks` }));
    } else if (/^\/(own|other|plain)\/\.well-known\/openid-configuration$/.test(request.url)) { // providers of organizations
      const own = issuer.url + request.url.replace(/\/\.well-known.*/, '');
      const endpoints = { authorization_endpoint: `${own}/authorize`, token_endpoint: `${own}/token` };
      const methods = request.url.startsWith('/plain') ? { code_challenge_methods_supported: ['plain'] } : {};
      response.end(JSON.stringify({ issuer: own, jwks_uri: `${issuer.url}/jwks`, ...endpoints, ...methods }));
    } else if (request.url === '/jwks') {
      issuer.fetched++;
      response.end(JSON.stringify({ keys: issuer.keys }));
    } else {
      response.statusCode = 404;
      response.end('{}');
    }
  });
  const port = await freePort();
  await new Promise((resolve) => issuer.server.listen(port, '127.0.0.1', resolve));
  issuer.host = `127.0.0.1:${port}`;
  issuer.url = `http://${issuer.host}`;
  issuer.token = (claims, using = key) => signToken(using, { iss: issuer.url, iat: now(), exp: now() + 600, jti: randomUUID(), ...claims });
  issuer.close = () => new Promise((resolve) => issuer.server.close(resolve));
  return issuer;
}

// Starts reeved and waits until it is ready; world.code is the first setup code.
// A folder that was given is left in place; is it a new one, say so.
// tls: {certificate, key, pem}: two paths, and what clients trust.
export async function openWorld({ issuer, registries = [], flags = [], data, isNew = !data, tls, port } = {}) {
  port ??= await freePort();
  const world = { port, url: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`, ca: tls?.pem, data: data ?? mkdtempSync(path.join(tmpdir(), 'reeve-e2e-')), log: '' };
  const args = ['--data', world.data, '--listen', `127.0.0.1:${port}`, ...flags];
  if (tls) args.push('--tls.certificate', tls.certificate, '--tls.key', tls.key);
  if (issuer) args.push('--fetch.allow-http', issuer.host);
  if (registries.length) args.push('--registries', registries.join(','));
  world.process = spawn(path.join(build, 'reeved'), args, { stdio: ['ignore', 'ignore', 'pipe'] });
  world.exited = new Promise((resolve) => world.process.on('exit', (code, signal) => resolve({ code, signal })));
  world.process.stderr.on('data', (bytes) => { world.log += bytes; });
  for (let i = 0; i < 200; i++) {
    const ready = await send(world, 'GET', '/readyz').then(({ status }) => status === 200, () => false);
    if (ready) break;
    if (world.process.exitCode !== null) throw new Error(`reeved ended:\n${world.log}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
  for (let i = 0; i < 40 && !world.log.includes('--code') && isNew; i++) await new Promise((resolve) => setTimeout(resolve, 25));
  world.code = /--code (\S+)/.exec(world.log)?.[1];
  world.close = async (signal = 'SIGTERM') => {
    if (world.process.exitCode === null && world.process.signalCode === null) world.process.kill(signal);
    const end = await world.exited;
    // The test build carries sanitizers: what they find, leaks at the end included, shows here.
    if (signal === 'SIGTERM' && (end.code !== 0 || /runtime error|Sanitizer/.test(world.log))) throw new Error(`reeved ended badly: ${JSON.stringify(end)}\n${world.log.slice(-4000)}`);
    if (!data) rmSync(world.data, { recursive: true, force: true });
    return end;
  };
  return world;
}

// One request, its text as it came: {status, text, headers}.
export function send(world, method, target, headers = {}, body = undefined) {
  return new Promise((resolve, reject) => {
    const options = { method, headers: { connection: 'close', ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }), ...headers }, ca: world.ca, agent: false };
    const request = (world.ca ? https : http).request(`${world.url}${target}`, options, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => {
        const got = new Headers(); // each Set-Cookie by itself
        for (let i = 0; i < response.rawHeaders.length; i += 2) got.append(response.rawHeaders[i], response.rawHeaders[i + 1]);
        resolve({ status: response.statusCode, text: Buffer.concat(parts).toString(), headers: got });
      });
    });
    request.on('error', reject);
    request.end(body);
  });
}

// One call: {status, body, headers}.
export async function call(world, token, method, target, body, headers = {}) {
  const { status, text, headers: got } = await send(world, method, target, {
    ...(token ? { authorization: `Bearer ${token}` } : {}), ...(body ? { 'content-type': 'application/json' } : {}), ...headers,
  }, body ? JSON.stringify(body) : undefined);
  let parsed = text;
  try { parsed = JSON.parse(text); } catch { /* not JSON */ }
  return { status, body: parsed, headers: got };
}

export async function exchange(world, token, identity, { audience = world.url, scopes = [], cap = [] } = {}) {
  const query = new URLSearchParams({ aud: audience });
  if (identity) query.set('identity', identity);
  for (const scope of scopes) query.append('scopes', scope);
  for (const name of cap) query.append('cap', name);
  return call(world, token, 'GET', `/sts/exchange?${query}`);
}

// Registers this machine's key with the setup code; operator.token() gives a fresh access token.
export async function openOperator(world, code = world.code) {
  const key = newKey('EC');
  const answer = await call(world, null, 'POST', '/reeve/v1/setup', { code, name: 'ada', jwk: JSON.stringify(key.jwk) });
  if (answer.status !== 200) throw new Error(`setup: ${JSON.stringify(answer.body)}`);
  const operator = { key, ...answer.body };
  operator.assertion = (life = 240) => signToken(key, {
    iss: operator.assertionIssuer, sub: operator.assertionSubject, aud: operator.issuer, iat: now(), exp: now() + life, jti: randomUUID(),
  });
  operator.token = async (options) => {
    const got = await exchange(world, operator.assertion(), operator.identityUid, options);
    if (got.status !== 200) throw new Error(`sign-in: ${JSON.stringify(got.body)}`);
    return got.body.token;
  };
  return operator;
}
