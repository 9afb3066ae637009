// What the wire tests stand on: one server in clear, one over TLS, an issuer both trust, an operator of each.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { promisify } from 'node:util';
import { makeCertificate } from '../e2e/certificate.mjs';
import { openIssuer, openOperator, openWorld, build, call } from '../e2e/world.mjs';

async function rolesOf(world, admin) {
  const answer = await call(world, admin, 'GET', '/iam/v1/roles?parent=%2F');
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return new Map(answer.body.items.map((role) => [role.name, role.id]));
}

// The types of the events that calls left, by the id of their request; "" is a record without a type.
function eventsOf(world) {
  const database = new DatabaseSync(path.join(world.data, 'reeve.db'), { readOnly: true });
  const tables = ['groups', 'identities', 'roles', 'bindings', 'repos', 'tags', 'events', 'limits'];
  return {
    close: () => database.close(),
    // How many rows stand where.
    count: () => Object.fromEntries(tables.map((table) => [table, database.prepare(`SELECT count(*) AS n FROM ${table}`).get().n])),
    find: (ids) => {
      const rows = database.prepare(`SELECT request_id, type FROM events WHERE request_id IN (${ids.map(() => '?').join(',')})`).all(...ids);
      const found = new Map();
      for (const row of rows) found.set(row.request_id, [...(found.get(row.request_id) ?? []), row.type]);
      return found;
    },
  };
}

async function furnish(world, issuer) {
  const operator = await openOperator(world);
  const admin = await operator.token();
  // One-time codes, one after the other: the server takes each before the next is made.
  let codes = Promise.resolve();
  const newCode = () => {
    codes = codes.then(async () => {
      const { stdout, stderr } = await promisify(execFile)(path.join(build, 'reeved'), ['setup-code', '--data', world.data]);
      return /\b[0-9A-Z]{4}-[0-9A-Z]{4}\b/.exec(stdout + stderr)[0];
    });
    return codes;
  };
  const database = eventsOf(world);
  const roles = await rolesOf(world, admin);
  return { world, issuer, operator, admin, newCode, roles, database, count: database.count, things: await makeThings(world, admin, roles) };
}

// One of each, for tests that need something that is there.
async function makeThings(world, admin, roles) {
  const make = async (target, body) => {
    const answer = await call(world, admin, 'POST', target, body);
    assert.equal(answer.status, 200, JSON.stringify(answer.body));
    return answer.body.uid;
  };
  const group = await make('/iam/v2/groups', { name: 'things' });
  const identity = await make(`/iam/v2/identities/${group}`, { name: 'thing', staticKeys: { issuer: 'https://i.example', subject: 's', issuerKeys: 'keys' } });
  return {
    group, identity,
    role: await make(`/iam/v2/roles/${group}`, { name: 'thing', capabilities: ['CAP_REPO_LIST'] }),
    binding: await make(`/iam/v2/roleBindings/${group}`, { identityUid: identity, roleUid: roles.get('viewer') }),
    repo: await make(`/registry/v2/repos/${group}`, { name: 'thing' }),
  };
}

export async function openStage() {
  const folder = mkdtempSync(path.join(tmpdir(), 'reeve-wire-'));
  const certificate = makeCertificate(folder);
  const issuer = await openIssuer();
  // Nobody listens for mail: what is asked for is of accounts that are not there.
  const flags = ['--login.providers', `people issuer=${issuer.url} client-id=people`, '--smtp.url', 'smtp://127.0.0.1:9', '--smtp.from', 'reeve@example.com'];
  // One connection rests while claims are played over another.
  flags.push('--http.idle-timeout', '900');
  const worlds = {
    plain: await openWorld({ issuer, registries: ['registry.test'], flags }),
    tls: await openWorld({ issuer, registries: ['registry.test'], flags, tls: certificate }),
  };
  const stages = [];
  const close = async () => {
    for (const stage of stages) stage.database.close();
    const ends = await Promise.allSettled(Object.values(worlds).map((world) => world.close()));
    issuer.server.closeAllConnections();
    await issuer.close();
    rmSync(folder, { recursive: true, force: true });
    for (const end of ends) if (end.status === 'rejected') throw end.reason;
  };
  try {
    for (const world of Object.values(worlds)) stages.push(await furnish(world, issuer));
  } catch (error) {
    await close();
    throw error;
  }
  // of: what a player needs to know of the world it plays in.
  return { worlds, issuer, close, of: (world) => stages.find((stage) => stage.world === world) };
}
