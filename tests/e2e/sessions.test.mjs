// Sessions over the wire: refresh tokens rotate, lost answers come again, what was taken or ended is worth nothing.
import assert from 'node:assert/strict';
import { createDecipheriv, createHash, createPublicKey, diffieHellman, generateKeyPairSync } from 'node:crypto';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { PASSWORD, form, newPerson as makePerson, signIn as enter, submit as fill } from './local.mjs';
import { call, claimsOf, exchange, openOperator, openWorld, send } from './world.mjs';

let world, admin, org;

const as = (token, method, target, body) => call(world, token, method, target, body);
const ok = (answer) => { assert.equal(answer.status, 200, JSON.stringify(answer.body)); return answer.body; };

before(async () => {
  world = await openWorld({ registries: ['registry.test'] });
  admin = await (await openOperator(world)).token();
  org = ok(await as(admin, 'POST', '/iam/v2/groups', { name: 'sessions.example' })).uid;
});
after(async () => { await world?.close(); });

const newPerson = (name) => makePerson(world, admin, `${name}@example.com`, { name });
const signIn = (person, more) => enter(world, person, more);
const submit = (page, cookies, answers) => fill(world, page, cookies, answers);

const use = (refresh, query = { aud: world.url }) => as(refresh, 'POST', `/sts/exchange_refresh_token?${new URLSearchParams(query)}`);
async function next(refresh, query) {
  const body = ok(await use(refresh, query));
  return { token: body.token.token, refresh: body.refreshToken.token };
}
async function ended(refresh) {
  const answer = await use(refresh);
  assert.equal(answer.status, 401, JSON.stringify(answer.body));
  assert.equal(answer.body.code, 16);
}

test('a refresh token gives an access token and its successor, which clients can read the end of', async () => {
  const first = await signIn(await newPerson('bea'));
  const second = await next(first.refresh);
  assert.notEqual(second.refresh, first.refresh);
  assert.equal(claimsOf(second.token).sub, claimsOf(first.token).sub);
  assert.equal(ok(await as(second.token, 'GET', '/auth/v1/ok')).subject, claimsOf(first.token).sub);
  assert.ok(JSON.parse(Buffer.from(second.refresh, 'base64')).exp > Date.now() / 1000 + 29 * 86400);
  assert.equal((await next(second.refresh)).refresh.length > 0, true);
});

test('parameters come from the query and from a form', async () => {
  const { refresh } = await signIn(await newPerson('cy'));
  assert.equal((await use(refresh, {})).status, 400);
  const answer = await send(world, 'POST', '/sts/exchange_refresh_token', { ...form, authorization: `Bearer ${refresh}` }, `aud=${encodeURIComponent(world.url)}`);
  assert.equal(answer.status, 200, answer.text);
  const { token } = await next(JSON.parse(answer.text).refreshToken.token, { aud: world.url, scopes: org });
  assert.equal(claimsOf(token).aud, world.url);
});

test('a session that began for one audience gives tokens for the others of this server, as clients ask for them', async () => {
  const first = await signIn(await newPerson('ada'), { audience: 'registry.test' });
  assert.equal(claimsOf(first.token).aud, 'registry.test');
  const second = await next(first.refresh, { aud: world.url });
  assert.equal(claimsOf(second.token).aud, world.url);
  ok(await as(second.token, 'GET', '/auth/v1/ok'));
  assert.equal(claimsOf((await next(second.refresh, { aud: 'registry.test' })).token).aud, 'registry.test');
});

test('an audience that is not ours is refused and uses nothing up', async () => {
  const { refresh } = await signIn(await newPerson('dot'));
  assert.equal((await use(refresh, { aud: 'https://elsewhere.example' })).status, 400);
  assert.equal((await use(refresh, { aud: world.url, cap: 'no.such' })).status, 400);
  await next(refresh);
});

test('a token whose answer got lost gives the same successor, on other connections and at once', async () => {
  const { refresh } = await signIn(await newPerson('eli'));
  const answers = await Promise.all(Array.from({ length: 8 }, () => next(refresh)));
  assert.equal(new Set(answers.map((one) => one.refresh)).size, 1);
  assert.equal((await next(refresh)).refresh, answers[0].refresh);
  await next(answers[0].refresh);
});

test('a token used again after its successor ends the session for whoever has the newest', async () => {
  const first = await signIn(await newPerson('fay'));
  const second = await next(first.refresh), third = await next(second.refresh);
  await ended(first.refresh);
  await ended(second.refresh);
  await ended(third.refresh);
  assert.deepEqual(ok(await as(third.token, 'GET', '/reeve/v1/sessions')).sessions ?? [], []);
});

test('CVE-2026-27840: a token that is cut, longer or of another form is none', async () => {
  const { token, refresh } = await signIn(await newPerson('gus'));
  for (const wrong of [refresh.slice(0, -4), refresh.slice(4), `${refresh}AAAA`, refresh.replace(/=+$/, '') + '====', token]) await ended(wrong);
  const inside = JSON.parse(Buffer.from(refresh, 'base64'));
  for (const change of [{ gen: inside.gen + 1 }, { aud: 'auth1' }, { exp: inside.exp + 1 }, { sec: '' }])
    await ended(Buffer.from(JSON.stringify({ ...inside, ...change })).toString('base64'));
  await next(refresh);
});

test('CVE-2026-55672: a token given to another client is refused to this one, and good for its own', async () => {
  const { refresh } = await signIn(await newPerson('hal'));
  const other = JSON.parse(Buffer.from(refresh, 'base64')).aud === 'reeve' ? 'auth0' : 'reeve';
  const answer = await send(world, 'POST', '/oauth2/token', form, `${new URLSearchParams({ grant_type: 'refresh_token', client_id: other, refresh_token: refresh })}`);
  assert.equal(JSON.parse(answer.text).error, 'invalid_grant', answer.text);
  await next(refresh);
});

test('people see and end their own sessions, and nobody else\'s', async () => {
  const ida = await newPerson('ida'), jo = await newPerson('jo');
  const [laptop, desk, hers] = [await signIn(ida), await signIn(ida), await signIn(jo)];
  const { sessions } = ok(await as(laptop.token, 'GET', '/reeve/v1/sessions'));
  assert.equal(sessions.length, 2);
  const uid = JSON.parse(Buffer.from(desk.refresh, 'base64')).fam;
  assert.ok(sessions.some((one) => one.uid === uid));
  assert.equal((await as(hers.token, 'DELETE', `/reeve/v1/sessions/${uid}`)).status, 404);
  ok(await as(laptop.token, 'DELETE', `/reeve/v1/sessions/${uid}`));
  await ended(desk.refresh);
  await next(laptop.refresh);
});

test('an operator sees and ends the sessions of anybody: the refresh token is refused at once, and the record says who', async () => {
  const oda = await newPerson('oda');
  const [kept, taken] = [await signIn(oda), await signIn(oda)];
  const of = `/reeve/v1/people/${claimsOf(kept.token).sub}/sessions`;
  const uid = JSON.parse(Buffer.from(taken.refresh, 'base64')).fam;
  assert.equal((await as(kept.token, 'GET', of)).status, 403);
  assert.equal((await as(kept.token, 'POST', `${of}:revoke`, { uid })).status, 403);
  const { sessions } = ok(await as(admin, 'GET', of));
  assert.deepEqual(sessions.map((one) => one.uid).includes(uid), true);
  assert.equal(sessions.length, 2);
  assert.equal((await as(admin, 'POST', `/reeve/v1/people/${claimsOf(admin).sub}/sessions:revoke`, { uid })).status, 404);
  ok(await as(admin, 'POST', `${of}:revoke`, { uid }));
  await ended(taken.refresh);
  assert.equal((await as(admin, 'POST', `${of}:revoke`, { uid })).status, 404);
  await next(kept.refresh);
  const database = new DatabaseSync(path.join(world.data, 'reeve.db'), { readOnly: true });
  const record = database.prepare("SELECT subject, body, by_operator FROM events WHERE method LIKE '%revoke_of_person'").all();
  database.close();
  assert.equal(record.length, 1, 'what was refused left none');
  assert.deepEqual([record[0].subject, record[0].by_operator], [claimsOf(kept.token).sub, 1]);
  assert.match(record[0].body, new RegExp(uid));
});

test('CVE-2024-46999: a session ends with the account it began with, disabled or deleted, and with the identity', async () => {
  const [kit, lou, mia] = [await newPerson('kit'), await newPerson('lou'), await newPerson('mia')];
  const [disabled, deleted, left] = [await signIn(kit), await signIn(lou), await signIn(mia)];
  ok(await as(admin, 'POST', `/reeve/v1/accounts/${kit.login}:disable`, {}));
  await ended(disabled.refresh);
  ok(await as(admin, 'POST', `/reeve/v1/accounts/${kit.login}:enable`, {}));
  await ended(disabled.refresh);
  ok(await as(admin, 'DELETE', `/reeve/v1/accounts/${lou.login}`));
  await ended(deleted.refresh);
  ok(await as(left.token, 'DELETE', `/auth/v1/delete/${claimsOf(left.token).sub}`));
  await ended(left.refresh);
});

test('an access token is no refresh token, and a refresh token opens nothing else', async () => {
  const { token, refresh } = await signIn(await newPerson('max'));
  await ended(token);
  for (const target of ['/auth/v1/ok', '/reeve/v1/sessions']) assert.equal((await as(refresh, 'GET', target)).status, 401, target);
  assert.notEqual((await exchange(world, refresh)).status, 200);
});

test('a sign-in handed to a program elsewhere opens with its key alone, and is given once', async () => {
  const { login } = await newPerson('ned');
  const { publicKey, privateKey } = generateKeyPairSync('x25519');
  const code = publicKey.export({ format: 'jwk' }).x, cookies = new Map();
  const target = `/sts/headless_sessions?code=${code}`;
  const asked = await submit(await send(world, 'GET', `/oauth?headless_code=${code}&connection=email`), cookies, { login, password: PASSWORD });
  const fingerprint = createHash('sha256').update(code).digest('hex');
  assert.ok(asked.text.includes(`${fingerprint.slice(0, 4)}-${fingerprint.slice(4, 8)}`), asked.text);
  assert.equal((await as(null, 'GET', target)).status, 404);
  await submit(asked, cookies, { answer: 'yes' });
  const session = ok(await as(null, 'GET', target));
  const theirs = createPublicKey({ key: { kty: 'OKP', crv: 'X25519', x: Buffer.from(session.ecdhPublicKey, 'base64').toString() }, format: 'jwk' });
  const sealed = Buffer.from(session.encryptedIdtoken, 'base64');
  const opener = createDecipheriv('aes-256-gcm', diffieHellman({ privateKey, publicKey: theirs }), sealed.subarray(0, 12)).setAuthTag(sealed.subarray(-16));
  const idToken = Buffer.concat([opener.update(sealed.subarray(12, -16)), opener.final()]).toString();
  assert.equal(claimsOf(idToken).iss, world.url);
  assert.equal((await as(null, 'GET', target)).status, 404);
  assert.equal((await exchange(world, idToken)).status, 200);
});

test('when too many passwords are checked at once, the page asks to come again, says when, and takes the form then', async () => {
  const query = new URLSearchParams({ exit: 'redirect', redirect: 'http://localhost:1/callback', connection: 'email' });
  const names = Array.from({ length: 10 }, (_, i) => `many-${i}@example.com`);
  const links = await Promise.all(names.map(async (login) => (await call(world, admin, 'POST', '/reeve/v1/accounts', { login })).body.link.replace(world.url, '')));
  const crowd = async (targets, answers, done) => {
    const pages = await Promise.all(targets.map((target) => send(world, 'GET', target)));
    const cookies = pages.map(() => new Map());
    const first = await Promise.all(pages.map((page, i) => fill(world, page, cookies[i], answers(i))));
    const busy = first.map((answer, i) => [answer, i]).filter(([answer]) => answer.status === 503);
    assert.ok(busy.length > 0 && busy.length < names.length, `${busy.length} of ${names.length}`);
    for (const [answer, i] of busy) {
      assert.match(answer.headers.get('retry-after') ?? '', /^[1-9]\d?$/);
      assert.match(answer.text, /Many people sign in at this moment\. Try again\./);
      const again = await fill(world, answer, cookies[i], answers(i));
      assert.ok(done(again), again.text);
    }
    for (const answer of first) if (answer.status !== 503) assert.equal(answer.headers.get('retry-after'), null);
  };
  await crowd(links, () => ({ password: PASSWORD }), (answer) => /Your password is set/.test(answer.text));
  await crowd(links.map(() => `/oauth?${query}`), (i) => ({ login: names[i], password: PASSWORD }), (answer) => answer.headers.get('location') !== null);
});
