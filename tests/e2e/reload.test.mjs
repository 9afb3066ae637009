// SIGHUP: the configuration read again by a server that runs. Each key that the table says changes by a reload has a case here.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { build, call, claimsOf, exchange, openIssuer, openOperator, openWorld, send } from './world.mjs';

const REGISTRY = 'cr.test';
let folder, file, world, issuer, operator, admin, org, roles;

const ok = (answer) => { assert.equal(answer.status, 200, JSON.stringify(answer.body)); return answer.body; };
const wait = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
const until = async (wanted, what) => {
  for (let i = 0; i < 400; i++) {
    if (await wanted()) return;
    await wait(25);
  }
  assert.fail(`${what}:\n${world.log.slice(-2000)}`);
};

// The file holds these keys; a server with one loop, so that limits of a loop are the server's.
const configure = (values) => writeFileSync(file, Object.entries({ threads: 1, ...values }).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`).join(''));
const messages = (from) => world.log.slice(from).split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));

// Has the server read the file again: what it logged meanwhile.
async function reload(values) {
  const from = world.log.length;
  if (values) configure(values);
  world.process.kill('SIGHUP');
  await until(() => /configuration read again|the configuration stays/.test(world.log.slice(from)), 'it says that it has read');
  return messages(from);
}
const keys = (lines, message) => lines.filter((line) => line.message === message).map((line) => line.key).sort();
const taken = (lines) => keys(lines, 'a changed key takes effect');
const waiting = (lines) => keys(lines, 'a changed key needs a restart');

before(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'reeve-reload-'));
  file = path.join(folder, 'reeve.yaml');
  configure({});
  issuer = await openIssuer();
  world = await openWorld({ issuer, registries: [REGISTRY], flags: ['--config', file] });
  operator = await openOperator(world);
  admin = await operator.token();
  org = await newOrganization();
  roles = ok(await call(world, admin, 'GET', '/iam/v2/roles?pageSize=200')).roles;
});

after(async () => {
  const ends = await Promise.allSettled([world?.close(), issuer?.close()]);
  rmSync(folder, { recursive: true, force: true });
  for (const end of ends) if (end.status === 'rejected') throw end.reason;
});

let made = 0;
const fresh = () => `n${made++}`;
const newOrganization = async () => ok(await call(world, admin, 'POST', '/iam/v2/groups', { name: fresh() }));
const newIdentity = (at, more) => call(world, admin, 'POST', `/iam/v2/identities/${at.uid}`, { name: fresh(), claimMatch: { issuer: issuer.url, subject: fresh(), ...more } });

// An organization with one of a kind: is there room for a second one?
const secondOf = (create) => async () => {
  const at = await newOrganization();
  ok(await create(at));
  return (await create(at)).status;
};

// How long a connection on which this was sent stays open.
const openFor = (text) => new Promise((resolve, reject) => {
  const began = Date.now();
  const socket = net.connect(world.port, '127.0.0.1', () => socket.write(text));
  socket.on('data', () => {});
  socket.on('error', reject);
  socket.on('close', () => resolve(Date.now() - began));
  setTimeout(() => socket.destroy(), 4000);
});

// Seventeen connections at once: how many stay?
async function stay() {
  let closed = 0;
  const sockets = [];
  for (let i = 0; i < 17; i++) {
    const socket = net.connect(world.port, '127.0.0.1');
    socket.on('error', () => {});
    socket.on('close', () => closed++);
    await new Promise((resolve) => { socket.on('connect', resolve); });
    sockets.push(socket);
  }
  await wait(300);
  const stayed = 17 - closed;
  for (const socket of sockets) socket.destroy();
  await wait(300);
  return stayed;
}

// Does this call leave a line in the log?
async function isLogged(status) {
  const from = world.log.length;
  const answer = await call(world, null, status === 200 ? 'GET' : 'POST', '/iam/v2/groups', {});
  assert.equal(answer.status, 401);
  await wait(100);
  return /"call failed"/.test(world.log.slice(from));
}

// A code's line for the server, which is stopped meanwhile so that it stays there: how long it lives.
async function codeLife() {
  const line = path.join(world.data, 'setup-code');
  world.process.kill('SIGSTOP');
  const program = spawn(path.join(build, 'reeved'), ['setup-code', '--data', world.data, '--config', file], { stdio: 'ignore' });
  const ended = new Promise((resolve) => { program.on('exit', resolve); });
  try {
    await until(() => existsSync(line), 'the code is there');
    const minutes = Math.round((Number(readFileSync(line, 'utf8').split(' ')[1]) / 1000 - Date.now()) / 60000);
    return minutes;
  } finally {
    world.process.kill('SIGCONT');
    await ended;
  }
}

const POST = 'POST /iam/v2/groups HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 5\r\n\r\n';

// key: the changed value, what is seen before and after, and how it is looked at.
const cases = {
  'log.level': ['error', true, false, isLogged],
  'log.requests': [false, true, false, isLogged],
  'organizations.create': ['anyone', 403, 200, async () => {
    const subject = fresh();
    const identity = ok(await newIdentity(org, { subject }));
    const { token } = ok(await exchange(world, issuer.token({ sub: subject, aud: world.url }), identity.uid));
    return (await call(world, token, 'POST', '/iam/v2/groups', { name: fresh() })).status;
  }],
  'limits.folders': [1, 200, 429, secondOf((at) => call(world, admin, 'POST', `/iam/v2/groups/${at.uid}`, { name: fresh() }))],
  'limits.identities': [1, 200, 429, secondOf((at) => newIdentity(at))],
  'limits.repositories': [1, 200, 429, secondOf((at) => call(world, admin, 'POST', `/registry/v2/repos/${at.uid}`, { name: fresh() }))],
  'limits.roles': [1, 200, 429, secondOf((at) => call(world, admin, 'POST', `/iam/v2/roles/${at.uid}`, { name: fresh(), capabilities: ['CAP_IAM_GROUPS_LIST'] }))],
  'limits.bindings': [2, 200, 429, secondOf(async (at) => call(world, admin, 'POST', `/iam/v2/roleBindings/${at.uid}`, {
    identityUid: ok(await newIdentity(at)).uid, roleUid: roles.find((role) => role.name === 'viewer').uid }))],
  'token.life': [120, 3600, 120, async () => { const { iat, exp } = claimsOf(await operator.token()); return exp - iat; }],
  'registry.token-life': [90, 60, 90, async () => ok(await call(world, null, 'GET', `/token?service=${REGISTRY}`)).expires_in],
  'registries.public': [[`${REGISTRY}/open/`], 0, 1, async () => {
    const { token } = ok(await call(world, null, 'GET', `/token?service=${REGISTRY}&scope=repository:open/app:pull`));
    return claimsOf(token).access.length;
  }],
  'http.connections-max': [16, 17, 16, stay],
  'setup.code-life': [600, 60, 10, codeLife],
  'metrics.public': [true, 403, 200, async () => (await send(world, 'GET', '/metrics', { via: 'a proxy' })).status],
  'login.redirect-origins': [['https://console.example'], 400, 200, async () => (await send(world, 'GET', `/oauth?exit=redirect&redirect=${encodeURIComponent('https://console.example/after')}`)).status],
};

const timeouts = { // what is sent and then waits for them
  'http.idle-timeout': 'GET /ping/v1/ping HTTP/1.1\r\nhost: x\r\n\r\n',
  'http.header-timeout': 'GET /ping',
  'http.body-timeout': POST,
};

describe('a key changes, and back', () => {
  for (const [key, [value, old, changed, look]] of Object.entries(cases)) {
    test(key, async () => {
      assert.deepEqual(await look(), old);
      const lines = await reload({ [key]: value });
      assert.deepEqual([taken(lines), waiting(lines)], [[key], []]);
      assert.deepEqual(await look(), changed);
      assert.deepEqual(taken(await reload({})), [key]);
      assert.deepEqual(await look(), old);
    });
  }
});

test('http timeouts change for connections from then on', async () => {
  const look = () => Promise.all(Object.values(timeouts).map(openFor));
  for (const lasted of await look()) assert.ok(lasted >= 3900, `${lasted} ms`);
  const lines = await reload(Object.fromEntries(Object.keys(timeouts).map((key) => [key, 1])));
  assert.deepEqual(taken(lines), Object.keys(timeouts).sort());
  for (const lasted of await look()) assert.ok(lasted < 3900, `${lasted} ms`);
  await reload({});
});

test('every key that the table lets change by a reload has a case', () => {
  const page = execFileSync(path.join(build, 'reeved'), ['pages', 'markdown'], { encoding: 'utf8' });
  const rows = page.split('\n').slice(2, -1).map((row) => row.split(' | '));
  assert.deepEqual([...new Set(rows.map((row) => row[3]))].sort(), ['reload', 'restart']);
  const changing = rows.filter((row) => row[3] === 'reload').map((row) => row[0].slice(3, -1));
  assert.deepEqual(changing.sort(), [...Object.keys(cases), ...Object.keys(timeouts), 'drain.timeout'].sort()); // the last one ends the server: below
});

test('an unsound file is not taken, and the log names key and rule', async () => {
  configure({ 'metrics.public': true, 'limits.folders': -1 });
  const [first] = await reload();
  assert.equal(first.message, 'the configuration stays as it was');
  assert.match(first.error, /^limits\.folders \(.*reeve\.yaml line 3\): must be a number from 0 to 10000000$/);
  assert.equal((await send(world, 'GET', '/metrics', { via: 'a proxy' })).status, 403, 'nothing of it is in force');
  for (const [values, named] of [
    [{ 'metrics.public': true, 'no.such': 1 }, /unknown key \\"no\.such\\"/],
    [{ 'metrics.public': true, 'login.redirect-origins': ['http://console.example'] }, /login\.redirect-origins/],
    [{ 'metrics.public': true, 'login.google.client-id': 'g', 'login.google.client-secret-file': path.join(folder, 'none') }, /none/],
    [{ 'metrics.public': true, 'smtp.url': 'http://mail' }, /smtp\.url: must be smtps/],
    [{ 'metrics.public': true, 'token.clients': ['a"b'] }, /token\.clients/],
    [{ 'metrics.public': true, url: 'http://iam.test:99999' }, /url: a URL's port must be/],
  ]) {
    const [error] = (await reload(values)).filter((line) => line.message === 'the configuration stays as it was');
    assert.match(JSON.stringify(error.error), named);
    assert.equal((await send(world, 'GET', '/metrics', { via: 'a proxy' })).status, 403);
  }
  rmSync(file);
  assert.match((await reload()).at(-1).error, /cannot read the configuration file/);
  const lines = await reload({});
  assert.deepEqual([taken(lines), waiting(lines)], [[], []]);
});

test('a key that needs a restart keeps its value and is named each time, beside others that change', async () => {
  const changed = { 'login.email': false, 'fetch.timeout': 7, 'metrics.public': true };
  const lines = await reload(changed);
  assert.deepEqual([taken(lines), waiting(lines)], [['metrics.public'], ['fetch.timeout', 'login.email']]);
  const again = await reload();
  assert.deepEqual([taken(again), waiting(again)], [[], ['fetch.timeout', 'login.email']]);
  assert.match((await send(world, 'GET', '/oauth?exit=redirect&redirect=http%3A%2F%2Flocalhost%3A1%2F')).text, /password/i); // login.email still
  const back = await reload({});
  assert.deepEqual([taken(back), waiting(back)], [['metrics.public'], []]);
});

test('a flag wins over the file after a reload too', async () => {
  const lines = await reload({ registries: ['other.test'] });
  assert.deepEqual([taken(lines), waiting(lines)], [[], []]);
  await reload({});
});

test('what is in flight while settings are replaced again and again ends as it began', async () => {
  const slow = new Promise((resolve, reject) => { // its body comes in pieces, over several reloads
    const socket = net.connect(world.port, '127.0.0.1');
    let got = '';
    socket.on('data', (bytes) => { got += bytes; });
    socket.on('error', reject);
    socket.on('close', () => resolve(got));
    const body = JSON.stringify({ name: fresh() });
    socket.write(`POST /iam/v2/groups/${org.uid} HTTP/1.1\r\nhost: x\r\nconnection: close\r\nauthorization: Bearer ${admin}\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body.slice(0, 5)}`);
    setTimeout(() => socket.end(body.slice(5)), 1500);
  });
  let ends = false, count = 0;
  const busy = Array.from({ length: 8 }, async (_, i) => { // calls on the loop, on workers, through the writer
    while (!ends) {
      assert.equal((await send(world, 'GET', '/ping/v1/ping')).status, 200);
      assert.equal((await call(world, admin, 'GET', '/iam/v2/groups?pageSize=2')).status, 200);
      ok(await call(world, admin, 'POST', `/iam/v2/groups/${org.uid}`, { name: `busy-${i}-${count++}` }));
      ok(await call(world, null, 'GET', `/token?service=${REGISTRY}&scope=repository:open/app:pull`));
    }
  });
  for (let i = 0; i < 40; i++) await reload({ 'registries.public': [`${REGISTRY}/open/`, `${REGISTRY}/n${i}`], 'limits.folders': 5000 + i });
  ends = true;
  await Promise.all(busy);
  assert.match(await slow, /^HTTP\/1\.1 200 /);
  assert.ok(count > 40, `${count} calls`);
  await reload({});
});

test('SIGHUPs that come while one is worked on are one more', async () => {
  const from = world.log.length;
  configure({ 'metrics.public': true });
  for (let i = 0; i < 50; i++) world.process.kill('SIGHUP');
  await until(async () => (await send(world, 'GET', '/metrics', { via: 'a proxy' })).status === 200, 'it is in force');
  configure({});
  world.process.kill('SIGHUP');
  await until(async () => (await send(world, 'GET', '/metrics', { via: 'a proxy' })).status === 403, 'and the last one is not lost');
  assert.ok(messages(from).filter((line) => line.message === 'configuration read again').length < 50);
});

test('drain.timeout: a stop waits as long as was last said', async () => {
  const lines = await reload({ 'drain.timeout': 0 });
  assert.deepEqual(taken(lines), ['drain.timeout']);
  const socket = net.connect(world.port, '127.0.0.1', () => socket.write(POST)); // never complete
  socket.on('error', () => {});
  await wait(300);
  const began = Date.now();
  assert.equal((await world.close()).code, 0);
  assert.ok(Date.now() - began < 8000, 'not the 20 s of its start');
  socket.destroy();
});
