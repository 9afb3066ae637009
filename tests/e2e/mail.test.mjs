// Letters: a lost password, somebody who asks to be let in; through a small mail server of the test.
import assert from 'node:assert/strict';
import { DatabaseSync } from 'node:sqlite';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { newPerson, signIn } from './local.mjs';
import { openMail } from './smtp.mjs';
import { call, claimsOf, openOperator, openWorld } from './world.mjs';

let mail, world, admin;
const ask = (login) => call(world, null, 'POST', '/reeve/v1/accounts:mailLink', { login });

before(async () => {
  mail = await openMail();
  process.env.REEVE_SMTP_PASSWORD = 'a-password-of-the-mail-server';
  world = await openWorld({ flags: ['--smtp.url', `smtp://127.0.0.1:${mail.port}`, '--smtp.from', 'reeve@example.com', '--smtp.user', 'reeve'] });
  delete process.env.REEVE_SMTP_PASSWORD;
  admin = await (await openOperator(world)).token();
});

after(async () => {
  const [end] = await Promise.allSettled([world?.close()]);
  mail?.server.close();
  if (end.status === 'rejected') throw end.reason;
});

test('a link goes to the account\'s own address alone, in the form it is known by', async () => {
  assert.equal((await call(world, admin, 'POST', '/reeve/v1/accounts', { login: 'grace@example.com', name: 'Grace' })).status, 200);
  assert.equal((await ask('GRACE@example.com')).status, 200);
  const letter = await mail.letter(0);
  assert.equal(letter.to, 'grace@example.com');
  assert.equal(letter.from, 'reeve@example.com');
  assert.match(letter.auth, /^\0reeve\0a-password-of-the-mail-server$/);
  assert.match(letter.text, /^Date: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d \+0000\r\n/m);
  assert.match(letter.text, /^Message-ID: <[0-9a-f]{32}@example\.com>\r\n/m);
  assert.match(letter.text, /^Subject: [\x20-\x7e]+\r\n/m);
  assert.match(letter.text, new RegExp(`\r\n${world.url}/sign-in/password/m[0-9a-f]{64}\r\n`));
});

test('nobody is written to twice in a row, nor for an account that is not there or disabled, and the answer is the same', async () => {
  assert.equal((await call(world, admin, 'POST', '/reeve/v1/accounts', { login: 'off@example.com' })).status, 200);
  assert.equal((await call(world, admin, 'POST', '/reeve/v1/accounts/off@example.com:disable', {})).status, 200);
  for (const login of ['grace@example.com', 'off@example.com', 'nobody@example.com']) {
    const answer = await ask(login);
    assert.equal(answer.status, 200);
    assert.deepEqual(answer.body, {});
  }
  assert.equal((await call(world, admin, 'POST', '/reeve/v1/accounts', { login: 'last@example.com' })).status, 200);
  assert.equal((await ask('last@example.com')).status, 200);
  assert.equal((await mail.letter(1)).to, 'last@example.com', 'letters go out in order: nothing was between');
});

test('CVE-2023-7028: no second address, and no header, comes in by the login', async () => {
  for (const login of ['grace@example.com,eve@evil.example', 'grace@example.com\r\nBcc: eve@evil.example', 'grace@example.com> <eve@evil.example', 'grace@example.com@evil.example']) {
    assert.equal((await ask(login)).status, 400, login);
  }
  assert.equal(mail.letters.length, 2);
});

// ---- somebody asks to be let in ----

const ok = (answer) => { assert.equal(answer.status, 200, JSON.stringify(answer.body)); return answer.body; };
const as = (token, method, target, body) => call(world, token, method, target, body);
let org;

async function person(login, more = {}) {
  const { token } = await signIn(world, await newPerson(world, admin, login, { emailVerified: true, ...more }));
  return { login, token, uid: claimsOf(token).sub };
}

async function own(who, role = 'owner') {
  const { roles } = ok(await as(admin, 'GET', `/iam/v2/roles?name=${role}`));
  return ok(await as(admin, 'POST', `/iam/v2/roleBindings/${org}`, { identityUid: who.uid, roleUid: roles[0].uid }));
}

test('who asks to be let in is told to the owners, once, each in a letter of their own', async () => {
  org = ok(await as(admin, 'POST', '/iam/v2/groups', { name: 'asked.example', verified: true, kind: 'ORG_KIND_CUSTOMER' })).uid;
  const ada = await person('ada@elsewhere.example'), ben = await person('ben@elsewhere.example'), vic = await person('vic@elsewhere.example');
  await own(ada); await own(ben); await own(vic, 'viewer');
  await own(await person('unproved@elsewhere.example', { emailVerified: false }));
  const before = mail.letters.length;
  const eve = await person('eve@asked.example', { name: 'Eve Bcc: all@evil.example https://evil.example/' });
  ok(await as(eve.token, 'POST', `/iam/v2/groups/${org}:requestGroupAccess`, {}));
  const letters = [await mail.letter(before), await mail.letter(before + 1)];
  assert.deepEqual(letters.map(({ to }) => to).sort(), [ada.login, ben.login]);
  for (const { to, text } of letters) {
    const [head, body] = text.split('\r\n\r\n', 2);
    assert.deepEqual(head.split('\r\n').map((line) => /^[A-Za-z-]+/.exec(line)[0]), ['Date', 'From', 'To', 'Subject', 'Message-ID', 'Auto-Submitted', 'MIME-Version', 'Content-Type', 'Content-Transfer-Encoding']);
    assert.match(head, new RegExp(`^To: <${to}>$`, 'm'));
    assert.match(head, /^Content-Type: text\/plain; charset=utf-8$/m);
    assert.doesNotMatch(head, /\beve@|asked\.example/, 'what strangers choose stands in no header');
    assert.match(text, /eve@asked\.example/);
    assert.match(text, new RegExp(`asked\\.example[^]*${org}`));
    assert.doesNotMatch(text, /evil\.example/, 'a name is whatever its bearer likes: it may hold a link');
    assert.ok(body.length > 0);
  }
  for (const version of ['v1', 'v2'])
    assert.equal((await as(eve.token, 'POST', `/iam/${version}/groups/${org}:requestGroupAccess`, {})).status, 429);
  assert.equal((await as(vic.token, 'POST', `/iam/v2/groups/${org}:requestGroupAccess`, {})).status, 404);
  ok(await as((await signIn(world, ada)).token, 'POST', `/reeve/v1/organizations/${org}/accessRequests:dismiss`, { identityUid: eve.uid }));
  ok(await as(eve.token, 'POST', `/iam/v1/groups/${org}:requestGroupAccess`, {}));
  await mail.letter(before + 3);
  const flush = await newPerson(world, admin, 'flush@example.com');
  ok(await ask(flush.login));
  assert.equal((await mail.letter(before + 4)).to, flush.login, 'letters go out in order: two for each request, and none for a repeated one');
});

test('not more than ten owners are written to', async () => {
  for (let i = 0; i < 12; i++) await own(await person(`owner-${i}@elsewhere.example`));
  const before = mail.letters.length;
  const fay = await person('fay@asked.example');
  ok(await as(fay.token, 'POST', `/iam/v2/groups/${org}:requestGroupAccess`, {}));
  await mail.letter(before + 9);
  const flush = await newPerson(world, admin, 'flush-again@example.com');
  ok(await ask(flush.login));
  assert.equal((await mail.letter(before + 10)).to, flush.login);
  assert.equal(new Set(mail.letters.slice(before, before + 10).map(({ to }) => to)).size, 10);
});

test('one address of the network asks ten times in a quarter of an hour', async () => {
  let last;
  for (let i = 0; i < 12; i++) last = await ask(`flood-${i}@example.com`);
  assert.equal(last.status, 429);
});

test('neither the mail server\'s password nor a link is in the log or the records', () => {
  const database = new DatabaseSync(path.join(world.data, 'reeve.db'), { readOnly: true });
  const bodies = database.prepare('SELECT body FROM events').all().map((row) => row.body).join('\n');
  database.close();
  const secret = /\/sign-in\/password\/(m[0-9a-f]{64})/.exec(mail.letters[0].text)[1];
  for (const text of [world.log, bodies]) assert.ok(!text.includes(secret) && !text.includes('a-password-of-the-mail-server'));
});
