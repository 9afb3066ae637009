// The one port: HTTP/1.1, HTTP/2 and gRPC, in clear and over TLS by ALPN; certificates that change; the documents it serves.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import http from 'node:http';
import http2 from 'node:http2';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import tls from 'node:tls';
import { promisify } from 'node:util';
import { after, before, describe, test } from 'node:test';
import { makeCertificate, replaceCertificate } from './certificate.mjs';
import { call, exchange, newKey, now, openOperator, openWorld, send, signToken } from './world.mjs';
import grpc from '@grpc/grpc-js';
import { isImplemented, methods } from '../wire/contract.mjs';

const run = promisify(execFile);
let folder, certificate, plain, secure, operator, admin;

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'reeve-port-'));
  certificate = makeCertificate(folder);
  plain = await openWorld();
  secure = await openWorld({ tls: certificate });
  operator = await openOperator(plain);
  admin = await operator.token();
});

after(async () => {
  const ends = await Promise.allSettled([plain?.close(), secure?.close()]);
  rmSync(folder, { recursive: true, force: true });
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
});

const curl = async (...args) => (await run('curl', ['--silent', '--show-error', '--max-time', '30', ...args])).stdout;

describe('curl', () => {
  for (const [name, flags] of [['HTTP/1.1', ['--http1.1']], ['HTTP/1.0', ['--http1.0']], ['HTTP/2 with prior knowledge', ['--http2-prior-knowledge']]]) {
    test(`speaks ${name} in clear`, async () => {
      const version = await curl(...flags, '-o', '/dev/null', '-w', '%{http_version} %{http_code}', `${plain.url}/ping/v1/ping`);
      assert.equal(version, `${name.startsWith('HTTP/2') ? '2' : '1.1'} 200`);
    });
  }
  for (const [name, flags, spoken] of [['HTTP/1.1', ['--http1.1'], '1.1'], ['HTTP/2', ['--http2'], '2'], ['no ALPN at all', ['--no-alpn'], '1.1']]) {
    test(`speaks ${name} over TLS`, async () => {
      assert.equal(await curl(...flags, '--cacert', certificate.certificate, '-o', '/dev/null', '-w', '%{http_version} %{http_code}', `${secure.url}/ping/v1/ping`), `${spoken} 200`);
    });
  }
  test('sends a body in chunks, after 100 Continue, and asks for heads alone', async () => {
    const made = JSON.parse(await curl('-H', `Authorization: Bearer ${admin}`, '-H', 'Transfer-Encoding: chunked', '-H', 'Expect: 100-continue', '--json', '{"name":"chunked"}', `${plain.url}/iam/v2/groups`));
    assert.equal(made.name, 'chunked');
    assert.match(await curl('--head', `${plain.url}/ping/v1/ping`), /^HTTP\/1\.1 200/);
  });
  test('is refused an old TLS', async () => {
    await assert.rejects(curl('--tls-max', '1.1', '--cacert', certificate.certificate, `${secure.url}/ping/v1/ping`));
  });
});

test('ALPN chooses h2 before http/1.1, and refuses what is neither', async () => {
  const chosen = (ALPNProtocols) => new Promise((resolve, reject) => {
    const socket = tls.connect({ port: secure.port, host: '127.0.0.1', ca: certificate.pem, ALPNProtocols }, () => { resolve(socket.alpnProtocol); socket.destroy(); });
    socket.on('error', reject);
  });
  assert.equal(await chosen(['http/1.1', 'h2']), 'h2');
  assert.equal(await chosen(['h2']), 'h2');
  assert.equal(await chosen(['http/1.1']), 'http/1.1');
  await assert.rejects(chosen(['spdy/3']).then((protocol) => { if (!protocol) throw new Error('none'); }));
});

// One gRPC call of Ping; the bytes are a message without fields.
const ping = (address, credentials, metadata = new grpc.Metadata()) => new Promise((resolve, reject) => {
  const client = new grpc.Client(address, credentials);
  let head;
  const unary = client.makeUnaryRequest('/chainguard.platform.ping.PingService/Ping', (x) => x, (x) => x, Buffer.alloc(0), metadata, { deadline: Date.now() + 30000 }, (error, answer) => {
    client.close();
    if (error) reject(error);
    else resolve({ answer, head });
  });
  unary.on('metadata', (got) => { head = got; });
});

test('gRPC comes over TLS with ALPN, and trusts no other certificate', async () => {
  await ping(`127.0.0.1:${secure.port}`, grpc.credentials.createSsl(Buffer.from(certificate.pem)));
  const other = makeCertificate(folder, 'other');
  await assert.rejects(ping(`127.0.0.1:${secure.port}`, grpc.credentials.createSsl(Buffer.from(other.pem))), { code: 14 });
});

test('SIGHUP reads the certificate again; a broken one is not taken and the old one stays', async () => {
  const fingerprint = () => new Promise((resolve, reject) => {
    const socket = tls.connect({ port: secure.port, host: '127.0.0.1', rejectUnauthorized: false }, () => { resolve(socket.getPeerCertificate().fingerprint256); socket.destroy(); });
    socket.on('error', reject);
  });
  const until = async (wanted) => {
    for (let i = 0; i < 400; i++) {
      if (await wanted()) return true;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    return false;
  };
  const first = await fingerprint();
  const session = http2.connect(secure.url, { ca: certificate.pem });
  await new Promise((resolve, reject) => { session.once('connect', resolve); session.once('error', reject); });
  const renewed = makeCertificate(folder, 'renewed');
  replaceCertificate(certificate, renewed);
  secure.process.kill('SIGHUP');
  assert.ok(await until(async () => await fingerprint() !== first), 'new connections see the new certificate');
  const second = await fingerprint();
  // the connection of before goes on
  const status = await new Promise((resolve, reject) => { const stream = session.request({ ':path': '/ping/v1/ping' }); stream.on('response', (head) => resolve(head[':status'])); stream.on('error', reject); stream.resume(); });
  assert.equal(status, 200);
  session.close();
  replaceCertificate(certificate, { certificate: path.join(folder, 'renewed.key'), key: path.join(folder, 'renewed.crt') });
  const before = secure.log.length;
  secure.process.kill('SIGHUP');
  assert.ok(await until(() => /certificate/i.test(secure.log.slice(before))), 'the log tells');
  assert.equal(await fingerprint(), second);
  replaceCertificate(certificate, renewed);
  secure.ca = renewed.pem;
  assert.equal((await send(secure, 'GET', '/healthz')).status, 200);
});

describe('request ids and traces', () => {
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  test('pass through over REST and gRPC, and stand in the log', async () => {
    const answer = await call(plain, null, 'GET', '/iam/v2/groups', null, { 'x-request-id': 'seen-1', traceparent: trace });
    assert.equal(answer.headers.get('x-request-id'), 'seen-1');
    assert.equal(answer.headers.get('traceparent'), trace);
    assert.equal((await call(plain, null, 'GET', '/ping/v1/ping', null, { cgrequestid: 'seen-2' })).headers.get('x-request-id'), 'seen-2');
    const metadata = new grpc.Metadata();
    metadata.set('cgrequestid', 'seen-3');
    metadata.set('traceparent', trace);
    const { head } = await ping(`127.0.0.1:${plain.port}`, grpc.credentials.createInsecure(), metadata);
    assert.deepEqual([head.get('x-request-id'), head.get('traceparent')], [['seen-3'], [trace]]);
    assert.match(plain.log, /"request":"seen-1"/);
  });
  test('that would forge a log line are replaced', async () => {
    const answer = await call(plain, null, 'GET', '/ping/v1/ping', null, { 'x-request-id': `a b${'x'.repeat(300)}` });
    assert.match(answer.headers.get('x-request-id'), /^[0-9a-f]{16}$/);
  });
});

test('every answer tells a revision, and a change tells a later one', async () => {
  const revision = (answer) => Number(answer.headers.get('reeve-revision').split('-')[1]);
  const one = revision(await call(plain, admin, 'GET', '/iam/v2/groups'));
  const made = await call(plain, admin, 'POST', '/iam/v2/groups', { name: 'later' });
  assert.ok(revision(made) > one);
  assert.equal((await call(plain, admin, 'GET', '/iam/v2/groups', null, { 'reeve-min-revision': made.headers.get('reeve-revision') })).status, 200);
});

test('a reeve-min-revision that is none is refused, and the server lives (it once died of it)', async () => {
  for (const wrong of ['x', '', '-', 'x-1', 'x-99999999999999999999999']) {
    const answer = await call(plain, admin, 'GET', '/iam/v2/groups', null, { 'reeve-min-revision': wrong });
    assert.equal(answer.status, 400, `${wrong}: ${JSON.stringify(answer.body)}`);
  }
  assert.equal((await call(plain, null, 'GET', '/healthz')).status, 200);
});

test('a call that is still away when the drain ends is cut, and the server ends well', async () => {
  let asked;
  const isAsked = new Promise((resolve) => { asked = resolve; });
  const stalled = http.createServer(() => asked()); // an issuer that never answers
  await new Promise((resolve) => { stalled.listen(0, '127.0.0.1', resolve); });
  const host = `127.0.0.1:${stalled.address().port}`;
  const world = await openWorld({ flags: ['--fetch.allow-http', host, '--drain.timeout', '1'] });
  try {
    const root = await (await openOperator(world)).token();
    const org = (await call(world, root, 'POST', '/iam/v2/groups', { name: 'org' })).body.uid;
    const { uid } = (await call(world, root, 'POST', `/iam/v2/identities/${org}`, { name: 'job', claimMatch: { issuer: `http://${host}`, subject: 's' } })).body;
    const away = exchange(world, signToken(newKey(), { iss: `http://${host}`, sub: 's', aud: world.url, iat: now(), exp: now() + 60 }), uid);
    const cut = assert.rejects(away);
    await isAsked;
    assert.deepEqual(await world.close(), { code: 0, signal: null });
    await cut;
  } finally { stalled.closeAllConnections(); stalled.close(); await world.close(); }
});

describe('documents', () => {
  test('/healthz, /readyz and /version answer', async () => {
    for (const target of ['/healthz', '/readyz']) assert.equal((await call(plain, null, 'GET', target)).status, 200);
    assert.match(JSON.stringify((await call(plain, null, 'GET', '/version')).body), /\d+\.\d+\.\d+/);
  });
  test('/metrics counts calls by method and code, in names that begin with reeve_', async () => {
    await call(plain, null, 'GET', '/iam/v2/groups');
    const { body } = await call(plain, null, 'GET', '/metrics');
    const samples = body.split('\n').filter((line) => line && !line.startsWith('#'));
    assert.ok(samples.length > 10);
    for (const line of samples) assert.match(line, /^reeve_[a-z0-9_]+(\{[^}]*\})? [0-9.eE+-]+$/);
    assert.match(body, /list_groups.*UNAUTHENTICATED/);
  });
  test('/metrics is for this machine, not for those a proxy on it brings', async () => {
    assert.equal((await call(plain, null, 'GET', '/metrics')).status, 200);
    for (const headers of [{ 'x-forwarded-for': '203.0.113.7' }, { forwarded: 'for=203.0.113.7' }, { 'x-real-ip': '127.0.0.1' }, { via: '1.1 front' }]) assert.equal((await call(plain, null, 'GET', '/metrics', null, headers)).status, 403, JSON.stringify(headers));
  });
  test('CVE-2026-49835: what a stranger sends makes no new series of metrics', async () => {
    const count = async () => (await call(plain, null, 'GET', '/metrics')).body.split('\n').length;
    await call(plain, null, 'GET', '/no/such/path');
    const atFirst = await count();
    for (let i = 0; i < 50; i++) await call(plain, null, i % 2 ? 'GET' : `METHOD${i}`, `/no/such/path/${i}?x=${i}`, null, { 'user-agent': `agent-${i}`, cgclientid: `client-${i}` });
    assert.ok(await count() - atFirst < 5);
  });
  test('/openapi.json is OpenAPI 3.1 whose every reference, path parameter and id holds', async () => {
    const { body, headers } = await call(plain, null, 'GET', '/openapi.json');
    assert.match(headers.get('content-type'), /json/);
    assert.match(body.openapi, /^3\.1\.\d+$/);
    assert.ok(body.info.title && body.info.version);
    const resolve = (reference) => reference.slice(2).split('/').reduce((at, part) => at?.[part.replaceAll('~1', '/').replaceAll('~0', '~')], body);
    const visit = (node, where) => {
      if (Array.isArray(node)) node.forEach((one, i) => visit(one, `${where}[${i}]`));
      else if (node !== null && typeof node === 'object') {
        if (typeof node.$ref === 'string') assert.ok(node.$ref.startsWith('#/') && resolve(node.$ref) !== undefined, `${where}: ${node.$ref}`);
        for (const [name, one] of Object.entries(node)) visit(one, `${where}.${name}`);
      }
    };
    visit(body, '#');
    const ids = new Set();
    let operations = 0;
    for (const [template, item] of Object.entries(body.paths)) {
      assert.match(template, /^\//);
      for (const [verb, operation] of Object.entries(item)) {
        if (!['get', 'put', 'post', 'delete', 'patch', 'head', 'options', 'trace'].includes(verb)) { assert.ok(['summary', 'description', 'parameters', 'servers'].includes(verb), `${template} ${verb}`); continue; }
        operations++;
        assert.ok(operation.operationId && !ids.has(operation.operationId), `${template} ${verb}: operationId ${operation.operationId}`);
        ids.add(operation.operationId);
        assert.ok(Object.keys(operation.responses).length > 0 && Object.keys(operation.responses).every((code) => /^([1-5]\d\d|[1-5]XX|default)$/.test(code)), `${template} ${verb}: responses`);
        for (const response of Object.values(operation.responses)) assert.ok(response.$ref || typeof response.description === 'string', `${template} ${verb}: a response without description`);
        const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((one) => (one.$ref ? resolve(one.$ref) : one));
        for (const one of parameters) assert.ok(one.name && ['path', 'query', 'header', 'cookie'].includes(one.in) && (one.schema || one.content), `${template} ${verb}: ${JSON.stringify(one)}`);
        assert.equal(new Set(parameters.map((one) => `${one.in} ${one.name}`)).size, parameters.length, `${template} ${verb}: a parameter twice`);
        assert.deepEqual(parameters.filter((one) => one.in === 'path').map((one) => one.name).sort(), [...template.matchAll(/\{([^}]+)\}/g)].map((one) => one[1]).sort(), `${template} ${verb}: path parameters`);
        for (const one of parameters.filter((parameter) => parameter.in === 'path')) assert.equal(one.required, true, `${template} ${verb}: ${one.name} must be required`);
        if (operation.requestBody) assert.ok(Object.values(operation.requestBody.content).every((media) => media.schema), `${template} ${verb}: a body without a schema`);
      }
    }
    // Every route of every method that is implemented, and no other.
    const shape = (template) => template.replace(/\{[^}]*\}/g, '{}');
    const served = new Set(Object.entries(body.paths).flatMap(([template, item]) => Object.keys(item).map((verb) => `${verb.toUpperCase()} ${shape(template)}`)));
    const missing = [...methods.values()].filter((method) => isImplemented(method) && method.access.kind !== 'INTERNAL' && !method.isPage)
      .flatMap((method) => method.routes.map((route) => `${route.verb} ${shape(route.template)}`)).filter((route) => !served.has(route));
    assert.deepEqual(missing, []);
    assert.ok(operations >= 60, `${operations} operations`);
  });
});
