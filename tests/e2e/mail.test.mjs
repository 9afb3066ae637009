// A lost password: the server writes to the account's own address, through a small mail server of the test.
import assert from 'node:assert/strict';
import net from 'node:net';
import { DatabaseSync } from 'node:sqlite';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { call, freePort, openOperator, openWorld } from './world.mjs';

// As much of RFC 5321 as a client needs; letters as they came, dots unstuffed.
async function openMail() {
  const mail = { letters: [], dialogue: [] };
  mail.server = net.createServer((socket) => {
    let inData = false, inAuth = false, buffer = '', letter = {};
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    socket.write('220 mail.test ESMTP\r\n');
    const says = (line) => {
      mail.dialogue.push(line);
      if (/^EHLO/i.test(line)) return '250-mail.test\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n';
      if (inAuth) { inAuth = false; letter.auth = Buffer.from(line, 'base64').toString(); return '235 ok\r\n'; }
      if (/^AUTH PLAIN$/i.test(line)) { inAuth = true; return '334 \r\n'; }
      if (/^MAIL FROM:/i.test(line)) { letter.from = /<(.*)>/.exec(line)[1]; return '250 ok\r\n'; }
      if (/^RCPT TO:/i.test(line)) { letter.to = /<(.*)>/.exec(line)[1]; return '250 ok\r\n'; }
      if (/^DATA/i.test(line)) { inData = true; return '354 go on\r\n'; }
      if (/^QUIT/i.test(line)) return '221 bye\r\n';
      return '250 ok\r\n';
    };
    socket.on('data', (text) => {
      buffer += text;
      for (;;) {
        if (inData) {
          const end = buffer.indexOf('\r\n.\r\n');
          if (end < 0) return;
          letter.text = buffer.slice(0, end).replace(/^\.\./gm, '.');
          buffer = buffer.slice(end + 5);
          inData = false;
          mail.letters.push(letter);
          letter = { auth: letter.auth };
          socket.write('250 taken\r\n');
          continue;
        }
        const end = buffer.indexOf('\r\n');
        if (end < 0) return;
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        socket.write(says(line));
      }
    });
  });
  mail.port = await freePort();
  await new Promise((resolve) => { mail.server.listen(mail.port, '127.0.0.1', resolve); });
  // The n-th letter, once it is there.
  mail.letter = async (n) => {
    for (let i = 0; i < 200 && mail.letters.length <= n; i++) await new Promise((resolve) => { setTimeout(resolve, 25); });
    assert.ok(mail.letters[n], `no letter came: ${mail.dialogue.join('; ')}`);
    return mail.letters[n];
  };
  return mail;
}

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
