// What an update writes, for every method that has a mask: the fields it names and no others, alike over REST and gRPC; without
// one the fields that are set; and what was read may be sent back.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { build, call } from '../e2e/world.mjs';
import { protocols } from './clients.mjs';
import { handlers, isImplemented, jsonName, methods, readHandlers, require } from './contract.mjs';
import { openStage } from './stage.mjs';

const protobuf = require('protobufjs');

readHandlers(build);

let stage, about, second, token, organizations = 0;
const connections = {};

const ok = (answer) => { assert.equal(answer.status ?? 200, 200, JSON.stringify(answer.body ?? answer)); return answer.body; };
const as = (verb, target, body) => call(about.world, about.admin, verb, target, body);
const inDays = (days) => `${new Date(Date.now() + days * 86400e3).toISOString().slice(0, 19)}Z`;
const keys = (word) => JSON.stringify({ keys: [{ kty: 'OKP', crv: 'Ed25519', x: Buffer.from(word.padEnd(32)).toString('base64url') }] });

before(async () => {
  stage = await openStage();
  about = stage.of(stage.worlds.plain);
  token = `Bearer ${about.admin}`;
  for (const name of ['HTTP/1.1 JSON', 'gRPC']) connections[name] = protocols[name].open(stage.worlds);
  second = ok(await as('POST', `/iam/v2/identities/${about.things.group}`, { name: 'second', servicePrincipal: 'SERVICE_PRINCIPAL_COSIGNED' })).uid;
});
after(async () => {
  for (const connection of Object.values(connections)) connection.close();
  await stage?.close();
});

// ---- the table: what a resource is made as, and what each of its fields may be changed to ----

const overlay = (word) => ({
  contents: { packages: [`${word}-package`], runtimeRepositories: [`https://${word}.example`], runtimeKeyring: [{ name: word, content: 'key' }] },
  environment: { WORD: word }, annotations: { word },
  accounts: { runAs: word, users: [{ username: word, uid: 7, gid: 0, groupName: '', shell: '', homeDir: '' }], groups: [{ groupname: word, gid: 8, members: [] }] },
  certificates: { additional: [{ name: word, content: 'pem' }], providers: [word] },
});
const identity = (proof, other, optional, required) => ({
  optional: ['description', 'company', ...optional], required: ['name', ...required],
  create: { path: 'identities', body: () => ({ name: 'who', description: 'before', company: 'one', ...proof() }) },
  other: () => ({ name: 'else', description: 'after', company: 'two', ...other() }),
});

const table = {
  groups_update_group: {
    // Renaming, verifying and the kind of an organization are an operator's, who asks here.
    'a folder': { create: { path: 'groups', body: () => ({ name: 'team', description: 'before' }) }, other: () => ({ name: 'crew', description: 'after' }), leaveOut: ['verified', 'kind'], optional: ['description'], required: ['name'] },
    'an organization': { create: { path: 'groups', isTop: true, body: () => ({ name: `masked-${++organizations}.test`, description: 'before' }) }, other: () => ({ description: 'after', verified: true }), leaveOut: ['name', 'kind'], optional: ['description'], required: ['name'] },
  },
  roles_update_role: {
    'a role': { create: { path: 'roles', body: () => ({ name: 'role', description: 'before', capabilities: ['CAP_REPO_LIST'] }) }, other: () => ({ name: 'part', description: 'after', capabilities: ['CAP_TAG_LIST'] }), optional: ['description'], required: ['name', 'capabilities'] },
  },
  role_bindings_update_role_binding: {
    'a binding': {
      create: { path: 'roleBindings', body: () => ({ identityUid: about.things.identity, roleUid: about.roles.get('viewer') }) },
      other: () => ({ identityUid: second, roleUid: about.roles.get('editor') }),
      required: ['identityUid', 'roleUid'],
    },
  },
  identities_update_identity: {
    'a claim match': identity(
      () => ({ claimMatch: { issuer: 'https://one.example', subject: 'one', audience: 'one', claims: { a: '1' }, claimPatterns: { b: '2' } } }),
      () => ({ claimMatch: { issuer: 'https://two.example', subject: 'two', audience: 'two', claims: { c: '3' }, claimPatterns: { d: '4' } } }),
      ['claimMatch.audience', 'claimMatch.claims', 'claimMatch.claimPatterns'], ['claimMatch.issuer', 'claimMatch.subject'],
    ),
    'a claim match by patterns': identity(
      () => ({ claimMatch: { issuer: 'https://one.example', subject: 'one', audience: 'one', claims: { a: '1' }, claimPatterns: { b: '2' } } }),
      () => ({ claimMatch: { issuerPattern: 'https://two\\.example', subjectPattern: 'two', audiencePattern: 'two', claims: {}, claimPatterns: {} } }),
      [], ['claimMatch.issuer', 'claimMatch.subject'],
    ),
    'static keys': identity(
      () => ({ staticKeys: { issuer: 'https://one.example', subject: 'one', issuerKeys: keys('one'), expirationTime: inDays(10), audiences: ['only-this'] } }),
      () => ({ staticKeys: { issuer: 'https://two.example', subject: 'two', issuerKeys: keys('two'), expirationTime: inDays(20), audiences: ['another'] } }),
      ['staticKeys.audiences'], ['staticKeys.issuer', 'staticKeys.subject', 'staticKeys.issuerKeys'],
    ),
    'an AWS identity': identity(
      () => ({ awsIdentity: { awsAccount: '123456789012', arn: 'arn:aws:iam::123456789012:role/one', userId: 'AROA:1' } }),
      () => ({ awsIdentity: { awsAccount: '210987654321', arn: 'arn:aws:iam::123456789012:role/two', userId: 'AROA:2' } }),
      ['awsIdentity.arn', 'awsIdentity.userId'], ['awsIdentity.awsAccount'],
    ),
    'an AWS identity by patterns': identity(
      () => ({ awsIdentity: { awsAccount: '123456789012', arnPattern: 'one', userIdPattern: 'one' } }),
      () => ({ awsIdentity: { awsAccount: '210987654321', arn: 'arn:aws:iam::123456789012:role/two', userId: 'AROA:2' } }),
      ['awsIdentity.arnPattern', 'awsIdentity.userIdPattern'], ['awsIdentity.awsAccount'],
    ),
    'a service': identity(() => ({ servicePrincipal: 'SERVICE_PRINCIPAL_INGESTER' }), () => ({ servicePrincipal: 'SERVICE_PRINCIPAL_COSIGNED' }), [], ['servicePrincipal']),
  },
  identity_providers_update_identity_provider: {
    'a provider': {
      create: { path: 'identityProviders', body: () => ({ name: 'p', description: 'before', defaultRole: about.roles.get('viewer'), oidc: { issuer: `${about.issuer.url}/own`, clientId: 'one', clientSecret: 'hush', additionalScopes: ['email'], groupsClaim: 'groups', pkceEnabled: true } }) },
      other: () => ({ name: 'q', description: 'after', defaultRole: about.roles.get('editor'), oidc: { issuer: `${about.issuer.url}/other`, clientId: 'two', clientSecret: 'secret', additionalScopes: ['profile'], groupsClaim: 'teams' } }),
      leaveOut: ['oidc.correlationRule', 'oidc.pkceEnabled', 'scim'], optional: ['description', 'oidc.additionalScopes', 'oidc.groupsClaim'], required: ['name', 'defaultRole', 'oidc.issuer', 'oidc.clientId'],
    },
  },
  repos_update_repo: {
    'a repository': {
      create: { path: 'repos', root: '/registry/v2', body: () => ({ name: 'app', description: 'before', catalogTier: 'CATALOG_TIER_AI', bundles: ['one'], aliases: ['old/app'], activeTags: ['1'], sync_config: { source: 'one', google: 'one', amazon: 'one', azure: 'one' }, customOverlay: overlay('one') }) },
      other: () => ({ name: 'tool', description: 'after', catalogTier: 'CATALOG_TIER_BASE', bundles: ['two'], aliases: ['new/app'], activeTags: ['2'], sync_config: { source: 'two', google: 'two', amazon: 'two', azure: 'two' }, customOverlay: overlay('two') }),
      optional: ['description', 'catalogTier', 'bundles', 'aliases', 'activeTags', 'sync_config.google', 'customOverlay.contents', 'customOverlay.contents.packages', 'customOverlay.environment', 'customOverlay.accounts.runAs'], required: ['name'],
    },
  },
};

// ---- messages as JSON ----

const isMessage = (field) => field.resolvedType instanceof protobuf.Type && !field.repeated && !field.map && !field.resolvedType.fullName.startsWith('.google.');
const hasOption = (field, name, value) => (field.parsedOptions ?? []).some((one) => one[name] === value) || field.options?.[name] === value;
const isOutput = (field) => hasOption(field, '(reeve.api.behaviour)', 'OUTPUT_ONLY');
const isSecret = (field) => hasOption(field, '(reeve.api.secret)', true);
const fieldOf = (type, name) => type.fieldsArray.find((field) => jsonName(field) === name) ?? assert.fail(`${type.name} has no ${name}`);
const resourceOf = (method) => method.request.fieldsArray.find((field) => field.name !== 'update_mask');

// The fields of a resource that hold others or are one value: [{path: ['oidc', 'issuer'], field}].
const leavesOf = (type, json, up = []) => Object.entries(json).flatMap(([name, value]) => {
  const field = fieldOf(type, name), path = [...up, name];
  return isMessage(field) ? leavesOf(field.resolvedType, value, path) : [{ path, field }];
});
const protoPath = (type, [name, ...rest]) => { const field = fieldOf(type, name); return rest.length ? `${field.name}.${protoPath(field.resolvedType, rest)}` : field.name; };
const at = (json, path) => path.reduce((one, name) => one?.[name], json);
const only = (path, value) => path.reduceRight((inner, name) => ({ [name]: inner }), value);

// A copy with one field set; the other arms of its oneof go. `undefined` clears it.
function withField(type, json, [name, ...rest], value) {
  const field = fieldOf(type, name), next = { ...json };
  if (value !== undefined) for (const arm of field.partOf?.oneof ?? []) if (arm !== field.name) delete next[jsonName(field.parent.fields[arm])];
  if (rest.length) next[name] = withField(field.resolvedType, json?.[name] ?? {}, rest, value);
  else if (value === undefined) delete next[name];
  else next[name] = value;
  return next;
}

// What a client can write and read of a resource, with nothing where a field is empty.
function bare(type, json) {
  const out = {};
  for (const [name, value] of Object.entries(json)) {
    const field = fieldOf(type, name);
    if (isOutput(field) || isSecret(field) || value === null || value === undefined) continue;
    if (isMessage(field)) {
      const inner = bare(field.resolvedType, value);
      if (Object.keys(inner).length) out[name] = inner;
    } else if (field.map ? Object.keys(value).length : field.repeated ? value.length : value !== '' && value !== false && value !== 0 && !/_UNSPECIFIED$/.test(value)) out[name] = value;
  }
  return out;
}

// ---- one update ----

const rows = Object.entries(table).flatMap(([handler, kinds]) => Object.entries(kinds).map(([kind, row]) => ({ handler, kind, ...row })));
const targetOf = ({ create }) => `${create.root ?? '/iam/v2'}/${create.path}`;

async function make(row) {
  const body = row.create.body();
  const org = row.create.isTop ? undefined : ok(await as('POST', '/iam/v2/groups', { name: 'place' })).uid;
  const made = ok(await as('POST', `${targetOf(row)}${org ? `/${org}` : ''}`, body));
  return { uid: made.uid, body };
}

// Both protocols do the same to twins, each in an organization of its own; each gives what the resource is afterwards, and the fault if it was refused.
async function update(row, body, mask) {
  const method = handlers.get(row.handler), resource = resourceOf(method), seen = {};
  for (const [name, connection] of Object.entries(connections)) {
    const { uid, body: before } = await make(row);
    const request = { [jsonName(resource)]: { ...body(before), uid }, ...(mask === undefined ? {} : { updateMask: mask }) };
    const answer = await connection.call(method, request, { token });
    const now = ok(await as('GET', `${targetOf(row)}/${uid}`));
    if (answer.fault === 'OK') assert.deepEqual(answer.json, now, 'an update answers what a get answers');
    seen[name] = { fault: answer.fault, before, now: bare(resource.resolvedType, now), uid };
  }
  return seen;
}

const allOk = (row, seen, want) => {
  const type = resourceOf(handlers.get(row.handler)).resolvedType;
  for (const [protocol, { fault, before, now }] of Object.entries(seen)) {
    assert.equal(fault, 'OK', protocol);
    assert.deepEqual(now, bare(type, want(before)), protocol);
  }
};
const allRefused = (row, seen) => {
  const type = resourceOf(handlers.get(row.handler)).resolvedType;
  for (const [protocol, { fault, before, now }] of Object.entries(seen)) {
    assert.equal(fault, 'INVALID', protocol);
    assert.deepEqual(now, bare(type, before), protocol);
  }
};

test('the table has every method that takes a mask', () => {
  const masked = [...handlers].filter(([, method]) => isImplemented(method) && method.request.fields.update_mask).map(([handler]) => handler);
  assert.deepEqual(Object.keys(table).sort(), masked.sort());
  for (const row of rows) {
    const type = resourceOf(handlers.get(row.handler)).resolvedType;
    const writable = type.fieldsArray.filter((field) => !isOutput(field)).map(jsonName);
    const inTable = rows.filter((one) => one.handler === row.handler).flatMap((one) => [...Object.keys(one.other()), ...(one.leaveOut ?? [])].map((name) => name.split('.')[0]));
    assert.deepEqual(writable.filter((name) => !inTable.includes(name)), [], row.handler);
  }
});

for (const row of rows) {
  describe(`${row.handler}, ${row.kind}`, { concurrency: 4 }, () => {
    const type = resourceOf(handlers.get(row.handler)).resolvedType;
    const leaves = () => leavesOf(type, row.other());
    const optional = (row.optional ?? []).map((one) => one.split('.'));
    const outer = [...new Set([...optional, ...row.required.map((one) => one.split('.'))].filter((path) => path.length > 1).map(([name]) => name))];

    test('writes the one field that is set, without a mask', async () => {
      for (const { path } of leaves()) {
        const value = at(row.other(), path);
        const empty = value !== null && typeof value === 'object' && Object.keys(value).length === 0;
        if (empty) continue;
        allOk(row, await update(row, () => only(path, value)), (before) => withField(type, before, path, value));
      }
    });
    test('writes the one field the mask names, whatever else is there', async () => {
      for (const { path } of leaves()) {
        const other = row.other();
        allOk(row, await update(row, () => other, protoPath(type, path)), (before) => withField(type, before, path, at(other, path)));
      }
    });
    test('writes all that is set, without a mask', async () => {
      const other = row.other();
      const set = leavesOf(type, bare(type, other));
      allOk(row, await update(row, () => bare(type, other)), (before) => set.reduce((one, { path }) => withField(type, one, path, at(other, path)), before));
    });
    test('keeps everything when what was read is sent back', async () => {
      for (const [protocol, connection] of Object.entries(connections)) {
        const { uid } = await make(row);
        const read = ok(await as('GET', `${targetOf(row)}/${uid}`));
        const answer = await connection.call(handlers.get(row.handler), { [jsonName(resourceOf(handlers.get(row.handler)))]: read }, { token });
        assert.equal(answer.fault, 'OK', `${protocol} ${answer.message}`);
        assert.deepEqual({ ...answer.json, updateTime: null }, { ...read, updateTime: null }, protocol);
      }
    });
    if (outer.length) test('takes an empty message for one that says nothing', async () => {
      for (const name of outer) allOk(row, await update(row, () => ({ [name]: {} })), (before) => before);
    });
    if (optional.length) test('clears what the mask names and the body lacks, and nothing else', async () => {
      for (const path of optional) {
        allOk(row, await update(row, () => ({}), protoPath(type, path)), (before) => withField(type, before, path, undefined));
      }
    });
    test('refuses to clear what it needs', async () => {
      for (const path of row.required.map((one) => one.split('.'))) allRefused(row, await update(row, () => ({}), protoPath(type, path)));
    });
    if (optional.length) test('writes a message whole when the mask names it, and everything for "*"', async () => {
      for (const path of optional) {
        const other = withField(type, row.other(), path, undefined);
        if (path.length > 1) allOk(row, await update(row, () => other, protoPath(type, path.slice(0, 1))), (before) => withField(type, before, path.slice(0, 1), other[path[0]]));
        allOk(row, await update(row, (before) => withField(type, before, path, undefined), '*'), (before) => withField(type, before, path, undefined));
      }
    });
    test('writes no output-only field, whether the mask names it or not', async () => {
      for (const mask of ['uid', ...type.fieldsArray.filter(isOutput).map((field) => field.name)]) {
        allOk(row, await update(row, () => row.other(), mask), (before) => before);
      }
    });
  });
}

describe('an identity that is proved another way', () => {
  const row = rows.find(({ kind }) => kind === 'a claim match');
  const staticKeys = { issuer: 'https://two.example', subject: 'two', issuerKeys: keys('two'), expirationTime: inDays(20), audiences: ['another'] };
  const changed = (before) => ({ ...before, claimMatch: undefined, staticKeys });
  test('has just the new proof, without a mask and with one that names it', async () => {
    for (const mask of [undefined, 'static_keys', 'claim_match,static_keys', 'static_keys,claim_match']) allOk(row, await update(row, () => ({ staticKeys }), mask), changed);
  });
  test('needs all of the new proof, and is as it was when the mask leaves something out', async () => {
    for (const mask of ['static_keys.issuer_keys', 'static_keys.issuer,static_keys.subject', 'claim_match', 'claim_match.subject']) allRefused(row, await update(row, () => ({ staticKeys }), mask));
  });
});

describe('a secret, which no answer holds', () => {
  const method = () => handlers.get('identity_providers_update_identity_provider');
  const body = () => rows.find(({ kind }) => kind === 'a provider').create.body();
  const make = async (oidc) => {
    const org = ok(await as('POST', '/iam/v2/groups', { name: 'secrets' })).uid;
    return ok(await as('POST', `/iam/v2/identityProviders/${org}`, { ...body(), oidc: { ...body().oidc, ...oidc } })).uid;
  };
  const read = async (uid) => ok(await as('GET', `/iam/v2/identityProviders/${uid}`));
  // Only with a secret can a provider do without PKCE.
  const hasSecret = async (uid) => {
    const answer = await as('PATCH', `/iam/v2/identityProviders/${uid}?updateMask=oidc.pkce_enabled`, { oidc: { pkceEnabled: false } });
    assert.ok(answer.status === 200 || /client secret, PKCE, or both/.test(answer.body.message), JSON.stringify(answer.body));
    return answer.status === 200;
  };
  const send = async (protocol, uid, change, updateMask) => {
    const answer = await connections[protocol].call(method(), { identityProvider: { uid, ...change }, ...(updateMask ? { updateMask } : {}) }, { token });
    assert.equal(answer.fault, 'OK', `${protocol} ${answer.message}`);
  };
  for (const protocol of ['HTTP/1.1 JSON', 'gRPC']) {
    test(`stays when what was read is sent back over ${protocol}`, async () => {
      const empty = (one) => ({ oidc: { clientSecret: one.oidc.clientSecret } });
      const none = (one) => ({ ...one, oidc: { ...one.oidc, clientSecret: null } });
      for (const [what, mask] of [[(one) => one], [none], [empty], [(one) => one, 'oidc'], [(one) => one, '*'], [none, '*']]) {
        const uid = await make({}), got = await read(uid);
        assert.equal(got.oidc.clientSecret, '');
        await send(protocol, uid, what(got), mask);
        assert.deepEqual({ ...await read(uid), updateTime: null }, { ...got, updateTime: null });
        assert.ok(await hasSecret(uid), `${mask} ${JSON.stringify(what(got))}`);
      }
    });
    test(`is cleared by a mask that names it over ${protocol}, where PKCE is there instead`, async () => {
      const uid = await make({});
      await send(protocol, uid, { oidc: { clientSecret: '' } }, 'oidc.client_secret');
      assert.ok(!await hasSecret(uid));
      const needy = await make({ pkceEnabled: false });
      const answer = await connections[protocol].call(method(), { identityProvider: { uid: needy, oidc: { clientSecret: '' } }, updateMask: 'oidc.client_secret' }, { token });
      assert.equal(answer.fault, 'INVALID');
      assert.ok(await hasSecret(needy));
    });
    test(`is set without a mask over ${protocol}`, async () => {
      const uid = await make({ clientSecret: '' });
      await send(protocol, uid, { oidc: { clientSecret: 'hush' } });
      assert.ok(await hasSecret(uid));
    });
  }
});
