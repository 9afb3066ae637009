// Random requests of every method's shape, out of one seed: whatever comes, the answer is a proper one, never an internal error,
// and the server lives. A failure prints the seed; REEVE_SEED plays it again, REEVE_CALLS makes it longer.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { build } from '../e2e/world.mjs';
import { protocols } from './clients.mjs';
import { inVersion, isImplemented, jsonName, methods, readHandlers, require } from './contract.mjs';
import { openStage } from './stage.mjs';

const protobuf = require('protobufjs');
readHandlers(build);

const CALLS = Number(process.env.REEVE_CALLS ?? 1500);
const seed = Number(process.env.REEVE_SEED ?? Date.now() % 2 ** 31);
// mulberry32
let state = seed;
const random = () => {
  state = (state + 0x6d2b79f5) | 0;
  let t = Math.imul(state ^ (state >>> 15), 1 | state);
  t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
  return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
};
const below = (n) => Math.floor(random() * n);
const pick = (list) => list[below(list.length)];

// Backups fill the disk, keys are rotated in their own test, /orgcheck answers its refusals as plain text.
const called = [...methods.values()].filter((method) => isImplemented(method) && !method.isPage && method.access.kind !== 'INTERNAL' && method.routes.length
  && !['reeve.v1.operations.backup', 'reeve.v1.operations.rotate_keys', 'reeve.v1.organizations.check'].includes(method.label));
let stage, about, connections, uids, texts;

before(async () => {
  stage = await openStage();
  about = stage.of(stage.worlds.plain);
  connections = ['HTTP/1.1 JSON', 'HTTP/2 JSON', 'gRPC'].map((name) => protocols[name].open(stage.worlds));
  uids = [...Object.values(about.things), ...[...about.roles.values()].slice(0, 6), about.operator.identityUid.split('/')[0], 'f'.repeat(40), `${about.things.group}/${'0'.repeat(16)}`, '/', '', 'x'];
  texts = ['', 'a', 'name', 'viewer', 'A B', 'x'.repeat(64), 'x'.repeat(5000), '\u{1F600}', '../..', '%2e%2e', '\n', '"', "'; --", 'https://i.example', about.issuer.url, 'sha256:' + 'a'.repeat(64), '{"keys":[]}', '*', '0', '-1', 'uid desc', 'true'];
});

after(async () => {
  for (const connection of connections ?? []) connection.close();
  await stage?.close();
});

function value(field, depth) {
  if (field.resolvedType instanceof protobuf.Enum) return pick([...Object.values(field.resolvedType.values).slice(0, 12), 77777, -1]);
  if (field.resolvedType?.fullName === '.google.protobuf.Timestamp') return pick(['2030-01-01T00:00:00Z', '1970-01-01T00:00:00Z', '0001-01-01T00:00:00Z', '9999-12-31T23:59:59.999999999Z']);
  if (field.resolvedType?.fullName === '.google.protobuf.Duration') return pick(['60s', '0s', '-1s', '315576000000s']);
  if (field.resolvedType?.fullName === '.google.protobuf.FieldMask') return pick(['*', 'name', 'name,description', 'uid', 'claimMatch.subject', 'x', '']);
  if (field.resolvedType) return message(field.resolvedType, depth + 1);
  if (field.type === 'bool') return random() < 0.5;
  if (/64$/.test(field.type)) return pick(['0', '1', '-1', '9223372036854775807']);
  if (field.type !== 'string') return field.type === 'bytes' ? 'AAAA' : pick([0, 1, 2, 200, 2147483647, ...(field.type.startsWith('u') ? [] : [-1, -2147483648])]);
  return /uid|id$|parent|identity|group|role|_of$|ids/.test(field.name) ? pick([...uids, ...uids, pick(texts)]) : pick(texts);
}

function message(type, depth = 0) {
  const json = {};
  const oneofs = new Set();
  for (const field of type.fieldsArray) {
    if (random() < (depth ? 0.35 : 0.15) || depth > 4) continue;
    if (field.partOf) {
      if (oneofs.has(field.partOf.name)) continue;
      oneofs.add(field.partOf.name);
    }
    if (field.map) json[jsonName(field)] = Object.fromEntries(Array.from({ length: below(3) }, () => [/int/.test(field.keyType) ? String(below(9)) : pick(texts), value(field, depth)]));
    else if (field.repeated) json[jsonName(field)] = Array.from({ length: below(4) }, () => value(field, depth));
    else json[jsonName(field)] = value(field, depth);
  }
  return json;
}

// Over REST an empty capture would be another method's path.
function isPlaced(method, json) {
  return [...method.routes[0].template.matchAll(/\{([^=}]+)=/g)].every(([, dotted]) => {
    let type = method.request;
    const found = dotted.split('.').reduce((at, name) => {
      const field = type.fields[name];
      type = field.resolvedType;
      return at?.[jsonName(field)];
    }, json);
    return found !== undefined && found !== '' && found !== '/';
  });
}

test(`random requests of every method end in proper answers (REEVE_SEED=${seed})`, async () => {
  const outcomes = new Map();
  for (let i = 0; i < CALLS; i++) {
    const method = inVersion(pick(called), pick(['v2', 'v2beta1']));
    const json = message(method.request);
    const token = pick([`Bearer ${about.admin}`, `Bearer ${about.admin}`, `Bearer ${about.admin}`, undefined]);
    const told = `call ${i} of seed ${seed}: ${method.path} ${JSON.stringify(json).slice(0, 700)}`;
    const connection = isPlaced(method, json) ? pick(connections) : connections.at(-1);
    const answer = await connection.call(method, json, { token }).catch((error) => { throw new Error(`${told}: ${error.message}`, { cause: error }); });
    assert.ok(!['INTERNAL', 'LOST', 'UNAVAILABLE'].includes(answer.fault), `${told}: ${answer.fault} ${answer.message}`);
    outcomes.set(answer.fault, (outcomes.get(answer.fault) ?? 0) + 1);
  }
  for (const outcome of ['OK', 'INVALID', 'UNAUTHENTIC']) assert.ok(outcomes.get(outcome) > 0, `seed ${seed} never met ${outcome}: ${JSON.stringify([...outcomes])}`);
});
