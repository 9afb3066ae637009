// A real reeved is killed in the middle of writes from many clients. Started again on the same folder, it holds every write it
// acknowledged and no half of any: tables, change log, events and the index agree, and the access trail's chain is whole.
//
// ROUNDS=n (default 20) rounds, SEED=n repeats the choices; `make crash` runs this file alone, in the release build.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { build, call, claimsOf, exchange, newKey, now, openOperator, openWorld, signToken } from './world.mjs';

const run = promisify(execFile);
const rounds = Number(process.env.ROUNDS ?? 20);
const seed = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const CLIENTS = 16;
const KEPT_MAX = 12; // groups and bindings a client keeps at a time; a token holds at most 32 groups
const LIFE_MAX_MS = 300; // of the load before the kill
const START_MAX_MS = 150;
const STARTING = 8; // one round in so many is killed while it starts, before it is ready
const STOP_EVERY = 50; // rounds between two orderly stops, at which the folder is verified
const URL_OF_ALL = 'http://reeve.test'; // each start has its own port, all have one issuer
const issuer = 'https://keys.test';
const KIND = { GROUP: 1, BINDING: 4 }; // enum change_kind
const PUT = 1, GONE = 2; // enum change_op

// mulberry32
let state = seed;
const below = (n) => {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) % n;
};
const pick = (list) => list[below(list.length)];
const hexOf = (uid) => uid.replaceAll('/', '').toUpperCase();
const ok = (answer) => {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
};

const data = mkdtempSync(path.join(tmpdir(), 'reeve-crash-'));
const agent = new http.Agent({ keepAlive: true, maxSockets: CLIENTS });
let world, operator, admin, org, roles, key, checkedTo = 0, acknowledged = 0, unknown = 0;
const clients = [];
const logged = { [KIND.GROUP]: new Set(), [KIND.BINDING]: new Set() }; // what the change log says there is
const wanted = []; // acknowledged since the last comparison: {revision, kind, op, uid}

const start = async () => { world = await openWorld({ data, flags: ['--url', URL_OF_ALL] }); };
const tokenOf = async (client) => ok(await exchange(world, signToken(key, {
  iss: issuer, sub: client.name, aud: URL_OF_ALL, iat: now(), exp: now() + 600,
}), client.uid, { audience: URL_OF_ALL })).token;

// ---- the load ----

// One write; undefined when the server died before it answered.
function write(method, target, body) {
  return new Promise((resolve) => {
    const request = http.request({ agent, port: world.port, host: '127.0.0.1', method, path: target, headers: {
      authorization: `Bearer ${admin}`, ...(body ? { 'content-type': 'application/json' } : {}),
    } }, (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (part) => { text += part; });
      response.on('error', () => resolve(undefined));
      response.on('close', () => resolve(response.complete
        ? { status: response.statusCode, revision: response.headers['reeve-revision'], body: JSON.parse(text) } : undefined));
    });
    request.on('error', () => resolve(undefined));
    request.end(body ? JSON.stringify(body) : undefined);
  });
}

// What a client may do next: {kind, op, and how, done(uid)}.
function choose(client) {
  const creating = below(100) < (client.groups.size < KEPT_MAX / 2 ? 75 : 45);
  const free = [...client.groups.keys()].filter((uid) => ![...client.bindings.values()].some((b) => b.group === uid));
  if (creating && client.groups.size < KEPT_MAX && (below(2) || !free.length)) {
    const name = `${client.name}.${client.count++}`;
    return { kind: KIND.GROUP, op: PUT, name, method: 'POST', target: `/iam/v2/groups/${org.uid}`, body: { name },
      done: (uid) => client.groups.set(uid, name) };
  }
  if (creating && free.length) {
    const binding = { group: pick(free), role: pick(roles) };
    return { kind: KIND.BINDING, op: PUT, binding, method: 'POST', target: `/iam/v2/roleBindings/${binding.group}`,
      body: { identityUid: client.uid, roleUid: binding.role.uid }, done: (uid) => client.bindings.set(uid, binding) };
  }
  if (client.bindings.size && below(2)) {
    const uid = pick([...client.bindings.keys()]);
    return { kind: KIND.BINDING, op: GONE, uid, method: 'DELETE', target: `/iam/v2/roleBindings/${uid}`, done: () => client.bindings.delete(uid) };
  }
  if (client.groups.size) { // with the bindings in it
    const uid = pick([...client.groups.keys()]);
    const gone = [...client.bindings].filter(([, b]) => b.group === uid).map(([binding]) => binding);
    return { kind: KIND.GROUP, op: GONE, uid, gone, method: 'DELETE', target: `/iam/v2/groups/${uid}`,
      done: () => { client.groups.delete(uid); for (const binding of gone) client.bindings.delete(binding); } };
  }
  return choose(client);
}

async function work(client) {
  for (;;) {
    const step = choose(client);
    const answer = await write(step.method, step.target, step.body);
    if (!answer) {
      client.open = step; // it may be done or not
      return;
    }
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    const revision = Number(/(\d+)$/.exec(answer.revision)?.[1]);
    const uid = step.uid ?? answer.body.uid;
    step.done(uid);
    wanted.push({ revision, kind: step.kind, op: step.op, uid: hexOf(uid), gone: step.gone ?? [] });
    acknowledged++;
  }
}

// ---- the comparison ----

async function query(sql) {
  const { stdout } = await run('sqlite3', ['-readonly', '-json', path.join(data, 'reeve.db'), sql], { maxBuffer: 1 << 28 });
  return JSON.parse(stdout || '[]');
}

// The open write of each client is done or not; whichever it is, the model takes it over.
function settle(groups, bindings) {
  const known = { groups: new Set(), bindings: new Set() };
  for (const client of clients) {
    for (const uid of client.groups.keys()) known.groups.add(hexOf(uid));
    for (const uid of client.bindings.keys()) known.bindings.add(hexOf(uid));
  }
  for (const client of clients) {
    const { open } = client;
    client.open = undefined;
    if (!open) continue;
    unknown++;
    if (open.op === GONE) {
      if (!(open.kind === KIND.GROUP ? groups : bindings).some((row) => row.uid === hexOf(open.uid))) open.done();
    } else {
      const row = open.kind === KIND.GROUP ? groups.find((r) => r.name === open.name)
        : bindings.find((r) => !known.bindings.has(r.uid) && r.identity === hexOf(client.uid) && r.group === hexOf(open.binding.group) && r.role === hexOf(open.binding.role.uid));
      if (row) open.done(open.kind === KIND.GROUP ? `${org.uid}/${row.uid.slice(40).toLowerCase()}` : `${open.binding.group}/${row.uid.slice(-16).toLowerCase()}`);
    }
  }
}

function compareTables(groups, bindings) {
  const sort = (list) => list.sort();
  assert.deepEqual(sort(groups.map((r) => `${r.uid} ${r.name}`)),
    sort(clients.flatMap((c) => [...c.groups].map(([uid, name]) => `${hexOf(uid)} ${name}`))));
  assert.deepEqual(sort(bindings.map((r) => `${r.uid} ${r.identity} ${r.group} ${r.role}`)),
    sort(clients.flatMap((c) => [...c.bindings].map(([uid, b]) => `${hexOf(uid)} ${hexOf(c.uid)} ${hexOf(b.group)} ${hexOf(b.role.uid)}`))));
}

// Every revision since the last comparison: its changes replayed give the tables, its one event tells of the same row.
async function compareLog(groups, bindings) {
  const [{ revision: last }] = await query('SELECT revision FROM counter');
  const changes = await query(`SELECT revision, kind, op, hex(key) AS "key" FROM changes WHERE revision > ${checkedTo} ORDER BY revision`);
  const events = await query(`SELECT revision, count(*) AS n, max(method) AS method, max(subject) AS subject FROM events WHERE revision > ${checkedTo} GROUP BY revision`);
  const byRevision = new Map(), eventOf = new Map(events.map((row) => [row.revision, row]));
  for (const change of changes) {
    byRevision.set(change.revision, [...(byRevision.get(change.revision) ?? []), change]);
    if (logged[change.kind]) logged[change.kind][change.op === PUT ? 'add' : 'delete'](change.key);
  }
  assert.equal(byRevision.size, last - checkedTo, 'revisions are dense');
  for (const [revision, list] of byRevision) {
    const event = eventOf.get(revision);
    if (list.every((change) => change.kind === 0)) continue;
    assert.equal(event?.n, 1, `revision ${revision} has one event`);
    assert.ok(list.some((change) => change.key === hexOf(event.subject)), `revision ${revision}: the event tells of ${event.subject}`);
  }
  for (const event of events) assert.ok(byRevision.has(event.revision), `revision ${event.revision} has changes`);
  for (const want of wanted) {
    const list = byRevision.get(want.revision) ?? [];
    const has = (kind, op, uid) => list.some((change) => change.kind === kind && change.op === op && change.key === uid);
    assert.ok(has(want.kind, want.op, want.uid), `acknowledged at revision ${want.revision}: ${want.uid}`);
    for (const uid of want.gone) assert.ok(has(KIND.BINDING, GONE, hexOf(uid)), `revision ${want.revision} took binding ${uid} along`);
  }
  assert.deepEqual([...logged[KIND.GROUP]].sort(), groups.map((r) => r.uid).sort(), 'the log replayed gives the groups');
  assert.deepEqual([...logged[KIND.BINDING]].sort(), bindings.map((r) => r.uid).sort(), 'the log replayed gives the bindings');
  wanted.length = 0;
  checkedTo = last;
}

// What each client's fresh token may do comes from the index alone.
async function compareIndex() {
  await Promise.all(clients.map(async (client) => {
    const cap = claimsOf(await tokenOf(client)).cap;
    const expected = { [client.home]: roles[0].cap };
    for (const { group, role } of client.bindings.values()) expected[group] = role.cap;
    assert.deepEqual(cap, expected, `the index of ${client.name}`);
  }));
}

const mine = 'name LIKE \'c%.%\'';
const mineToo = 'identity IN (SELECT uid FROM identities WHERE name LIKE \'c%\')';

async function compare() {
  const groups = await query(`SELECT hex(uid) AS uid, name FROM groups WHERE ${mine}`);
  const bindings = await query(`SELECT hex(uid) AS uid, hex("group") AS "group", hex(identity) AS identity, hex(role) AS role FROM bindings
    WHERE ${mineToo} AND "group" IN (SELECT uid FROM groups WHERE ${mine})`);
  settle(groups, bindings);
  compareTables(groups, bindings);
  await compareLog(groups, bindings);
  await compareIndex();
}

// The whole folder at rest: database and the trail's hash chain.
async function verifyAtRest() {
  await world.close();
  const { stdout } = await run(path.join(build, 'reeved'), ['verify', data]);
  assert.match(stdout, /sound/);
  assert.ok(Number(/(\d+) lines of the access trail/.exec(stdout)?.[1]) > 0, stdout);
}

// ---- the rounds ----

async function prepare() {
  world = await openWorld({ data, isNew: true, flags: ['--url', URL_OF_ALL] });
  operator = await openOperator(world);
  admin = await operator.token({ audience: URL_OF_ALL });
  org = ok(await call(world, admin, 'POST', '/iam/v2/groups', { name: 'org' }));
  const all = ok(await call(world, admin, 'GET', '/iam/v2/roles?pageSize=200')).roles;
  roles = ['viewer', 'registry.pull', 'registry.push'].map((name) => ({ uid: all.find((role) => role.name === name).uid }));
  key = newKey('EC');
  for (let i = 0; i < CLIENTS; i++) {
    const name = `c${i}`;
    const identity = ok(await call(world, admin, 'POST', `/iam/v2/identities/${org.uid}`, { name,
      staticKeys: { issuer, subject: name, issuerKeys: JSON.stringify({ keys: [key.jwk] }) } }));
    const home = ok(await call(world, admin, 'POST', `/iam/v2/groups/${org.uid}`, { name: `home-${i}` }));
    clients.push({ name, uid: identity.uid, home: home.uid, groups: new Map(), bindings: new Map(), count: 0 });
    const bound = async (role) => ok(await call(world, admin, 'POST', `/iam/v2/roleBindings/${home.uid}`, { identityUid: identity.uid, roleUid: role.uid }));
    for (const role of i ? [] : roles.slice(1)) { // what a role looks like in a token
      const binding = await bound(role);
      role.cap = claimsOf(await tokenOf(clients[0])).cap[home.uid];
      ok(await call(world, admin, 'DELETE', `/iam/v2/roleBindings/${binding.uid}`));
    }
    await bound(roles[0]);
    if (!i) roles[0].cap = claimsOf(await tokenOf(clients[0])).cap[home.uid];
  }
  [{ revision: checkedTo }] = await query('SELECT revision FROM counter');
  await world.close();
}

async function killWhileItStarts() {
  const dying = spawn(path.join(build, 'reeved'), ['--data', data, '--listen', '127.0.0.1:0', '--url', URL_OF_ALL], { stdio: 'ignore' });
  const ended = new Promise((resolve) => dying.on('exit', resolve));
  await new Promise((resolve) => setTimeout(resolve, below(START_MAX_MS)));
  dying.kill('SIGKILL');
  await ended;
}

async function round() {
  admin = ok(await exchange(world, operator.assertion(), operator.identityUid, { audience: URL_OF_ALL })).token;
  const loads = clients.map((client) => work(client));
  await new Promise((resolve) => setTimeout(resolve, below(LIFE_MAX_MS)));
  await world.close('SIGKILL');
  await Promise.all(loads);
  if (below(STARTING) === 0) await killWhileItStarts();
  await start();
  await compare();
}

test(`nothing acknowledged is lost and nothing is half done, killed ${rounds} times (SEED=${seed})`, async (t) => {
  t.after(async () => {
    await world?.close('SIGKILL');
    agent.destroy();
    rmSync(data, { recursive: true, force: true });
  });
  await prepare();
  await start();
  for (let i = 0; i < rounds; i++) {
    await round();
    if (i % STOP_EVERY === STOP_EVERY - 1) {
      await verifyAtRest();
      await start();
    }
  }
  await verifyAtRest();
  t.diagnostic(`${acknowledged} acknowledged writes were all there; of ${unknown} unanswered ones each was whole or absent`);
  assert.ok(acknowledged >= rounds, 'there was load');
});
