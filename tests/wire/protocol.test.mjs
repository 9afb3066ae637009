// How the protocols themselves are spoken: gRPC as its specification has it, REST as the public gateway answers.
import assert from 'node:assert/strict';
import http2 from 'node:http2';
import net from 'node:net';
import { after, before, describe, test } from 'node:test';
import { call, openOperator, openWorld, send } from '../e2e/world.mjs';
import { grpcDetails } from './clients.mjs';
import { methods } from './contract.mjs';

let world, admin, session, org;

before(async () => {
  world = await openWorld();
  admin = await (await openOperator(world)).token();
  org = (await call(world, admin, 'POST', '/iam/v2/groups', { name: 'ours' })).body.uid;
  session = http2.connect(world.url);
  await new Promise((resolve, reject) => { session.once('connect', resolve); session.once('error', reject); });
});
after(async () => {
  session?.destroy();
  await world?.close();
});

const frame = (message, flag = 0) => { const head = Buffer.alloc(5); head[0] = flag; head.writeUInt32BE(message.length, 1); return Buffer.concat([head, message]); };
const PING = '/chainguard.platform.ping.PingService/Ping';

// One stream, as raw as it gets: {head, trailers, body, headerFrames}.
function stream(headers, body) {
  return new Promise((resolve, reject) => {
    const request = session.request({ ':method': 'POST', ':path': PING, 'content-type': 'application/grpc', te: 'trailers', ...headers });
    const parts = [];
    let head, trailers, endsWithHead = false;
    request.on('response', (got, flags) => { head = got; endsWithHead = (flags & http2.constants.NGHTTP2_FLAG_END_STREAM) !== 0; });
    request.on('trailers', (got) => { trailers = got; });
    request.on('data', (part) => parts.push(part));
    request.on('error', reject);
    request.on('close', () => resolve({ head, trailers, endsWithHead, body: Buffer.concat(parts) }));
    request.setTimeout(30000, () => request.destroy(new Error('no answer')));
    request.end(body);
  });
}

describe('gRPC', () => {
  test('answers a message and then trailers', async () => {
    const { head, trailers, body, endsWithHead } = await stream({}, frame(Buffer.alloc(0)));
    assert.deepEqual([head[':status'], head['content-type'].replace(/\+proto$/, ''), trailers['grpc-status'], endsWithHead], [200, 'application/grpc', '0', false]);
    assert.equal(body.readUInt32BE(1), body.length - 5);
    assert.equal(body[0], 0);
  });
  test('answers an error as trailers alone, its text percent-encoded, its details in binary', async () => {
    const { head, trailers, endsWithHead, body } = await stream({ ':path': '/chainguard.platform.iam.Groups/List', authorization: 'Bearer x' }, frame(Buffer.alloc(0)));
    assert.equal(head[':status'], 200);
    assert.ok(endsWithHead && trailers === undefined && body.length === 0, 'one block of headers, and it ends the stream');
    assert.equal(head['grpc-status'], '16');
    const rich = grpcDetails(Buffer.from(head['grpc-status-details-bin'], 'base64'));
    assert.equal(decodeURIComponent(head['grpc-message']), rich.message);
    assert.equal(rich.code, 16);
    const odd = await stream({ ':path': '/chainguard.platform.iam.Groups/Create', authorization: `Bearer ${admin}` }, frame(Buffer.from(methods.get('iam.v1.groups.create').request.encode({ parent: 'ä\n%', group: { name: 'x' } }).finish())));
    assert.match(odd.head['grpc-message'], /^[\x20-\x7e]*$/);
  });
  test('takes application/grpc+proto and refuses other encodings by name', async () => {
    assert.equal((await stream({ 'content-type': 'application/grpc+proto' }, frame(Buffer.alloc(0)))).trailers['grpc-status'], '0');
    const compressed = await stream({ 'grpc-encoding': 'gzip' }, frame(Buffer.from([1, 2, 3]), 1));
    assert.ok(['12', '3'].includes(compressed.head['grpc-status']), compressed.head['grpc-status']);
    assert.ok(decodeURIComponent(compressed.head['grpc-message']).length > 5);
  });
  test('refuses a method that is not there, a broken frame, two messages, a message that is too long', async () => {
    for (const path of ['/no.such.Service/Method', '/chainguard.platform.ping.PingService/Pong', '/', '/chainguard.platform.ping.PingService/']) assert.equal((await stream({ ':path': path }, frame(Buffer.alloc(0)))).head['grpc-status'], '12', path);
    for (const bytes of [Buffer.alloc(0), Buffer.alloc(3), Buffer.from([0, 0, 0, 0, 9, 1]), Buffer.concat([frame(Buffer.alloc(0)), frame(Buffer.alloc(0))]), Buffer.from([7, 0, 0, 0, 0])]) {
      const { head } = await stream({}, bytes);
      assert.ok(['3', '12', '13'].includes(head['grpc-status']), `${bytes.toString('hex')}: ${head['grpc-status']}`);
    }
    const long = await stream({}, frame(Buffer.alloc(5 << 20))).catch((error) => ({ error }));
    assert.ok(long.error || long.head['grpc-status'] === '8' || long.head[':status'] === 413, JSON.stringify(long.head));
  });
  test('knows nothing of what this server alone calls, whoever sends it and whatever stands in it', async () => {
    const internal = [...methods.values()].filter((method) => method.access.kind === 'INTERNAL');
    assert.ok(internal.length >= 10, `${internal.length}`);
    for (const { path, label, routes } of internal) {
      assert.deepEqual(routes, [], label);
      for (const authorization of [undefined, `Bearer ${admin}`, 'Bearer x']) {
        for (const message of [Buffer.alloc(0), Buffer.from([0xff])]) {
          const { head } = await stream({ ':path': path, ...(authorization ? { authorization } : {}) }, frame(message));
          assert.equal(head['grpc-status'], '12', `${label} ${authorization?.slice(0, 8)} ${message.length}: ${head['grpc-message']}`);
        }
      }
    }
  });
  test('serves no page: those are for browsers', async () => {
    const pages = [...methods.values()].filter((method) => method.isPage);
    assert.ok(pages.length >= 10, `${pages.length}`);
    for (const { path, label } of pages) {
      for (const more of [{}, { cookie: 'a=b', origin: world.url }]) assert.equal((await stream({ ':path': path, ...more }, frame(Buffer.alloc(0)))).head['grpc-status'], '12', label);
    }
  });
  test('keeps the caller\'s deadline', async () => {
    assert.equal((await stream({ 'grpc-timeout': '30S' }, frame(Buffer.alloc(0)))).trailers['grpc-status'], '0');
    const late = await stream({ ':path': '/chainguard.platform.iam.Groups/List', authorization: `Bearer ${admin}`, 'grpc-timeout': '1n' }, frame(Buffer.alloc(0)));
    assert.equal(late.head['grpc-status'], '4');
  });
  test('takes the token without its scheme and with blanks around it', async () => {
    for (const authorization of [`Bearer ${admin}`, admin, `bearer ${admin}`, `Bearer  ${admin}`]) {
      assert.equal((await stream({ ':path': '/chainguard.platform.auth.Auth/Validate', authorization }, frame(Buffer.alloc(0)))).trailers?.['grpc-status'], '0', authorization.slice(0, 12));
    }
  });
});

describe('REST', () => {
  test('names members in either case, numbers as texts, enums by number, null as unset', async () => {
    const made = await call(world, admin, 'POST', `/iam/v2/identities/${org}`, { name: 'snake', static_keys: { issuer: 'https://i.example', subject: 's', issuer_keys: 'keys' }, description: null });
    assert.deepEqual([made.status, made.body.staticKeys?.issuerKeys, made.body.description], [200, 'keys', '']);
    const role = await call(world, admin, 'POST', `/iam/v2/roles/${org}`, { name: 'numbered', capabilities: [Number(methods.get('iam.v2.roles.create_role').request.fields.role.resolvedType.fields.capabilities.resolvedType.values.CAP_REPO_LIST)] });
    assert.equal(role.status, 200);
    const listed = await call(world, admin, 'GET', `/iam/v2/identities?uidp.children_of=${org}&relationship_type=2&page_size=1`);
    assert.deepEqual([listed.status, listed.body.identities.length, typeof listed.body.totalCount], [200, 1, 'string']);
    assert.deepEqual((await call(world, admin, 'GET', `/iam/v2/identities?uidp.childrenOf=${org}&relationshipType=RELATIONSHIP_TYPE_STATIC&pageSize=1`)).body, listed.body);
  });
  test('both names of a member at once are one member given twice', async () => {
    const twice = await call(world, admin, 'POST', `/iam/v2/identities/${org}`, { name: 'x', staticKeys: { issuer: 'a', subject: 'b', issuerKeys: 'c', issuer_keys: 'd' } });
    assert.deepEqual([twice.status, /issuer_keys/.test(twice.body.message)], [400, true]);
  });
  test('a mask of absent query is made from the members of the body', async () => {
    const group = (await call(world, admin, 'POST', `/iam/v2/groups/${org}`, { name: 'masked', description: 'kept' })).body;
    const changed = await call(world, admin, 'PATCH', `/iam/v2/groups/${group.uid}`, { name: 'renamed' });
    assert.deepEqual([changed.body.name, changed.body.description], ['renamed', 'kept']);
    const cleared = await call(world, admin, 'PATCH', `/iam/v2/groups/${group.uid}`, { description: '' });
    assert.deepEqual([cleared.body.name, cleared.body.description], ['renamed', '']);
  });
  test('a path that is none is 404, a verb that is not served there 405, in the form of an error', async () => {
    for (const [verb, target, status] of [['GET', '/no/such/path', 404], ['GET', '/iam/v3/groups', 404], ['PUT', '/iam/v2/groups', 405], ['DELETE', '/auth/v1/ok', 405]]) {
      const answer = await call(world, admin, verb, target);
      assert.equal(answer.status, status, `${verb} ${target}`);
      assert.ok(Number.isInteger(answer.body.code) && answer.body.code >= 1 && answer.body.code <= 16 && answer.body.message.length > 3, JSON.stringify(answer.body));
    }
  });
  test('refuses two authorizations, whether they say the same or not', async () => {
    const ask = (...lines) => new Promise((resolve, reject) => {
      const socket = net.connect(world.port, '127.0.0.1', () => socket.write(`GET /auth/v1/ok HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${lines.map((line) => `Authorization: ${line}\r\n`).join('')}\r\n`));
      let text = '';
      socket.on('data', (bytes) => { text += bytes; });
      socket.on('error', reject);
      socket.on('end', () => resolve(Number(text.split(' ')[1])));
    });
    assert.equal(await ask(`Bearer ${admin}`), 200);
    for (const second of [`Bearer ${admin}`, 'Bearer x', '']) {
      assert.equal(await ask(`Bearer ${admin}`, second), 401);
      assert.equal(await ask(second, `Bearer ${admin}`), 401);
    }
  });
  test('HEAD answers the head of a GET', async () => {
    const { status, text, headers } = await send(world, 'HEAD', '/ping/v1/ping');
    assert.deepEqual([status, text], [200, '']);
    assert.ok(Number(headers.get('content-length')) > 2);
  });
  test('an id stands in a path with its slashes, plain or encoded', async () => {
    const folder = (await call(world, admin, 'POST', `/iam/v2/groups/${org}`, { name: 'slash' })).body.uid;
    assert.equal((await call(world, admin, 'GET', `/iam/v2/groups/${folder}`)).body.uid, folder);
    assert.equal((await call(world, admin, 'GET', `/iam/v2/groups/${encodeURIComponent(folder)}`)).body.uid, folder);
  });
  test('a body of JSON is never read by the STS, a redirect never its answer', async () => {
    const answer = await call(world, admin, 'POST', '/sts/exchange', { aud: [world.url] });
    assert.deepEqual([answer.status, /audience must be specified/.test(answer.body.message)], [400, true]);
    for (const target of ['/sts/exchange/', '//sts/exchange', '/sts/exchange?aud=x']) assert.ok((await call(world, admin, 'POST', target)).status >= 400, target);
  });
});
