// People at the command line: reeve in a pseudo-terminal against the real server, the pages in a real browser, Google played by
// oidc-provider.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { PASSWORD, freshPage, ok, openPeople, serve, unique } from './people.mjs';
import { openTerminal } from './terminal.mjs';
import { build, call, claimsOf, now } from './world.mjs';

const run = promisify(execFile);
let people, world, work, org, viewer;

const sleep = (milliseconds) => new Promise((resolve) => { setTimeout(resolve, milliseconds); });

// A person's machine: its own home, reeve and its other name in PATH, a BROWSER that only notes what it is given.
function openMachine(settings = '') {
  const home = mkdtempSync(path.join(work, 'home-'));
  const bin = path.join(home, 'bin');
  const machine = { home, opened: path.join(home, 'opened'), reeve: path.join(bin, 'reeve'), chainctl: path.join(bin, 'chainctl') };
  mkdirSync(bin);
  for (const name of ['reeve', 'chainctl', 'docker-credential-reeve']) symlinkSync(path.join(build, 'reeve'), path.join(bin, name));
  writeFileSync(path.join(bin, 'note'), `#!/bin/sh\nprintf '%s' "$1" > '${machine.opened}.new' && mv '${machine.opened}.new' '${machine.opened}'\n`, { mode: 0o755 });
  mkdirSync(path.join(home, '.config', 'reeve'), { recursive: true });
  writeFileSync(path.join(home, '.config', 'reeve', 'config.yaml'), `platform:\n    api: ${world.url}\n    registry: registry.test\n${settings}`);
  machine.env = { PATH: `${bin}:${process.env.PATH}`, HOME: home, BROWSER: 'note' };
  machine.folder = path.join(home, '.cache', 'reeve', world.url.replaceAll('/', '-'));
  machine.kept = (name) => readFileSync(path.join(machine.folder, name), 'utf8');
  machine.tell = async (...words) => (await run(machine.reeve, words, { env: machine.env, timeout: 30000 })).stdout;
  machine.fail = async (...words) => {
    const failure = await run(machine.reeve, words, { env: machine.env, timeout: 30000 }).then(() => null, (error) => error);
    assert.ok(failure, `${words.join(' ')} should fail`);
    return failure;
  };
  machine.sit = (...words) => openTerminal([machine.reeve, ...words], { env: machine.env, columns: 120, rows: 60 });
  return machine;
}

// The page that the machine's browser was told to open.
async function openedBy(machine) {
  for (let i = 0; i < 400 && !existsSync(machine.opened); i++) await sleep(25);
  const url = readFileSync(machine.opened, 'utf8');
  rmSync(machine.opened);
  return url;
}

// Signs in at Google as this account, up to the question that ends it.
async function atGoogle(page, account) {
  people.google.account = account;
  await page.click('text=Continue with Google');
  await page.waitForSelector('text=Finish signing in?');
}

async function inBrowser(machine, account, { chosen = false, answer = 'yes' } = {}) {
  const page = await freshPage(people.browser);
  const url = await openedBy(machine);
  people.google.account = account;
  await page.goto(url);
  if (chosen) await page.waitForSelector('text=Finish signing in?');
  else await atGoogle(page, account);
  await page.click(`button[value=${answer}]`);
  await page.waitForURL(/127\.0\.0\.1:\d+\/callback/);
  return page;
}

const invite = async (more = {}) => ok(await people.as(people.admin, 'POST', `/iam/v2/groupInvites/${org}`, { roleUid: viewer, ttl: '3600s', ...more })).code;

// Somebody who came by an invitation and is signed in on a new machine.
async function newPerson(settings = '') {
  const machine = openMachine(settings);
  machine.account = `person-${unique()}`;
  const signing = machine.tell('auth', 'login', '-o', 'id', '--invite-code', await invite());
  const page = await inBrowser(machine, machine.account);
  machine.subject = (await signing).trim();
  await page.done();
  return machine;
}

// A machine that operates the server.
async function newOperator() {
  const machine = openMachine();
  const { stdout } = await run(path.join(build, 'reeved'), ['setup-code', '--data', world.data]);
  await machine.tell('setup', '--server', world.url, '--code', /\b[0-9A-Z]{4}-[0-9A-Z]{4}\b/.exec(stdout)[0]);
  return machine;
}

// The access token as it would be when its hour is over. Nothing but its own words tell reeve.
function age(machine) {
  const claims = claimsOf(machine.kept('oidc-token'));
  const [head, , signature] = machine.kept('oidc-token').split('.');
  const old = Buffer.from(JSON.stringify({ ...claims, iat: now() - 3700, exp: now() - 100 })).toString('base64url');
  writeFileSync(path.join(machine.folder, 'oidc-token'), `${head}.${old}.${signature}`, { mode: 0o600 });
}

before(async () => {
  work = mkdtempSync(path.join(tmpdir(), 'reeve-cli-people-'));
  people = await openPeople({ registries: ['registry.test'] });
  world = people.world;
  org = ok(await people.as(people.admin, 'POST', '/iam/v2/groups', { name: `cli-${unique()}.example` })).uid;
  viewer = ok(await people.as(people.admin, 'GET', '/iam/v2/roles?name=viewer')).roles[0].uid;
});

after(async () => {
  await people?.close();
  if (work) rmSync(work, { recursive: true, force: true });
});

test('an invitation, a browser, and the role that was promised', async () => {
  const machine = openMachine();
  const terminal = machine.sit('auth', 'login', '--invite-code', await invite());
  const page = await inBrowser(machine, `ada-${unique()}`);
  await page.waitForSelector('h1:text-is("Signed in")');
  assert.match(await page.content(), /window\.close\(\)\},10000\)/);
  assert.deepEqual(page.complaints, []);
  await terminal.see(/Joined [0-9a-f]{40}\./);
  const [, id] = await terminal.see(/Valid! Id: ([0-9a-f]{40})/);
  assert.equal(await terminal.end(), 0);
  for (const name of readdirSync(machine.folder)) assert.equal(statSync(path.join(machine.folder, name)).mode & 0o777, 0o600, name);
  assert.equal(statSync(machine.folder).mode & 0o777, 0o700);
  const session = JSON.parse(Buffer.from(machine.kept('refresh-token'), 'base64').toString());
  assert.deepEqual([session.sub, session.exp > now() + 86400], [id, true]);
  assert.deepEqual(Object.keys(claimsOf(machine.kept('oidc-token')).cap), [org]);
  const status = await machine.tell('auth', 'status');
  assert.match(status, new RegExp(`Identity: +${id}`));
  assert.match(status, new RegExp(`${org}: viewer`));
  await page.done();
});

test('the request carries PKCE and state, and an answer with another state is not the one waited for', async () => {
  const machine = openMachine();
  const signing = machine.tell('auth', 'login', '--social-login', 'google', '--invite-code', await invite());
  const url = new URL(await openedBy(machine));
  const query = url.searchParams;
  assert.deepEqual([query.get('response_type'), query.get('client_id'), query.get('code_challenge_method'), query.get('connection')], ['code', 'reeve', 'S256', 'google']);
  assert.match(query.get('code_challenge'), /^[\w-]{43}$/);
  assert.match(query.get('state'), /^[\w-]{43}$/);
  const stray = await fetch(`${query.get('redirect_uri')}?code=x&state=wrong&iss=${encodeURIComponent(world.url)}`);
  assert.equal(stray.status, 400);
  assert.equal((await fetch(new URL('/favicon.ico', query.get('redirect_uri')))).status, 404);
  writeFileSync(machine.opened, String(url));
  const page = await inBrowser(machine, `grace-${unique()}`, { chosen: true });
  assert.match(await signing, /Valid! Id/);
  await page.done();
});

test('an answer in another issuer\'s name ends the sign-in', async () => {
  const machine = openMachine();
  const failing = machine.fail('auth', 'login');
  const query = new URL(await openedBy(machine)).searchParams;
  const answer = await fetch(`${query.get('redirect_uri')}?code=x&state=${query.get('state')}&iss=https%3A%2F%2Fevil.test`);
  assert.equal(answer.status, 400);
  assert.match((await failing).stderr, /comes from the issuer "https:\/\/evil\.test"/);
});

test('who cancels on the page is told so in both places', async () => {
  const machine = openMachine();
  const failing = machine.fail('auth', 'login');
  const page = await inBrowser(machine, `mallory-${unique()}`, { answer: 'no' });
  await page.waitForSelector('h1:text-is("Not signed in")');
  assert.match((await failing).stderr, /refused/);
  assert.equal(existsSync(machine.folder), false);
  await page.done();
});

test('without an account and without an invitation it is asked, and no makes none', async () => {
  const machine = openMachine();
  const account = `new-${unique()}`;
  for (const [answer, code] of [['n', 1], ['y', 0]]) {
    const terminal = machine.sit('auth', 'login', '-o', 'none');
    const signing = inBrowser(machine, account);
    await terminal.see(/no account here yet\. Make one\? \[Y,n\]: /);
    terminal.type(`${answer}\n`);
    assert.equal(await terminal.end(), code, terminal.text);
    await (await signing).done();
  }
  const nobody = openMachine();
  const failing = nobody.fail('auth', 'login');
  const page = await inBrowser(nobody, `other-${unique()}`);
  assert.match((await failing).stderr, /no account here yet.*--invite-code/);
  await page.done();
});

test('an hour later the session goes on by itself, and two processes at once use its token once', async () => {
  const machine = await newPerson();
  for (let round = 0; round < 3; round++) {
    age(machine);
    const before = machine.kept('refresh-token');
    const tokens = await Promise.all(Array.from({ length: 4 }, () => machine.tell('auth', 'token')));
    assert.equal(new Set(tokens).size, 1, 'all have the same token');
    assert.equal((await call(world, tokens[0], 'GET', '/auth/v1/ok')).status, 200);
    assert.notEqual(machine.kept('refresh-token'), before);
    assert.equal(claimsOf(tokens[0]).sub, machine.subject);
  }
});

test('another audience comes out of the session, in one sign-in too', async () => {
  const machine = await newPerson();
  age(machine);
  const token = await machine.tell('auth', 'token', '--audience', 'registry.test');
  assert.deepEqual([claimsOf(token).aud, claimsOf(token).sub], ['registry.test', machine.subject]);
  age(machine);
  const helper = spawnSync(path.join(machine.home, 'bin', 'docker-credential-reeve'), ['get'], { env: machine.env, input: 'registry.test' });
  const credential = JSON.parse(helper.stdout);
  assert.deepEqual([credential.Username, claimsOf(credential.Secret).aud], ['_token', 'registry.test']);
  const signing = machine.tell('auth', 'login', '--audience', 'registry.test', '--audience', world.url, '-o', 'json');
  const page = await inBrowser(machine, machine.account);
  assert.equal((await signing).match(/"audience"/g).length, 2);
  await page.done();
});

test('signing out ends the session at the server and leaves nothing', async () => {
  const machine = await newPerson();
  const refreshToken = machine.kept('refresh-token');
  await machine.tell('auth', 'logout');
  assert.equal(existsSync(machine.folder), false);
  const answer = await call(world, refreshToken, 'POST', `/sts/exchange_refresh_token?aud=${encodeURIComponent(world.url)}`);
  assert.equal(answer.status, 401, JSON.stringify(answer.body));
  assert.match((await machine.fail('auth', 'token')).stderr, /nobody is signed in/);
});

test('--refresh-only keeps a session\'s tokens fresh until it is told to stop', async () => {
  const machine = await newPerson();
  age(machine);
  const terminal = machine.sit('auth', 'login', '--refresh-only');
  await terminal.see(/Renewed the token for/);
  assert.ok(claimsOf(machine.kept('oidc-token')).exp > now() + 600);
  terminal.type('\x03');
  assert.equal(await terminal.end(), 0);
});

test('sessions are listed and ended from elsewhere', async () => {
  const machine = await newPerson();
  const other = openMachine();
  const signing = other.tell('auth', 'login');
  const page = await inBrowser(other, machine.account);
  await signing;
  await page.done();
  const sessions = async () => JSON.parse(await machine.tell('auth', 'sessions', 'list', '-o', 'json')).items;
  const [newest, ...rest] = await sessions();
  assert.deepEqual([newest.clientId, rest.length], ['reeve', 1]);
  await machine.tell('auth', 'sessions', 'end', newest.id, '-y');
  assert.equal((await sessions()).length, 1);
  age(other);
  assert.match((await other.fail('auth', 'token')).stderr, /the session has ended/);
  age(machine);
  await machine.tell('auth', 'token');
});

test('an operator lists and ends the sessions of somebody else; nobody else does', async () => {
  const eve = await newPerson(), other = await newPerson(), operator = await newOperator();
  const of = ['--identity', eve.subject];
  const [only] = JSON.parse(await operator.tell('auth', 'sessions', 'list', ...of, '-o', 'json')).items;
  assert.match((await other.fail('auth', 'sessions', 'list', ...of)).stderr, /PermissionDenied/);
  assert.match((await other.fail('auth', 'sessions', 'end', only.id, ...of, '-y')).stderr, /PermissionDenied/);
  assert.match((await other.fail('auth', 'sessions', 'list', ...of, '--parent', org)).stderr, /PermissionDenied/);
  assert.equal(await operator.tell('auth', 'sessions', 'list', ...of, '--parent', org, '-o', 'id'), '', 'it did not begin at the organization\'s own provider');
  assert.match((await operator.fail('auth', 'sessions', 'end', only.id, ...of, '--parent', org, '-y')).stderr, /NotFound/);
  assert.match((await operator.fail('auth', 'sessions', 'list', '--parent', org)).stderr, /--identity/);
  await operator.tell('auth', 'sessions', 'revoke', only.id, ...of, '-y');
  assert.equal(await operator.tell('auth', 'sessions', 'list', ...of, '-o', 'id'), '');
  age(eve);
  assert.match((await eve.fail('auth', 'status')).stderr, /auth login/);
});

test('an organization\'s owners see who asks to join, let them in or not, and switch sign-in by codes off', async () => {
  const owner = await newOperator(), eve = await newPerson(), ian = await newPerson();
  await owner.tell('iam', 'organizations', 'create', 'example.com', '-y');
  assert.match((await eve.fail('iam', 'organizations', 'access-requests', 'create', '-y')).stderr, /NotFound/);
  await owner.tell('iam', 'organizations', 'verify', 'example.com', '-y');
  const requests = async () => JSON.parse(await owner.tell('iam', 'org', 'access-requests', 'ls', 'example.com', '-o', 'json')).items;
  assert.deepEqual(await requests(), []);
  for (const one of [eve, ian]) await one.tell('iam', 'organizations', 'access-requests', 'create', '-y');
  assert.match((await eve.fail('iam', 'organizations', 'access-requests', 'create', '-y')).stderr, /ResourceExhausted.*already/);
  assert.deepEqual((await requests()).map((one) => [one.identityUid, one.email]), [ian, eve].map((one) => [one.subject, `${one.account}@example.com`]));
  assert.match(await owner.tell('iam', 'organizations', 'access-requests', 'list', 'example.com'), /ID +\| +NAME +\| +EMAIL +\| +ASKED/);
  assert.match((await eve.fail('iam', 'organizations', 'access-requests', 'list', 'example.com')).stderr, /Error/);
  const accept = ['iam', 'organizations', 'access-requests', 'accept', 'example.com'];
  assert.match((await owner.fail(...accept, eve.subject, '-y')).stderr, /--role/);
  assert.match((await owner.fail(...accept, 'nobody@example.com', '--role', 'viewer', '-y')).stderr, /nobody with the id or address/);
  assert.match(await owner.tell(...accept, `${eve.account}@example.com`, '--role', 'viewer', '-y'), /viewer/);
  await owner.tell('iam', 'organizations', 'access-requests', 'dismiss', 'example.com', ian.subject, '-y');
  assert.deepEqual(await requests(), []);
  const bound = JSON.parse(await owner.tell('iam', 'role-bindings', 'list', '--parent', 'example.com', '-o', 'json')).items;
  assert.deepEqual(bound.filter((one) => [eve.subject, ian.subject].includes(one.identity_id)).map((one) => [one.identity_id, one.role_name]), [[eve.subject, 'viewer']]);

  const rules = ['iam', 'organizations', 'sign-in-rules'];
  assert.match(await owner.tell(...rules, 'describe', 'example.com'), /CODE SIGN-IN[^]*\bon\b/);
  assert.match((await owner.fail(...rules, 'update', 'example.com', '-y')).stderr, /--code-sign-in/);
  assert.match(await owner.tell(...rules, 'update', 'example.com', '--code-sign-in=false', '-y'), /\boff\b/);
  assert.equal(JSON.parse(await owner.tell(...rules, 'get', 'example.com', '-o', 'json')).codeSignInOff, true);
  assert.match(await owner.tell(...rules, 'update', 'example.com', '--code-sign-in', '-y'), /\bon\b/);
});

test('a session that the server ended says so, once', async () => {
  const machine = await newPerson();
  await call(world, machine.kept('refresh-token'), 'POST', '/reeve/v1/sessions:end', {});
  age(machine);
  assert.match((await machine.fail('auth', 'token')).stderr, /the session has ended.*reeve auth login/);
  assert.equal(existsSync(path.join(machine.folder, 'refresh-token')), false);
});

test('on a machine without a browser a code is shown, entered elsewhere', async () => {
  const machine = openMachine();
  delete machine.env.BROWSER;
  const account = `dev-${unique()}`, brought = await invite({ singleUse: true });
  const terminal = machine.sit('auth', 'login', '--invite-code', brought);
  await terminal.see(/No browser can be opened here\./);
  const [, url] = await terminal.see(/Open this page on any device\s+(http\S+)/);
  const [, code] = await terminal.see(/enter the code\s+([B-Z]{4}-[B-Z]{4})\s/);
  assert.equal(url, `${world.url}/activate`);
  await terminal.see(/Waiting: 1[45]:\d\d left/);
  assert.ok(!terminal.text.includes(brought), 'the invitation is in no address');
  const page = await freshPage(people.browser);
  people.google.account = account;
  await page.goto(url);
  await page.click('text=Continue with Google');
  await page.fill('#user-code', code.toLowerCase().replace('-', ' '));
  await page.click('button[type=submit]');
  await page.waitForSelector('text=Finish signing in?');
  for (const word of [/reeve\/\d/, /Accept the invitation/, /viewer/]) assert.match(await page.textContent('main'), word);
  await page.click('button[value=yes]');
  await page.waitForSelector('text=Your invitation is accepted.');
  await terminal.see(/Valid! Id: [0-9a-f]{40}/);
  assert.equal(await terminal.end(), 0);
  assert.deepEqual(Object.keys(claimsOf(machine.kept('oidc-token')).cap), [org]);
  assert.ok(machine.kept('refresh-token'), 'who joined with the code has a session at once');
  await page.done();
  const again = openMachine(); // the invitation was for one
  assert.match((await again.fail('auth', 'login', '--headless', '--invite-code', brought)).stderr, /asking for a code:.*has been used/);
});

test('a refusal on the other device ends it; so does Ctrl-C, and the line goes away', async () => {
  const machine = openMachine();
  const terminal = machine.sit('auth', 'login', '--headless');
  const [, code] = await terminal.see(/enter the code\s+(\S+)\s/);
  const page = await freshPage(people.browser);
  people.google.account = `no-${unique()}`;
  await page.goto(`${world.url}/activate?user_code=${code}`);
  await page.click('text=Continue with Google');
  await page.waitForSelector('#user-code');
  await page.click('button[type=submit]');
  await page.click('button[value=no]');
  await terminal.see(/refused on the other device/);
  assert.equal(await terminal.end(), 1);
  await page.done();
  const interrupted = machine.sit('auth', 'login', '--headless');
  await interrupted.see(/Waiting: /);
  interrupted.type('\x03');
  await interrupted.see(/\r\x1b\[K[\s\S]*interrupted; nobody was signed in/);
  assert.equal(await interrupted.end(), 1);
});

test('an address that holds a key: page and terminal show the same hash, and only this program opens the token', async () => {
  const machine = openMachine('auth:\n    device-flow: chainguard\n');
  const terminal = machine.sit('auth', 'login', '--headless', '--social-login', 'google', '--invite-code', await invite());
  const [, url] = await terminal.see(/Open this page on any device\s+(http\S+)/);
  const [, shown] = await terminal.see(/shows the key\s+([0-9a-f]{4}-[0-9a-f]{4})/);
  const code = new URL(url).searchParams.get('headless_code');
  const hash = createHash('sha256').update(code).digest('hex');
  assert.equal(shown, `${hash.slice(0, 4)}-${hash.slice(4, 8)}`);
  const page = await freshPage(people.browser);
  people.google.account = `key-${unique()}`;
  await page.goto(url);
  await page.waitForSelector('text=Finish signing in?');
  assert.match(await page.textContent('main'), new RegExp(shown));
  await page.click('button[value=yes]');
  await terminal.see(/Valid! Id: [0-9a-f]{40}/);
  assert.equal(await terminal.end(), 0);
  await page.done();
});

test('an organization\'s own provider, by the organization\'s name: in the browser, and by an address elsewhere', async () => {
  const name = `own-${unique()}.example`;
  const home = ok(await people.as(people.admin, 'POST', '/iam/v2/groups', { name })).uid;
  people.admin = await people.operator.token();
  ok(await people.as(people.admin, 'PATCH', `/iam/v2/groups/${home}?updateMask=verified,kind`, { verified: true, kind: 'ORG_KIND_CUSTOMER' }));
  ok(await people.as(people.admin, 'POST', `/iam/v2/identityProviders/${home}`, { name: 'own', defaultRole: viewer,
    oidc: { issuer: people.own.url, clientId: 'public', pkceEnabled: true } }));
  const machine = openMachine();
  const signing = machine.tell('auth', 'login', '--org-name', name);
  const page = await freshPage(people.browser);
  people.own.account = `own-${unique()}`;
  await page.goto(await openedBy(machine));
  await page.click('text=Continue to');
  await page.click('button[value=yes]');
  assert.match(await signing, /Valid! Id/);
  const claims = claimsOf(machine.kept('oidc-token'));
  assert.deepEqual([claims.act.iss, Object.keys(claims.cap)], [people.own.url, [home]]);
  age(machine);
  assert.deepEqual(Object.keys(claimsOf(await machine.tell('auth', 'token')).cap), [home], 'the session stays inside');
  const boss = await newPerson(), owner = ok(await people.as(people.admin, 'GET', '/iam/v2/roles?name=owner')).roles[0].uid;
  ok(await people.as(people.admin, 'POST', `/iam/v2/roleBindings/${home}`, { identityUid: boss.subject, roleUid: owner }));
  age(boss);
  const of = ['--identity', claims.sub, '--parent', name];
  const [session] = JSON.parse(await boss.tell('auth', 'sessions', 'list', ...of, '-o', 'json')).items;
  assert.equal(session.organizationUid, home);
  assert.match((await boss.fail('auth', 'sessions', 'list', '--identity', claims.sub)).stderr, /PermissionDenied/, 'an owner is no operator');
  await boss.tell('auth', 'sessions', 'end', session.id, ...of, '-y');
  age(machine);
  assert.match((await machine.fail('auth', 'token')).stderr, /auth login/, 'an owner ended it');
  await machine.tell('auth', 'logout');
  const terminal = machine.sit('auth', 'login', '--headless', '--org-name', name);
  const [, url] = await terminal.see(/Open this page on any device\s+(http\S+)/);
  assert.equal(new URL(url).searchParams.get('idp_id'), name);
  await page.goto(url);
  await page.click('text=Continue to');
  await page.click('button[value=yes]');
  await terminal.see(new RegExp(`Valid! Id: ${claims.sub}`));
  assert.equal(await terminal.end(), 0);
  await page.done();
});

test('an invitation makes an account with a password on the way', async () => {
  const machine = openMachine();
  const signing = machine.tell('auth', 'login', '--invite-code', await invite({ singleUse: true }));
  const page = await freshPage(people.browser);
  await page.goto(await openedBy(machine));
  await page.click('text=Make an account with a password');
  await page.fill('#name', 'Eve');
  await page.fill('#login', `eve-${unique()}@example.com`);
  await page.fill('#password', PASSWORD);
  await page.click('button[type=submit]');
  assert.match(await signing, /Valid! Id/);
  assert.deepEqual(Object.keys(claimsOf(machine.kept('oidc-token')).cap), [org]);
  assert.ok(machine.kept('refresh-token'));
  await page.done();
});

test('an identity that admits this server\'s own people is assumed after signing in, and has no session', async () => {
  const machine = await newPerson();
  const robot = ok(await people.as(people.admin, 'POST', `/iam/v2/identities/${org}`, { name: `robot-${unique()}`, claimMatch: { issuer: world.url, subject: machine.subject } })).uid;
  await machine.tell('auth', 'logout');
  const signing = machine.tell('auth', 'login', '--identity', robot, '--social-login', 'google', '-o', 'id');
  const page = await inBrowser(machine, machine.account, { chosen: true });
  assert.equal((await signing).trim(), robot);
  assert.deepEqual(readdirSync(machine.folder).filter((name) => name === 'refresh-token'), []);
  await page.done();
});

test('an answer that gets lost does not cost the session', async () => {
  const machine = await newPerson();
  age(machine);
  let lost = 0;
  const proxy = await serve(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const { host, connection, ...headers } = request.headers;
    const answer = await fetch(`${world.url}${request.url}`, { method: request.method, headers, body: parts.length ? Buffer.concat(parts) : undefined });
    const text = await answer.text();
    if (request.url === '/sts/exchange_refresh_token' && lost++ === 0) { request.socket.destroy(); return; }
    response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') });
    response.end(text);
  });
  await machine.tell('config', 'set', 'platform.issuer', proxy.url);
  const token = await machine.tell('auth', 'token');
  assert.deepEqual([lost, claimsOf(token).sub], [2, machine.subject]);
  assert.equal((await call(world, token, 'GET', '/auth/v1/ok')).status, 200);
  age(machine);
  await machine.tell('auth', 'token');
  await proxy.close();
});

test('as chainctl it answers the calls of other clients, and keeps the token where they look', async () => {
  const machine = await newPerson('auth:\n    shared-cache: true\n');
  const shared = path.join(machine.home, '.cache', 'chainguard', world.url.replaceAll('/', '-'));
  assert.deepEqual(readdirSync(shared), ['oidc-token']);
  assert.equal(statSync(path.join(shared, 'oidc-token')).mode & 0o777, 0o600);
  age(machine);
  const { stdout } = await run(machine.chainctl, ['auth', 'token', '--issuer', world.url, '--audience', world.url], { env: machine.env });
  assert.equal(claimsOf(stdout).sub, machine.subject);
  assert.match(stdout, /^[\w-]+\.[\w-]+\.[\w-]+$/, 'the token alone, without a line end');
  assert.equal(readFileSync(path.join(shared, 'oidc-token'), 'utf8'), stdout);
});

test('an account is deleted by its owner, after a question', async () => {
  const machine = await newPerson();
  assert.match((await machine.fail('auth', 'delete-account')).stderr, /say --yes/);
  const token = machine.kept('oidc-token');
  await machine.tell('auth', 'delete-account', '-y');
  assert.equal(existsSync(machine.folder), false);
  assert.equal((await call(world, token, 'GET', '/auth/v1/ok')).status, 401);
});

test('a command signs in by itself where somebody sits, and only there', async () => {
  const machine = await newPerson();
  await machine.tell('auth', 'logout');
  assert.match((await machine.fail('iam', 'organizations', 'list')).stderr, /nobody is signed in/);
  const terminal = machine.sit('iam', 'organizations', 'list', '-o', 'id');
  await terminal.see(/Nobody is signed in/);
  const page = await inBrowser(machine, machine.account);
  await terminal.see(new RegExp(org));
  assert.equal(await terminal.end(), 0);
  await page.done();
  await machine.tell('auth', 'logout');
  await machine.tell('config', 'set', 'default.skip-auto-login', 'true');
  const refused = machine.sit('iam', 'organizations', 'list');
  await refused.see(/nobody is signed in/);
  assert.equal(await refused.end(), 1);
});

test('where nobody sits and no browser is there, nothing hangs', async () => {
  const machine = openMachine();
  delete machine.env.BROWSER;
  const failure = await machine.fail('auth', 'login');
  assert.match(failure.stderr, /nothing to sign in with.*--headless/);
  assert.equal((await machine.fail('auth', 'login', '--org-name', 'x', '--social-login', 'google')).code, 2);
});
