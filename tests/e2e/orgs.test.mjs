// What organizations decide about their people: their own provider, read through the command line; who signs in with a password;
// what a stranger learns. oidc-provider is the organization's own provider.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import http from 'node:http';
import { DatabaseSync } from 'node:sqlite';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { after, before, test } from 'node:test';
import Provider from 'oidc-provider';
import { build, call, freePort, openOperator, openWorld, send } from './world.mjs';

const run = promisify(execFile);
const SECRET = 'a-client-secret-nobody-reads-again';
let home, world, operator, admin, full, silent;

const ok = (answer) => {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
};

async function serve(handler) {
  const port = await freePort();
  const server = http.createServer(handler(`http://127.0.0.1:${port}`));
  await new Promise((resolve) => { server.listen(port, '127.0.0.1', resolve); });
  return { url: `http://127.0.0.1:${port}`, host: `127.0.0.1:${port}`, close: () => { server.closeAllConnections(); return new Promise((resolve) => { server.close(resolve); }); } };
}

// reeve as the operator's machine: {code, stdout, stderr}.
const reeve = (...args) => run(path.join(build, 'reeve'), args, { env: { PATH: process.env.PATH, HOME: home, XDG_CONFIG_HOME: `${home}/config`, XDG_CACHE_HOME: `${home}/cache` } })
  .then(({ stdout, stderr }) => ({ code: 0, stdout, stderr }), (error) => ({ code: error.code, stdout: error.stdout, stderr: error.stderr }));
const fine = async (...args) => {
  const { code, stdout, stderr } = await reeve(...args);
  assert.equal(code, 0, `${args.join(' ')}: ${stderr}`);
  return stdout;
};
const json = async (...args) => JSON.parse(await fine(...args, '-o', 'json'));

before(async () => {
  home = mkdtempSync(path.join(tmpdir(), 'reeve-orgs-'));
  full = await serve((url) => new Provider(url, { clients: [{ client_id: 'reeve', client_secret: SECRET, redirect_uris: ['https://reeve.example/oauth/callback'] }] }).callback());
  silent = await serve((url) => (request, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ issuer: url, jwks_uri: `${url}/jwks` })); // neither an authorization endpoint nor a word about PKCE
  });
  world = await openWorld({ flags: ['--fetch.allow-http', `${full.host},${silent.host}`] });
  await fine('setup', '--server', world.url, '--code', world.code);
  const { stdout } = await run(path.join(build, 'reeved'), ['setup-code', '--data', world.data]);
  operator = await openOperator(world, /\b[0-9A-Z]{4}-[0-9A-Z]{4}\b/.exec(stdout)[0]);
  admin = await operator.token();
});

after(async () => {
  const [end] = await Promise.allSettled([world?.close()]);
  for (const one of [full, silent]) await one?.close();
  rmSync(home, { recursive: true, force: true });
  if (end.status === 'rejected') throw end.reason;
});

test('an owner lets the organization\'s own provider in, by the command line', async () => {
  await fine('iam', 'organizations', 'create', 'sso.example', '-y');
  const create = ['iam', 'identity-providers', 'create', '--parent', 'sso.example', '--name', 'Ours', '--oidc-issuer', full.url, '--oidc-client-id', 'reeve', '--default-role', 'viewer', '-y'];
  const misuse = await reeve(...create);
  assert.notEqual(misuse.code, 0);
  assert.match(misuse.stderr, /--oidc-client-secret/);
  const made = await json(...create, '--oidc-client-secret', SECRET, '--oidc-additional-scopes', 'email', '--oidc-additional-scopes', 'profile', '--oidc-pkce-enabled', '--oidc-groups-claim', 'groups', '--oidc-correlation-rule', 'oid_equals_external_id');
  const row = made.items?.[0] ?? made;
  assert.match(row.uid ?? row.id, /^[0-9a-f]{40}\/[0-9a-f]{16}$/);
  const uid = row.uid ?? row.id;
  assert.match(await fine('iam', 'idp', 'ls', '--parent', 'sso.example'), /Ours/);
  assert.match(await fine('iam', 'identity-provider', 'describe', 'Ours'), /oid_equals|OID_EQUALS/);
  const said = await reeve('iam', 'identity-providers', 'create', '--parent', 'sso.example', '--name', 'Second', '--oidc-issuer', full.url, '--oidc-client-id', 'reeve', '--default-role', 'viewer', '--oidc-pkce-enabled', '-y');
  for (const address of [`${world.url}/oauth/callback`, `${world.url}/oauth/from/${createHash('sha256').update(full.url).digest('hex')}`]) assert.ok(said.stderr.split(/\s+/).includes(address), said.stderr);
  await fine('iam', 'identity-providers', 'delete', 'Second', '-y');
  await fine('iam', 'identity-providers', 'update', uid, '--name', 'Theirs', '--oidc-client-secret', '', '-y');
  assert.match(await fine('iam', 'identity-providers', 'list'), /Theirs/);
  const left = await reeve('iam', 'identity-providers', 'update', uid, '--oidc-pkce-enabled=false', '-y');
  assert.notEqual(left.code, 0, 'neither secret nor PKCE');
  assert.equal(await fine('iam', 'identity-providers', 'delete', 'Theirs', '-y', '-o', 'id'), `${uid}\n`);
  assert.notEqual((await reeve('iam', 'identity-providers', 'describe', uid)).code, 0);
});

test('a provider that names no authorization endpoint and is silent about PKCE is taken', async () => {
  const made = await json('iam', 'identity-providers', 'create', '--parent', 'sso.example', '--name', 'silent', '--oidc-issuer', silent.url, '--oidc-client-id', 'reeve', '--default-role', 'viewer', '--oidc-pkce-enabled', '-y');
  assert.ok(made);
  assert.match(world.log, /names no authorization_endpoint/);
});

test('CVE-2025-62513: a client secret is in no answer, no log, no record, and not in the database as it is', async () => {
  await fine('iam', 'organizations', 'create', 'secret.example', '-y');
  const made = await json('iam', 'identity-providers', 'create', '--parent', 'secret.example', '--name', 'hush', '--oidc-issuer', full.url, '--oidc-client-id', 'reeve', '--default-role', 'viewer', '--oidc-client-secret', SECRET, '-y');
  const listed = ok(await call(world, admin, 'GET', '/iam/v2/identityProviders'));
  const database = new DatabaseSync(path.join(world.data, 'reeve.db'), { readOnly: true });
  const sealed = database.prepare('SELECT secret FROM providers WHERE name = ?').get('hush').secret;
  const bodies = database.prepare('SELECT body FROM events').all().map((row) => row.body).join('\n');
  database.close();
  assert.ok(sealed.length > SECRET.length);
  for (const text of [JSON.stringify(made), JSON.stringify(listed), Buffer.from(sealed).toString('latin1'), bodies, world.log]) assert.ok(!text.includes(SECRET));
});

test('/orgcheck tells true and false as they are, and nothing else', async () => {
  await fine('iam', 'organizations', 'create', 'checked.example', '-y');
  const ask = (query) => send(world, 'GET', `/orgcheck${query}`);
  assert.equal((await ask('?name=sso.example')).text, 'false', 'it is not verified');
  assert.equal((await ask('?name=nobody.example')).text, 'false');
  await fine('iam', 'organizations', 'verify', 'sso.example', '-y');
  await fine('iam', 'organizations', 'verify', 'checked.example', '-y');
  const yes = await ask('?name=sso.example');
  assert.equal(yes.status, 200);
  assert.equal(yes.text, 'true');
  assert.match(yes.headers.get('content-type'), /^application\/json/);
  assert.equal((await ask('?name=checked.example')).text, 'false', 'it has no provider');
  const bare = await ask('');
  assert.equal(bare.status, 400);
  assert.match(bare.text, /name/);
  assert.match(bare.headers.get('content-type'), /^text\/plain/);
});

test('an operator makes an account, and its link is told once', async () => {
  const text = await fine('iam', 'accounts', 'create', 'Grace@Example.com', '--name', 'Grace');
  const link = new RegExp(`${world.url}/sign-in/password/(o[0-9a-f]{64})`).exec(text);
  assert.ok(link, text);
  assert.match(await fine('iam', 'accounts', 'list'), /grace@example\.com/);
  assert.match(await fine('iam', 'accounts', 'describe', 'grace@example.com'), /Grace/);
  const again = await fine('iam', 'account', 'reset', 'grace@example.com', '-y');
  assert.doesNotMatch(again, new RegExp(link[1]));
  assert.match(await fine('iam', 'accounts', 'disable', 'grace@example.com', '-y'), /disabled/);
  assert.notEqual((await reeve('iam', 'accounts', 'reset', 'grace@example.com', '-y')).code, 0);
  assert.match(await fine('iam', 'accounts', 'enable', 'grace@example.com'), /invited/);
  await fine('iam', 'accounts', 'delete', 'grace@example.com', '-y');
  assert.notEqual((await reeve('iam', 'accounts', 'describe', 'grace@example.com')).code, 0);
  const database = new DatabaseSync(path.join(world.data, 'reeve.db'), { readOnly: true });
  const bodies = database.prepare('SELECT body FROM events').all().map((row) => row.body).join('\n');
  database.close();
  assert.ok(!bodies.includes(link[1]) && !world.log.includes(link[1]));
});

test('an issuer that issuers.allow leaves out is nobody\'s provider: not a new one\'s, and not one\'s that stood before', async () => {
  const data = mkdtempSync(path.join(tmpdir(), 'reeve-allow-')), flags = ['--fetch.allow-http', full.host];
  const provider = (name, issuer, role) => ({ name, defaultRole: role, oidc: { issuer, clientId: 'reeve', clientSecret: SECRET } });
  const port = await freePort();
  let small = await openWorld({ data, flags, port, isNew: true });
  try {
    const someone = await openOperator(small);
    let token = await someone.token();
    const org = ok(await call(small, token, 'POST', '/iam/v2/groups', { name: 'allow.example' })).uid;
    const { roles } = ok(await call(small, token, 'GET', '/iam/v2/roles?name=viewer'));
    const made = ok(await call(small, token, 'POST', `/iam/v2/identityProviders/${org}`, provider('before', full.url, roles[0].uid)));
    const begin = () => send(small, 'GET', `/oauth?${new URLSearchParams({ redirect: 'http://localhost:9/callback', idp_id: made.uid })}`);
    assert.equal((await begin()).status, 200);
    await small.close();
    small = await openWorld({ data, flags: [...flags, '--issuers.allow', 'https://only.example'], port });
    token = await someone.token();
    const refused = await call(small, token, 'POST', `/iam/v2/identityProviders/${org}`, provider('after', full.url, roles[0].uid));
    assert.equal(refused.status, 400);
    assert.match(refused.body.message, /issuer: .*issuers\.allow/);
    const page = await begin();
    assert.notEqual(page.status, 200);
    assert.match(page.text + (page.headers.get('location') ?? ''), /issuers\.allow/);
    // Terraform sends every field with every change: the issuer as it stands is none.
    const update = (issuer) => call(small, token, 'PATCH', `/iam/v2/identityProviders/${made.uid}`, { name: 'renamed', defaultRole: roles[0].uid, oidc: { issuer, clientId: 'reeve', clientSecret: SECRET } });
    assert.equal(ok(await update(full.url)).name, 'renamed');
    const moved = await update('https://other.example');
    assert.deepEqual([moved.status, /issuers\.allow/.test(moved.body.message)], [400, true]);
    assert.notEqual((await begin()).status, 200, 'nobody signs in there all the same');
  } finally {
    await small.close();
    rmSync(data, { recursive: true, force: true });
  }
});
