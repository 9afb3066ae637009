// What every method must refuse, made from the contract itself: each field of each request is given what it cannot hold. The
// refusal names the field and the rule, has the right code and status, and nothing changed.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { build } from '../e2e/world.mjs';
import { protocols, restRequest } from './clients.mjs';
import { inVersion, isImplemented, jsonName, methods, readHandlers, require } from './contract.mjs';
import { openStage } from './stage.mjs';

const protobuf = require('protobufjs');
readHandlers(build);

const swept = [...methods.values()].filter((method) => isImplemented(method) && !method.isPage && method.access.kind !== 'INTERNAL' && method.routes.length);
let stage, admin, rest, rest2, rpc, atFirst;

before(async () => {
  stage = await openStage();
  rest = protocols['HTTP/1.1 JSON'].open(stage.worlds);
  rest2 = protocols['HTTP/2 JSON'].open(stage.worlds);
  rpc = protocols.gRPC.open(stage.worlds);
  admin = `Bearer ${stage.of(stage.worlds.plain).admin}`;
  atFirst = stage.of(stage.worlds.plain).count();
});

after(async () => {
  for (const connection of [rest, rest2, rpc]) connection?.close();
  await stage?.close();
});

// ---- a request with one field wrong ----

const uid = 'a'.repeat(40);
const isScope = (field) => field.options?.['(reeve.api.iam_scope)'] === true;
const captures = (method) => method.routes.flatMap((route) => [...route.template.matchAll(/\{([^=}]+)=/g)].map((one) => one[1]));

// A valid shape around `path`, so that the one wrong thing is what is met: required fields are there.
function filled(type, depth = 0) {
  const json = {};
  for (const field of type.fieldsArray) {
    const required = (field.options ?? {})['(reeve.api.behaviour)'] === 'REQUIRED' || (field.parsedOptions ?? []).some((one) => one['(reeve.api.behaviour)'] === 'REQUIRED');
    if (!required && !isScope(field)) continue;
    const known = { '.google.protobuf.Duration': '60s', '.google.protobuf.Timestamp': '2030-01-01T00:00:00Z', '.google.protobuf.FieldMask': 'name' }[field.resolvedType?.fullName];
    if (known) json[jsonName(field)] = known;
    else if (field.map) json[jsonName(field)] = { a: field.type === 'int32' ? 1 : 'a' };
    else if (field.resolvedType instanceof protobuf.Type) {
      const inner = depth < 3 ? filled(field.resolvedType, depth + 1) : {};
      json[jsonName(field)] = field.repeated ? [inner] : inner;
    } else if (field.resolvedType) json[jsonName(field)] = field.repeated ? [1] : 1;
    else if (field.type === 'string') json[jsonName(field)] = field.repeated ? ['a'] : isScope(field) || /uid|_id$/.test(field.name) ? uid : 'a';
  }
  return json;
}

// Every scalar of a request: [path in JSON names, field].
function leaves(type, path = [], depth = 0) {
  return type.fieldsArray.flatMap((field) => {
    const here = [...path, field];
    if (field.map || depth > 3) return [];
    if (field.resolvedType instanceof protobuf.Type && !field.resolvedType.fullName.startsWith('.google.')) return leaves(field.resolvedType, here, depth + 1);
    return [here];
  });
}

const isOutput = (path) => path.some((field) => (field.parsedOptions ?? []).some((one) => one['(reeve.api.behaviour)'] === 'OUTPUT_ONLY') || field.options?.['(reeve.api.behaviour)'] === 'OUTPUT_ONLY');

function placed(method, path, value) {
  const json = requestOf(method);
  let at = json;
  path.forEach((field, i) => {
    const last = i === path.length - 1;
    const name = jsonName(field);
    if (last) at[name] = field.repeated && !Array.isArray(value) ? [value] : value;
    else if (field.repeated) { at[name] = [{}]; at = at[name][0]; }
    else { at[name] ??= {}; at = at[name]; }
  });
  return json;
}

// A valid shape of a method's request; what stands in its path is there too.
function requestOf(method) {
  const json = filled(method.request);
  for (const name of captures(method)) {
    const field = method.request.fields[name];
    if (field?.type === 'string') json[jsonName(field)] ??= uid;
  }
  return json;
}

const dotted = (path) => path.map((field) => field.name).join('.');

function assertRefused(answer, told, { field, faults: allowed = ['INVALID'] } = {}) {
  assert.ok(allowed.includes(answer.fault), `${told}: ${answer.fault} ${answer.message ?? JSON.stringify(answer.json)}`);
  if (!field) return;
  const violation = answer.details.find((one) => one['@type'].endsWith('BadRequest'))?.fieldViolations[0] ?? assert.fail(`${told}: no field is named: ${answer.message}`);
  assert.ok(violation.field.replace(/\[\d+\]/g, '') === field || violation.field.replace(/\[\d+\]/g, '').endsWith(`.${field}`) || field.endsWith(violation.field.replace(/\[\d+\]/g, '')), `${told}: names ${violation.field}, not ${field}`);
  assert.ok(violation.description.length > 5, `${told}: says the rule`);
}

// Sends bytes of JSON as a route's body, whatever they are.
async function sendBody(connection, method, body, type = 'application/json') {
  const request = restRequest(method, requestOf(method), 0);
  const answer = await connection.send({ verb: request.verb, target: request.target, headers: { authorization: admin, 'content-type': type }, body });
  let json;
  try { json = JSON.parse(answer.text); } catch { assert.fail(`${method.label}: status ${answer.status}, no JSON: ${answer.text.slice(0, 100)}`); }
  return { status: answer.status, json };
}

// Some bodies are a list of a field's items.
const isList = (method) => method.request.fields[method.routes[0].body]?.repeated === true;
const hasBody = (method) => !method.isForm && method.routes[0].body !== '';

describe('over JSON every method refuses', { concurrency: 4 }, () => {
  for (const method of swept.filter(hasBody)) {
    test(`${method.label}: a body that is no JSON, or nests without end, or names things twice`, async () => {
      for (const body of ['{', '[]', '"x"', '{"a":}', '{"a":1,"a":2}', '['.repeat(5000), `{"name":${'{"a":'.repeat(200)}1${'}'.repeat(200)}}`, '{"name":"\\ud800"}', '{"name":"a\\u0000b"}', '\ufeff{}', '{}{}', 'NaN']) {
        if (body === '[]' && isList(method)) continue;
        const { status, json } = await sendBody(rest, method, body);
        assert.equal(status, 400, `${method.label} ${body.slice(0, 40)}: ${JSON.stringify(json)}`);
        assert.equal(json.code, 3);
        assert.ok(json.message.length > 5);
      }
    });
    test(`${method.label}: a member that its message does not have, by name`, async () => {
      const { status, json } = await sendBody(rest2, method, isList(method) ? '[{"nmae": 1}]' : '{"nmae": 1}');
      assert.equal(status, 400);
      assert.match(json.message, /nmae/);
      assert.equal(json.details.find((one) => one['@type'].endsWith('BadRequest')).fieldViolations[0].field.replace(/^.*\./, ''), 'nmae');
    });
    test(`${method.label}: a body of another type`, async () => {
      const { status, json } = await sendBody(rest, method, '<a/>', 'text/xml');
      assert.equal(status, 400);
      assert.match(json.message, /content-type/);
    });
    test(`${method.label}: each field with a value of another type, by the field's name`, async () => {
      const inBody = method.routes[0].body === '*' ? () => true : (path) => path[0].name === method.routes[0].body;
      for (const path of leaves(method.request)) {
        if (!inBody(path) || captures(method).includes(dotted(path))) continue;
        const field = path.at(-1);
        for (const wrong of field.type === 'bool' ? ['yes', 3] : field.type === 'string' ? [7, true, {}] : field.resolvedType instanceof protobuf.Enum ? ['NO_SUCH', {}] : [{}, true]) {
          const request = restRequest(method, placed(method, path, wrong), 0);
          const answer = await rest.send({ ...request, headers: { authorization: admin, 'content-type': 'application/json' } });
          const json = JSON.parse(answer.text);
          const told = `${method.label} ${dotted(path)} = ${JSON.stringify(wrong)}`;
          assert.equal(answer.status, 400, `${told}: ${answer.text}`);
          assertRefused({ fault: 'INVALID', message: json.message, details: json.details }, told, { field: dotted(path.slice(1)) || dotted(path) });
        }
      }
    });
  }
  for (const method of swept.filter((one) => !one.isForm)) {
    test(`${method.label}: a parameter that is none, by its name`, async () => {
      const request = restRequest(method, requestOf(method), 0);
      const mark = request.target.includes('?') ? '&' : '?';
      const answer = await rest.send({ ...request, target: `${request.target}${mark}nmae=1`, headers: { authorization: admin } });
      assert.equal(answer.status, 400, answer.text);
      assert.match(JSON.parse(answer.text).message, /nmae/);
    });
  }
  test('a body larger than the limit, before it is read', async () => {
    const group = methods.get('iam.v2.groups.create_group');
    const answer = await rest.send({ verb: 'POST', target: restRequest(group, { parent: uid }, 0).target, headers: { authorization: admin, 'content-type': 'application/json' }, body: `{"description":"${'x'.repeat(5 << 20)}"}` }).catch((error) => ({ error }));
    assert.ok(answer.error || answer.status === 413, `${answer.status} ${answer.text}`);
    const small = await rest2.send({ verb: 'POST', target: '/iam/v2/groups', headers: { authorization: admin, 'content-type': 'application/json' }, body: `{"name":"${'x'.repeat(100000)}"}` });
    assert.equal(small.status, 400);
  });
});

// ---- over gRPC: bytes ----

const varint = (value) => { const bytes = []; do { bytes.push((value & 127) | (value > 127 ? 128 : 0)); value >>>= 7; } while (value); return bytes; };
const wireField = (id, bytes) => Buffer.from([...varint((id << 3) | 2), ...varint(bytes.length), ...bytes]);

// A request whose one string at `path` is these bytes.
const nested = (path, bytes) => path.reduceRight((inner, field) => wireField(field.id, inner), bytes);

describe('over gRPC every method refuses', { concurrency: 4 }, () => {
  for (const method of swept) {
    for (const version of method.isV2 ? ['v2', 'v2beta1'] : ['v1']) {
      test(`${method.label}: strings with a NUL or that are no UTF-8, by the field's name (${version})`, async () => {
        for (const path of leaves(method.request)) {
          if (path.at(-1).type !== 'string') continue;
          for (const [what, bytes] of [['NUL', Buffer.from('a\0b')], ['broken UTF-8', Buffer.from([0x61, 0xff, 0xfe])], ['a surrogate', Buffer.from([0xed, 0xa0, 0x80])]]) {
            assertRefused(await rpc.sendBytes(inVersion(method, version), nested(path, bytes), { token: admin }), `${method.label} ${dotted(path)} with ${what}`, { field: path.at(-1).name });
          }
        }
      });
    }
    test(`${method.label}: bytes that are no message`, async () => {
      for (const bytes of [[0xff], [0x0a, 0x7f, 0x61], [0x07], [0x0b, 0x0c], [0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01]]) {
        assertRefused(await rpc.sendBytes(method, Buffer.from(bytes), { token: admin }), `${method.label} ${bytes}`);
      }
    });
  }
});

// ---- what many methods have in common ----

const ofField = (name) => swept.flatMap((method) => leaves(method.request).filter((path) => path.at(-1).name === name && path.length <= 2).map((path) => ({ method, path })));

describe('every method refuses', { concurrency: 4 }, () => {
  for (const { method, path } of swept.flatMap((one) => leaves(one.request).filter((at) => isScope(at.at(-1)) && !isOutput(at.slice(0, -1))).map((at) => ({ method: one, path: at })))) {
    if (method.access.at !== dotted(path)) continue;
    test(`${method.label}: an id that is none in ${dotted(path)}`, async () => {
      for (const wrong of ['x', 'A'.repeat(40), 'a'.repeat(39), `${uid}/`, `${uid}/abc`, `${uid}/${'0'.repeat(17)}`, `${uid}//${'0'.repeat(16)}`, `${uid}/${'0'.repeat(16)} `, `/${uid}`, `${uid}${`/${'0'.repeat(16)}`.repeat(40)}`]) {
        assertRefused(await rpc.call(method, placed(method, path, wrong), { token: admin }), `${method.label} ${wrong.slice(0, 60)}`, { field: dotted(path) });
      }
      // an id of nothing: absent, for an operator may list everywhere
      const none = await rpc.call(method, placed(method, path, uid), { token: admin });
      assert.ok(['ABSENT', 'INVALID'].includes(none.fault) || (none.fault === 'OK' && method.label.includes('delete_role_binding')), `${method.label}: ${none.fault} ${none.message}`);
    });
  }
  for (const [name, wrongs] of Object.entries({ page_size: [-1], skip: [-1], page_token: ['x', 'AAAA', 'a'.repeat(5000)], order_by: ['colour', 'uid sideways', 'uid,name', '; drop table groups'] })) {
    for (const { method, path } of ofField(name)) {
      test(`${method.label}: a bad ${name}`, async () => {
        for (const wrong of wrongs) {
          for (const connection of [rest, rpc]) assertRefused(await connection.call(method, placed(method, path, wrong), { token: admin }), `${method.label} ${wrong}`, { field: name });
        }
      });
    }
  }
  for (const { method } of ofField('update_mask')) {
    test(`${method.label}: a mask that names no field, or "*" among others`, async () => {
      const owner = stage.of(stage.worlds.plain);
      const resource = method.request.fieldsArray.find((field) => field.resolvedType instanceof protobuf.Type && !field.resolvedType.fullName.startsWith('.google.'));
      const target = { groups: owner.things.group, identities: owner.things.identity, roles: owner.things.role, role_bindings: owner.things.binding, repos: owner.things.repo }[method.label.split('.')[2]];
      if (!target) return;
      for (const mask of ['colour', 'name,*', 'name.inner']) {
        const answer = await rpc.call(method, { [jsonName(resource)]: { uid: target }, updateMask: mask }, { token: admin });
        assertRefused(answer, `${method.label} ${mask}`, { field: 'update_mask' });
      }
    });
  }
  test('who is not signed in, whatever the method', async () => {
    for (const method of swept) {
      if (['PUBLIC', 'CREDENTIAL'].includes(method.access.kind)) continue;
      for (const connection of [rest, rest2, rpc]) {
        for (const token of [undefined, 'Bearer x', 'Basic eDp5', 'Bearer']) assert.equal((await connection.call(method, requestOf(method), { token })).fault, 'UNAUTHENTIC', `${method.label} with ${token}`);
      }
    }
  });
});

test('nothing changed by all of that', () => {
  assert.deepEqual(stage.of(stage.worlds.plain).count(), atFirst);
});
