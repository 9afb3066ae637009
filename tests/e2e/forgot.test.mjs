// A person lost their password: the page, the letter, the link; and what a stranger learns and does there.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { freshPage, newAccount, openPeople, show, typePassword, unique } from './people.mjs';
import { openMail } from './smtp.mjs';

const NEW = 'nine patient otters read';
let mail, people, login;

before(async () => {
  mail = await openMail();
  people = await openPeople({ flags: ['--smtp.url', `smtp://127.0.0.1:${mail.port}`, '--smtp.from', 'reeve@example.com'] });
  login = await newAccount(people);
});

after(async () => {
  const [end] = await Promise.allSettled([people?.close()]);
  mail?.server.close();
  if (end.status === 'rejected') throw end.reason;
});

// A browser at the form; of this server alone unless headers say otherwise.
async function atForm(options) {
  const page = await freshPage(people.browser, options);
  await page.goto(people.link({ connection: 'email' }));
  await page.click('text=Forgot your password?');
  return page;
}

async function ask(page, name) {
  await page.fill('#login', name);
  await page.click('button[type=submit]');
  await page.waitForSelector('h1');
  return (await page.textContent('main')).trim();
}

const link = (letter) => new RegExp(`${people.world.url}/sign-in/password/m[0-9a-f]{64}`).exec(letter.text)[0];

test('whoever lost a password asks for a link, sets a new one, and is signed in with it alone', async () => {
  const page = await atForm();
  await show(page, 'forgot');
  await page.fill('#login', 'ada@@example');
  await page.evaluate(() => document.querySelector('form').setAttribute('novalidate', ''));
  await page.click('button[type=submit]');
  await page.waitForSelector('[role=alert]');
  await show(page, 'forgot-wrong');
  assert.match(await ask(page, login.toUpperCase()), /Look at your mail/);
  await show(page, 'forgot-sent');
  const letter = await mail.letter(0);
  assert.equal(letter.to, login);
  await page.goto(link(letter));
  await page.fill('#password', NEW);
  await page.click('button[type=submit]');
  await page.waitForSelector('text=Your password is set');
  await page.goto(link(letter));
  assert.match(await page.textContent('main'), /used|old|no such/i, 'the link is good once');
  await page.goto(people.link({ connection: 'email' }));
  await typePassword(page, login);
  await page.waitForSelector('[role=alert]');
  await typePassword(page, login, NEW);
  await page.waitForSelector('#done');
  assert.ok((await people.program.next()).token);
  assert.deepEqual(page.complaints, []);
  await page.done();
});

test('the sign-in that was under way goes on after asking', async () => {
  const page = await atForm();
  await page.click('text=Back to the password');
  await typePassword(page, login, NEW);
  await page.waitForSelector('#done');
  assert.ok((await people.program.next()).token);
  await page.done();
});

test('enumeration: an account, one that was written to, a disabled one and none give one answer, and one letter', async () => {
  const there = await newAccount(people), off = await newAccount(people);
  assert.equal((await people.as(people.admin, 'POST', `/reeve/v1/accounts/${off}:disable`, {})).status, 200);
  const count = mail.letters.length, seen = new Set();
  const page = await atForm();
  const form = page.url();
  for (const name of [there, there, off, `nobody-${unique()}@example.com`]) {
    await page.goto(form);
    seen.add(await ask(page, name));
  }
  assert.equal(seen.size, 1, [...seen].join('\n---\n'));
  assert.equal((await mail.letter(count)).to, there);
  await page.done();
});

test('a foreign host header and a foreign form change nothing: the link is ours, and no letter goes out without the browser\'s own flow', async () => {
  const there = await newAccount(people), count = mail.letters.length;
  const page = await atForm({ extraHTTPHeaders: { 'X-Forwarded-Host': 'evil.example', Forwarded: 'host=evil.example' } });
  const [flow, token] = await page.$$eval('input[type=hidden]', (inputs) => inputs.map((input) => input.value));
  const post = (body, headers = {}) => fetch(`${people.world.url}/sign-in/forgot`, { method: 'POST', body: new URLSearchParams(body), headers, redirect: 'manual' });
  assert.equal((await post({ flow, token, login: there })).status, 400, 'without the cookie');
  assert.equal((await post({ login: there })).status, 400);
  const cookie = (await page.context().cookies()).map(({ name, value }) => `${name}=${value}`).join('; ');
  assert.equal((await post({ flow, token: 'x'.repeat(token.length), login: there }, { cookie })).status, 403, 'with another token');
  assert.equal((await post({ flow, token, login: there }, { cookie, origin: 'https://evil.example', 'sec-fetch-site': 'cross-site' })).status, 403, 'from another site');
  assert.match(await ask(page, there), /Look at your mail/);
  const letter = await mail.letter(count);
  assert.equal(letter.to, there, 'the first letter since: none came of what was refused');
  assert.ok(link(letter));
  assert.doesNotMatch(letter.text, /evil/);
  await page.done();
});

test('one address of the network asks a few times in a quarter of an hour, and nobody is locked out of signing in', async () => {
  const page = await atForm();
  const form = page.url();
  let text = '';
  for (let i = 0; i < 12 && !/too many/i.test(text); i++) {
    await page.goto(form);
    text = await ask(page, `flood-${i}@example.com`);
  }
  assert.match(text, /too many links were asked for from here/i);
  await page.goto(people.link({ connection: 'email' }));
  await typePassword(page, login, NEW);
  await page.waitForSelector('#done');
  assert.ok((await people.program.next()).token);
  await page.done();
});
