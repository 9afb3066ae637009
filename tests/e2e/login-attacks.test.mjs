// Published flaws of sign-in pages, tried on a running server: raw requests where a browser would not go, a real browser where it
// matters what one does. The name of each test carries the flaw's id or its short phrase; docs/security.md is the whole table.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { after, before, test } from 'node:test';
import { PASSWORD, RawBrowser, freshPage, hidden, newAccount, ok, openPeople, serve, signInAt, typePassword, unique } from './people.mjs';
import { call, claimsOf, freePort, newKey, now, send, signToken } from './world.mjs';

let people, world, login, org, viewer, evilPort;

before(async () => {
  evilPort = await freePort();
  people = await openPeople({ hosts: [`127.0.0.1:${evilPort}`], flags: ['--login.redirect-origins', 'https://console.example'] });
  world = people.world;
  login = await newAccount(people);
  org = ok(await people.as(people.admin, 'POST', '/iam/v2/groups', { name: `attacked-${unique()}.example` })).uid;
  viewer = ok(await people.as(people.admin, 'GET', '/iam/v1/roles?parent=%2F')).items.find((role) => role.name === 'viewer').id;
});

after(async () => { await people?.close(); });

// ---- a browser without eyes: keeps cookies, follows nothing ----

class Raw extends RawBrowser { constructor() { super(world); } }

// As far as the form for a password.
async function atPassword(parameters = {}) {
  const raw = new Raw();
  const page = await raw.get(people.link({ connection: 'email', ...parameters }));
  assert.equal(page.status, 200, page.text);
  return { raw, page, flow: hidden(page.text, 'flow'), token: hidden(page.text, 'token') };
}

// As far as the question, by Google.
async function atQuestion(parameters = {}) {
  const raw = new Raw();
  const begun = await raw.get(people.link({ connection: 'google-oauth2', ...parameters }));
  const back = await signInAt(begun.headers.get('location'), world);
  const page = await raw.get(back);
  return { raw, page, back, flow: hidden(page.text, 'flow'), token: hidden(page.text, 'token') };
}

// ---- redirects ----

test('CVE-2024-8883, CVE-2024-1132, CVE-2023-6927: a target is loopback or configured, read whole, or it is refused', async () => {
  const bad = ['http://127.0.0.1:1234@evil.example/', 'http://localhost@evil.example', 'http://localhost.evil.example', 'http://127.0.0.1.evil.example/', 'http://127.1/', 'http://2130706433/', 'http://[::ffff:127.0.0.1]/',
    'https://console.example.evil.example/', 'https://console.example@evil.example/', 'https://evil.example/https://console.example', 'https://console.example:8443/', 'http://console.example/', 'https://console.example\\@evil.example/',
    'https://console.example/%2e%2e/', 'https://console.example/../x', '//localhost/', '/callback', 'javascript:alert(1)', 'data:text/html,x', 'http://localhost:80#x', 'http://localhost:0/', 'http://localhost:99999/', 'http://localhost /', 'HTTP://LOCALHOST\u0000/'];
  for (const redirect of bad) {
    const answer = await new Raw().get(`${world.url}/oauth?exit=redirect&redirect=${encodeURIComponent(redirect)}`);
    assert.equal(answer.status, 400, redirect);
    assert.equal(answer.headers.get('location'), null, redirect);
    assert.match(answer.text, /This sign-in cannot go on/, redirect);
  }
  const good = await new Raw().get(`${world.url}/oauth?exit=redirect&redirect=${encodeURIComponent('https://console.example/after?x=1')}`);
  assert.equal(good.status, 200);
});

test('CVE-2021-21291, CVE-2021-29651, CVE-2024-22244, CVE-2024-25715, CVE-2026-5467: no page of ours sends a browser anywhere else', async () => {
  const lies = Object.fromEntries(['return_to', 'returnTo', 'next', 'redirect_uri', 'rd', 'url', 'post_logout_redirect_uri'].map((name) => [name, 'https://evil.example/']));
  const asked = `${new URLSearchParams(lies)}`;
  for (const target of ['/oauth/callback', '/sign-in', '/sign-in/with', '/sign-in/local', '/sign-in/new', '/activate', '/oauth2/authorize', '/sign-in/test', '/invite/x']) {
    const answer = await new Raw().get(`${target}?${asked}`);
    assert.equal(answer.headers.get('location'), null, target);
    assert.doesNotMatch(answer.text, /evil\.example/, target);
  }
  // browsers have no session here, and so nothing that would end one and go on from there
  for (const target of ['/logout', '/sign-out', '/oauth/logout', '/oauth2/logout', '/v2/logout', '/oidc/logout']) {
    const answer = await new Raw().get(`${target}?${asked}`);
    assert.deepEqual([answer.status, answer.headers.get('location')], [404, null], target);
  }
  const goesTo = (answer, origin, what) => {
    const location = answer.headers.get('location') ?? '';
    assert.equal(URL.parse(location)?.origin, origin, `${what}: ${location} ${answer.text}`);
    assert.doesNotMatch(location, /evil\.example/, what);
    return location;
  };
  const isClean = (answer, what) => {
    assert.deepEqual([answer.status, answer.headers.get('location')], [200, null], what);
    assert.doesNotMatch(answer.text, /evil\.example/, what);
    return { flow: hidden(answer.text, 'flow'), token: hidden(answer.text, 'token'), ...lies };
  };
  const program = `http://localhost:${people.program.port}`;
  for (const answer of ['yes', 'no']) { // by a provider, with the parameters at each step
    const raw = new Raw();
    const chosen = isClean(await raw.get(people.link(lies)), 'the ways');
    const back = await signInAt(goesTo(await raw.get(`/sign-in/with?flow=${chosen.flow}&connection=google-oauth2&${asked}`), people.google.url, 'to the provider'), world);
    const question = isClean(await raw.get(`${back}&${asked}`), 'back from the provider');
    assert.match(goesTo(await raw.post(`/sign-in/confirm?${asked}`, { ...question, answer }), program, answer), answer === 'yes' ? /token=ey/ : /token=&error=/);
  }
  const raw = new Raw(); // by a password
  const form = isClean(await raw.get(people.link({ connection: 'email', ...lies })), 'the form');
  const again = isClean(await raw.post(`/sign-in/local?${asked}`, { ...form, login, password: 'another one altogether' }), 'a wrong password');
  assert.match(goesTo(await raw.post(`/sign-in/local?${asked}`, { ...again, login, password: PASSWORD }), program, 'the password'), /token=ey/);
});

test('an error goes to the target only when the target is sound, and repeats no parameter of the link there', async () => {
  const answer = await new Raw().get(`${people.link()}&client_id=nobody`.replace('client_id=auth0&', ''));
  const location = new URL(answer.headers.get('location'));
  assert.equal(location.origin, `http://localhost:${people.program.port}`);
  assert.deepEqual([location.searchParams.get('token'), location.searchParams.getAll('error').length, location.searchParams.get('status_code')], ['', 1, '400']);
});

// ---- state, mix-up, fixation ----

test('state: an answer of a provider counts only in the browser that was sent there, and once', async () => {
  const raw = new Raw();
  const begun = await raw.get(people.link({ connection: 'google-oauth2' }));
  const back = await signInAt(begun.headers.get('location'), world);
  const thief = await new Raw().get(back);
  assert.deepEqual([thief.status, /no such sign-in/.test(thief.text)], [400, true]);
  const kept = new Map(raw.cookies);
  assert.match((await raw.get(back)).text, /Finish signing in/);
  raw.cookies = kept;
  const again = await raw.get(back);
  assert.ok([400, 303].includes(again.status));
  assert.doesNotMatch(again.text, /Finish signing in/);
});

test('mix-up: an answer that names another issuer, or none where one was promised, is refused (RFC 9207)', async () => {
  for (const change of [(url) => url.searchParams.set('iss', 'https://evil.example'), (url) => url.searchParams.delete('iss'), (url) => url.searchParams.set('iss', people.gitlab.url)]) {
    const raw = new Raw();
    const begun = await raw.get(people.link({ connection: 'google-oauth2' }));
    const back = new URL(await signInAt(begun.headers.get('location'), world));
    change(back);
    const answer = await raw.get(back.href);
    assert.match(answer.headers.get('location') ?? '', /another%20identity%20provider/);
  }
});

// An organization's provider that sends browsers on to another one, with the state of the sign-in that it was asked for.
async function openEvil({ promises, onward }) {
  const evil = await serve(async (request, response) => {
    const target = new URL(request.url, evil.url);
    let body = '';
    for await (const part of request) body += part;
    if (target.pathname === '/authorize') { response.writeHead(302, { location: onward(target.searchParams) }); response.end(); return; }
    if (target.pathname === '/token') evil.codes.push(new URLSearchParams(body).get('code'));
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ issuer: evil.url, jwks_uri: `${evil.url}/jwks`, authorization_endpoint: `${evil.url}/authorize`, token_endpoint: `${evil.url}/token`,
      ...(promises ? { authorization_response_iss_parameter_supported: true } : {}) }));
  }, evilPort);
  evil.codes = [];
  return evil;
}

const addProvider = async (name, issuer) => ok(await people.as(people.admin, 'POST', `/iam/v2/identityProviders/${org}`, { name, defaultRole: viewer, oidc: { issuer, clientId: 'x', pkceEnabled: true } })).uid;

// Where the browser of somebody who goes on with an organization's provider is sent to.
async function sentTo(raw, provider) {
  const page = await raw.get(people.link({ idp_id: provider }));
  const go = /href="([^"]*go=[^"]*)"/.exec(page.text)[1].replaceAll('&amp;', '&');
  return new URL((await raw.get(go)).headers.get('location'));
}

const way = (issuer) => `${world.url}/oauth/from/${createHash('sha256').update(issuer).digest('hex')}`;

test("mix-up: another provider's answer is none of an organization's provider, whose owner never sees its code (RFC 9700 section 4.4)", async () => {
  const attacker = new URL((await new Raw().get(people.link({ connection: 'github' }))).headers.get('location')).searchParams;
  for (const [promises, address] of [[false, () => attacker.get('redirect_uri')], [false, (query) => query.get('redirect_uri')], [true, () => attacker.get('redirect_uri')],
    [true, (query, own) => `${attacker.get('redirect_uri')}?iss=${encodeURIComponent(own)}`], [true, (query) => query.get('redirect_uri')]]) {
    const evil = await openEvil({ promises, onward: (query) => {
      const to = new URL(`${people.github.url}/login/oauth/authorize`);
      const sent = { client_id: 'github', redirect_uri: address(query, evil.url), scope: 'user:email', state: query.get('state'), code_challenge: attacker.get('code_challenge'), code_challenge_method: 'S256' };
      for (const [name, value] of Object.entries(sent)) to.searchParams.set(name, value);
      return to.href;
    } });
    try {
      const provider = await addProvider(`evil-${unique()}`, evil.url);
      const victim = new Raw();
      const there = await sentTo(victim, provider);
      assert.equal(there.searchParams.get('redirect_uri'), promises ? `${world.url}/oauth/callback` : way(evil.url));
      const github = (await fetch(there, { redirect: 'manual' })).headers.get('location');
      const back = (await fetch(github, { redirect: 'manual' })).headers.get('location');
      const answer = await victim.get(back);
      assert.match(answer.headers.get('location') ?? answer.text, /status_code=403|This sign-in cannot go on/, back);
      assert.deepEqual(evil.codes, [], back);
      ok(await people.as(people.admin, 'DELETE', `/iam/v2/identityProviders/${provider}`));
    } finally { await evil.close(); }
  }
});

test('mix-up: a provider that does not name itself has an address of its own, and is believed there alone', async () => {
  const key = newKey('RSA');
  const grants = new Map();
  const quiet = await serve(async (request, response) => {
    const target = new URL(request.url, quiet.url);
    let body = '';
    for await (const part of request) body += part;
    response.setHeader('content-type', 'application/json');
    if (target.pathname === '/jwks') { response.end(JSON.stringify({ keys: [key.jwk] })); return; }
    if (target.pathname === '/token') {
      const form = new URLSearchParams(body);
      const grant = grants.get(form.get('code'));
      assert.equal(form.get('redirect_uri'), grant.redirect_uri);
      response.end(JSON.stringify({ token_type: 'bearer', access_token: 'x', id_token: signToken(key, { iss: quiet.url, aud: 'x', sub: 'quiet-ada', nonce: grant.nonce, iat: now(), exp: now() + 60 }) }));
      return;
    }
    response.end(JSON.stringify({ issuer: quiet.url, jwks_uri: `${quiet.url}/jwks`, authorization_endpoint: `${quiet.url}/authorize`, token_endpoint: `${quiet.url}/token` }));
  }, evilPort);
  try {
    const provider = await addProvider(`quiet-${unique()}`, quiet.url);
    const come = async (address) => {
      const raw = new Raw();
      const asked = Object.fromEntries((await sentTo(raw, provider)).searchParams);
      assert.equal(asked.redirect_uri, way(quiet.url));
      grants.set(asked.state, asked);
      return raw.get(`${address}?code=${asked.state}&state=${asked.state}`);
    };
    assert.match((await come(way(quiet.url))).text, /Finish signing in/);
    for (const wrong of [`${world.url}/oauth/callback`, `${world.url}/oauth/from/github`, way('https://other.example'), way(quiet.url).toUpperCase().replace('HTTP://', 'http://').replace('/OAUTH/FROM/', '/oauth/from/')])
      assert.match((await come(wrong)).headers.get('location') ?? '', /another%20identity%20provider/, wrong);
    const google = new Raw();
    const back = new URL(await signInAt((await google.get(people.link({ connection: 'google-oauth2' }))).headers.get('location'), world));
    back.pathname = new URL(way(people.google.url)).pathname;
    assert.match((await google.get(back.href)).headers.get('location') ?? '', /another%20identity%20provider/);
  } finally { await quiet.close(); }
});

test('a code of another sign-in does not fit: nonce and verifier belong to one browser', async () => {
  const [mine, theirs] = [new Raw(), new Raw()];
  const own = new URL(await signInAt((await mine.get(people.link({ connection: 'google-oauth2' }))).headers.get('location'), world));
  const other = new URL(await signInAt((await theirs.get(people.link({ connection: 'google-oauth2' }))).headers.get('location'), world));
  own.searchParams.set('code', other.searchParams.get('code'));
  const answer = await mine.get(own.href);
  assert.match(answer.headers.get('location') ?? '', /status_code=403/);
});

test('CVE-2024-28197: each step has a fresh id; the one before is worth nothing after sign-in', async () => {
  const { raw, flow, token, page } = await atPassword();
  const before = new Map(raw.cookies);
  const done = await raw.post('/sign-in/local', { flow, token, login, password: PASSWORD });
  assert.match(done.headers.get('location') ?? '', /token=ey/, done.text + page.text);
  assert.ok(![...raw.cookies.keys()].some((name) => before.has(name)), 'the cookie is gone');
  raw.cookies = before;
  const again = await raw.post('/sign-in/local', { flow, token, login, password: PASSWORD });
  assert.doesNotMatch(again.headers.get('location') ?? '', /token=ey/);
});

test('a cookie of ours cannot be made, changed, or used at another step', async () => {
  const { raw, flow, token } = await atPassword();
  const [[name, value]] = [...raw.cookies].filter(([key]) => key.includes(flow));
  for (const forged of [`${value.slice(0, -4)}AAAA`, value.slice(4), randomBytes(300).toString('base64url'), '', 'x'.repeat(3000)]) {
    raw.cookies.set(name, forged);
    assert.equal((await raw.post('/sign-in/local', { flow, token, login, password: PASSWORD })).status, 400, forged.slice(0, 9));
  }
  raw.cookies.set(name, value);
  assert.equal((await raw.post('/sign-in/confirm', { flow, token, answer: 'yes' })).status, 400);
  assert.equal((await raw.get(`/oauth/callback?state=${flow}&code=x`)).status, 400);
  const renamed = 'A'.repeat(22);
  raw.cookies = new Map([[`__Host-reeve-${renamed}`, value]]);
  assert.match((await raw.post('/sign-in/local', { flow: renamed, token: 'wrong', login, password: PASSWORD })).text, /not the one that was shown|no such sign-in/);
});

test('cookies are __Host-, Secure, HttpOnly, SameSite=Lax, of ten minutes', async () => {
  const answer = await send(world, 'GET', people.link().replace(world.url, ''));
  const cookies = answer.headers.getSetCookie();
  assert.equal(cookies.length, 1);
  assert.match(cookies[0], /^__Host-reeve-[\w-]{22}=[\w-]+; Path=\/; Max-Age=600; Secure; HttpOnly; SameSite=Lax$/);
});

// ---- CSRF and framing ----

test('CSRF: a form counts only from a page of ours, in its browser, with its token', async () => {
  const { raw, flow, token } = await atQuestion();
  assert.ok(flow && token);
  for (const headers of [{ 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }, { 'sec-fetch-site': 'same-site' }, { 'sec-fetch-site': 'none' }, { origin: 'https://evil.example' }, { origin: `${world.url}.evil.example` }]) {
    raw.headers = headers;
    assert.equal((await raw.post('/sign-in/confirm', { flow, token, answer: 'yes' })).status, 403, JSON.stringify(headers));
  }
  raw.headers = {};
  for (const wrong of ['', 'x', token.slice(1), `${token}A`, flow]) assert.equal((await raw.post('/sign-in/confirm', { flow, token: wrong, answer: 'yes' })).status, 403, wrong);
  assert.equal((await raw.get(`/sign-in/confirm?flow=${flow}&token=${token}&answer=yes`)).status, 405);
  assert.equal((await new Raw().post('/sign-in/confirm', { flow, token, answer: 'yes' })).status, 400);
  raw.headers = { 'sec-fetch-site': 'same-origin', origin: 'null' };
  assert.match((await raw.post('/sign-in/confirm', { flow, token, answer: 'yes' })).headers.get('location') ?? '', /token=ey/);
});

test('CSRF in a real browser: another site posts the form, and no cookie goes along', async () => {
  const page = await freshPage(people.browser);
  await page.goto(people.link({ connection: 'google-oauth2' }));
  await page.waitForSelector('text=Finish signing in?');
  const [flow, token] = [await page.getAttribute('[name=flow]', 'value'), await page.getAttribute('[name=token]', 'value')];
  const evil = await serve((_, response) => {
    response.setHeader('content-type', 'text/html');
    response.end(`<form method="post" action="${world.url}/sign-in/confirm"><input name="flow" value="${flow}"><input name="token" value="${token}"><button name="answer" value="yes">win</button></form>`);
  });
  await page.goto(`http://localhost:${evil.port}/`);
  await page.click('button');
  await page.waitForSelector('text=This sign-in cannot go on');
  assert.equal(people.program.got.length, 0);
  await page.done();
  await evil.close();
});

test('framing: no page is shown inside another', async () => {
  const page = await freshPage(people.browser);
  const evil = await serve((_, response) => { response.setHeader('content-type', 'text/html'); response.end(`<iframe src="${people.link().replaceAll('&', '&amp;')}"></iframe>`); });
  await page.goto(evil.url);
  await page.waitForTimeout(300);
  const texts = await Promise.all(page.frames().slice(1).map((frame) => frame.evaluate(() => document.body?.innerText ?? '').catch(() => '')));
  assert.ok(texts.every((text) => !text.includes('Continue with')), texts.join());
  await page.done();
  await evil.close();
  for (const target of ['/oauth', '/sign-in', '/activate', '/oauth/callback', '/invite/x', '/sign-in/password/x', '/oauth2/authorize', '/sign-in/test']) {
    const { headers } = await send(world, 'GET', target);
    assert.match(headers.get('content-security-policy'), /default-src 'none'.*frame-ancestors 'none'; base-uri 'none'/, target);
    assert.doesNotMatch(headers.get('content-security-policy'), /script-src|unsafe/, target);
    assert.deepEqual([headers.get('x-frame-options'), headers.get('x-content-type-options'), headers.get('referrer-policy'), headers.get('cache-control')], ['DENY', 'nosniff', 'no-referrer', 'no-store'], target);
  }
});

// ---- XSS ----

const PAYLOADS = ['<script>alert(1)</script>', '"><img src=x onerror=alert(1)>', '\'"--></title><svg onload=alert(1)>', 'javascript:alert(1)', '{{token}}{{#ways}}', '&lt;script&gt;', '\u202Egnp.exe', `x${'\u00e4'.repeat(150)}`];

test('CVE-2025-67495, CVE-2026-29191, CVE-2026-29192, CVE-2026-33758: what a stranger wrote is text, on every page and in every error', async () => {
  const page = await freshPage(people.browser);
  let alerts = 0;
  page.on('dialog', (dialog) => { alerts++; dialog.dismiss(); });
  const clean = async (what) => {
    assert.deepEqual(await page.evaluate(() => [document.querySelectorAll('script, img, svg, iframe, [onerror], [onload]').length, [...document.links].filter((link) => !/^https?:/.test(link.href)).length]), [0, 0], what);
  };
  for (const payload of PAYLOADS) {
    const p = encodeURIComponent(payload);
    for (const target of [`/oauth?redirect=${p}`, `/oauth?exit=${p}`, `/oauth?headless_code=${p}`, people.link({ connection: payload }).replace(encodeURIComponent('error=true'), ''), `/sign-in?flow=${p}`, `/sign-in/with?flow=${p}&connection=${p}`,
      `/oauth/callback?state=${p}&error=${p}&error_description=${p}`, `/invite/${p}`, `/sign-in/password/${p}`, `/oauth2/authorize?client_id=${p}&redirect_uri=${p}`, `/activate?user_code=${p}`, `/sign-in/test?idp_id=${p}`]) {
      await page.goto(new URL(target, world.url).href);
      await clean(target);
    }
    await page.goto(people.link({ connection: 'email' }));
    await page.evaluate(() => { document.querySelector('#login').type = 'text'; });
    await typePassword(page, payload, payload);
    await page.waitForSelector('[role=alert]');
    await clean(`local ${payload}`);
  }
  // what a provider says of a person, and of an error
  people.github.user = { ...people.github.user, name: PAYLOADS[1], login: PAYLOADS[0], avatar_url: PAYLOADS[3] };
  await page.goto(people.link({ connection: 'github' }));
  await page.waitForSelector('text=Finish signing in?');
  await clean('confirm');
  assert.ok((await page.textContent('main')).includes(PAYLOADS[1]), 'shown as it is');
  for (const payload of PAYLOADS.filter((text) => /^[\x20-\x7e]*$/.test(text))) { // RFC 6749 section 4.1.2.1
    people.google.refuses = payload;
    await page.goto(people.link({ connection: 'google-oauth2', redirect: `http://localhost:${people.program.port}/callback` }));
    await page.waitForSelector('text=This sign-in cannot go on');
    await clean(`refused ${payload}`);
  }
  people.google.refuses = undefined;
  assert.equal(alerts, 0);
  await page.done();
});

// ---- PKCE, confirmation, devices ----

test('CVE-2024-23647, Glewlwyd 2.7.7: no authorization code without an S256 challenge', async () => {
  const query = { response_type: 'code', client_id: 'reeve', redirect_uri: `http://127.0.0.1:${people.program.port}/callback`, state: 's', code_challenge: 'A'.repeat(43), code_challenge_method: 'S256' };
  const ask = async (more) => {
    const parameters = new URLSearchParams({ ...query, ...more });
    for (const [name, value] of [...parameters]) if (value === 'undefined') parameters.delete(name);
    return new Raw().get(`/oauth2/authorize?${parameters}`);
  };
  assert.equal((await ask({})).status, 200);
  for (const more of [{ code_challenge: undefined }, { code_challenge_method: undefined }, { code_challenge_method: 'plain' }, { code_challenge: 'short' }, { response_type: 'token' }, { response_type: 'code token' }]) {
    const location = new URL((await ask(more)).headers.get('location'));
    assert.ok(location.searchParams.get('error'), JSON.stringify(more));
    assert.deepEqual([location.searchParams.get('state'), location.searchParams.get('code')], ['s', null]);
  }
});

test('CVE-2026-33757: a link that a stranger made completes nothing: the question comes first, with what it would do', async () => {
  const { page, raw, flow, token } = await atQuestion({ create_refresh_token: 'true' });
  assert.equal(page.headers.get('location'), null);
  for (const word of ['ada@example.com', world.url, `localhost:${people.program.port}`]) assert.ok(page.text.includes(word), word);
  const no = await raw.post('/sign-in/confirm', { flow, token, answer: 'no' });
  assert.match(no.headers.get('location'), /token=&error=.*&status_code=403/);
  const late = await raw.post('/sign-in/confirm', { flow, token, answer: 'yes' });
  assert.doesNotMatch(late.headers.get('location') ?? '', /token=ey/);
});

test('Storm-2372: a device\'s link asks for sign-in, shows who asks and from where, and a typed password is no consent', async () => {
  const begun = JSON.parse((await send(world, 'POST', '/oauth2/device_authorization', { 'content-type': 'application/x-www-form-urlencoded', 'user-agent': 'attacker/1' }, 'client_id=reeve')).text);
  const raw = new Raw();
  const chooser = await raw.get(begun.verification_uri_complete);
  assert.doesNotMatch(chooser.text, /attacker/);
  const form = await raw.get(`/sign-in/local?flow=${hidden(chooser.text, 'flow')}`);
  const typing = await raw.post('/sign-in/local', { flow: hidden(form.text, 'flow'), token: hidden(form.text, 'token'), login, password: PASSWORD });
  assert.match(typing.text, /Never enter a code that somebody sent you/);
  const question = await raw.post('/activate', { flow: hidden(typing.text, 'flow'), token: hidden(typing.text, 'token'), user_code: begun.user_code });
  for (const word of ['attacker/1', '127.0.0.1', 'Did you start this yourself?']) assert.ok(question.text.includes(word), word);
  const no = await raw.post('/sign-in/confirm', { flow: hidden(question.text, 'flow'), token: hidden(question.text, 'token'), answer: 'no' });
  assert.match(no.text, /refused/);
  const poll = JSON.parse((await send(world, 'POST', '/oauth2/token', { 'content-type': 'application/x-www-form-urlencoded' }, `${new URLSearchParams({ grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: begun.device_code, client_id: 'reeve' })}`)).text);
  assert.equal(poll.error, 'access_denied');
});

test('a code of a device is asked for after sign-in, and few are tried', async () => {
  assert.doesNotMatch((await new Raw().get('/activate?user_code=BCDF-GHJK')).text, /user-code/);
  const raw = new Raw();
  const chooser = await raw.get('/activate');
  const form = await raw.get(`/sign-in/local?flow=${hidden(chooser.text, 'flow')}`);
  let page = await raw.post('/sign-in/local', { flow: hidden(form.text, 'flow'), token: hidden(form.text, 'token'), login: await newAccount(people), password: PASSWORD });
  let tries = 0;
  while (page.status === 200 && tries < 20) {
    page = await raw.post('/activate', { flow: hidden(page.text, 'flow'), token: hidden(page.text, 'token'), user_code: 'BCDF-GHJK' });
    tries++;
  }
  assert.equal(page.status, 429);
  assert.ok(tries <= 11, `${tries} tries`);
});

// ---- headers, names, enumeration, throttling ----

test('CVE-2025-64101, GHSA-93m4-mfpg-c3xf: a forwarded or given host changes no link', async () => {
  const lies = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https', 'x-forwarded-for': '8.8.8.8', forwarded: 'host=evil.example;proto=https', 'x-original-url': '/evil', 'x-rewrite-url': '/evil' };
  for (const headers of [lies, { ...lies, host: 'evil.example' }]) {
    const begun = await send(world, 'GET', people.link({ connection: 'google-oauth2' }).replace(world.url, ''), headers);
    assert.equal(new URL(begun.headers.get('location')).searchParams.get('redirect_uri'), `${world.url}/oauth/callback`);
    const page = await send(world, 'GET', people.link().replace(world.url, ''), headers);
    assert.doesNotMatch(page.text, /evil/);
    const made = ok(await call(world, people.admin, 'POST', '/reeve/v1/accounts', { login: `link-${unique()}@example.com`, name: 'x' }, headers));
    assert.equal(new URL(made.link).origin, world.url);
    const device = JSON.parse((await send(world, 'POST', '/oauth2/device_authorization', { 'content-type': 'application/x-www-form-urlencoded', ...headers }, 'client_id=reeve')).text);
    for (const link of [device.verification_uri, device.verification_uri_complete]) assert.equal(new URL(link).origin, world.url);
    const { text } = await send(world, 'GET', '/.well-known/openid-configuration', headers);
    assert.equal(JSON.parse(text).issuer, world.url);
    assert.doesNotMatch(text, /evil/);
  }
});

// What the server took of the processors until now, in ms: its threads that have ended too, and nothing of its neighbours.
const cpuOf = ({ pid }) => {
  const [utime, stime] = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1].split(' ').slice(11, 13).map(Number);
  return (utime + stime) * 10; // USER_HZ is 100
};

test('CVE-2023-20902, CVE-2025-54999, CVE-2025-6011: an unknown account and a wrong password look the same and take the same work', async () => {
  const work = { known: 0, unknown: 0 };
  const names = { known: await newAccount(people, `t-${unique()}@example.com`), unknown: `t-${unique()}@example.com` };
  const bodies = new Set();
  for (let i = 0; i < 6; i++) {
    for (const [kind, name] of Object.entries(names)) {
      const { raw, flow, token } = await atPassword();
      const began = cpuOf(world.process);
      const answer = await raw.post('/sign-in/local', { flow, token, login: name, password: `wrong ${unique()} words` });
      work[kind] += cpuOf(world.process) - began;
      bodies.add(`${answer.status} ${answer.text.replaceAll(name, '').replaceAll(flow, '').replaceAll(token, '')}`);
    }
  }
  assert.equal(bodies.size, 1, [...bodies].join('\n----\n'));
  const ratio = work.known / work.unknown;
    assert.ok(ratio > 1 / 2 && ratio < 2, JSON.stringify(work));
});

test('CVE-2025-54998, CVE-2025-6004, CVE-2025-24806: another spelling of a login is the same login, for the count too', async () => {
  const name = await newAccount(people);
  const spellings = [name, name.toUpperCase(), ` ${name}`, name.replace('ada', 'Ada'), `${name} `];
  const statuses = [];
  for (let i = 0; i < 20; i++) {
    const { raw, flow, token } = await atPassword();
    statuses.push((await raw.post('/sign-in/local', { flow, token, login: spellings[i % spellings.length], password: `wrong words ${i}` })).status);
  }
  assert.ok(statuses.includes(429), statuses.join());
});

test('throttling locks nobody out: a browser that signed in before still gets in while strangers guess', async () => {
  const name = await newAccount(people);
  const own = await atPassword();
  assert.match((await own.raw.post('/sign-in/local', { flow: own.flow, token: own.token, login: name, password: PASSWORD })).headers.get('location') ?? '', /token=ey/);
  let last;
  for (let i = 0; i < 14; i++) {
    const { raw, flow, token } = await atPassword();
    last = await raw.post('/sign-in/local', { flow, token, login: name, password: `guess number ${i}` });
  }
  assert.equal(last.status, 429);
  const stranger = await atPassword();
  assert.equal((await stranger.raw.post('/sign-in/local', { flow: stranger.flow, token: stranger.token, login: name, password: PASSWORD })).status, 429);
  const page = await own.raw.get(people.link({ connection: 'email' }));
  const again = await own.raw.post('/sign-in/local', { flow: hidden(page.text, 'flow'), token: hidden(page.text, 'token'), login: name, password: PASSWORD });
  assert.match(again.headers.get('location') ?? '', /token=ey/);
});

test('CVE-2026-27946, CVE-2026-54693, CVE-2026-40574, CVE-2023-7028: an address that no provider verified proves nothing', async () => {
  const name = `victim-${unique()}@example.com`;
  const { code } = ok(await people.as(people.admin, 'POST', `/iam/v2/groupInvites/${org}`, { roleUid: viewer, ttl: '600s', email: name }));
  const join = async (user, emails) => {
    Object.assign(people.github, { user, emails });
    const raw = new Raw();
    const back = await signInAt((await raw.get(people.link({ connection: 'github', invite: code }))).headers.get('location'), world);
    const page = await raw.get(back);
    if (page.status !== 200) return page.headers.get('location') ?? ''; // no question to whom it is not for
    return (await raw.post('/sign-in/confirm', { flow: hidden(page.text, 'flow'), token: hidden(page.text, 'token'), answer: 'yes' })).headers.get('location') ?? '';
  };
  const mallory = { login: 'mallory', id: 666, name: 'Mallory' };
  for (const emails of [[{ email: name, verified: false, primary: true }], [{ email: name, verified: true, primary: false }, { email: 'm@evil.example', verified: true, primary: true }], [{ email: `m@evil.example,${name}`, verified: true, primary: true }]]) {
    assert.match(await join(mallory, emails), /status_code=403/, JSON.stringify(emails));
  }
  const whose = await join({ login: 'victim', id: 667, name: 'Victim' }, [{ email: 'other@example.com', verified: true, primary: false }, { email: name, verified: true, primary: true }]);
  assert.match(whose, /token=ey/); // the same invitation, where the address is one's own
  const { sub } = claimsOf(new URL(whose).searchParams.get('token'));
  assert.equal(ok(await people.as(people.admin, 'GET', `/iam/v2/roleBindings?identity=${sub}`)).roleBindings[0].group.uid, org);
});

test('CVE-2026-1529, CVE-2025-64708: an invitation that was changed, or has ended, gives nothing', async () => {
  const invite = async () => ok(await people.as(people.admin, 'POST', `/iam/v2/groupInvites/${org}`, { roleUid: viewer, ttl: '600s' }));
  const { code } = await invite();
  const inside = JSON.parse(Buffer.from(code, 'base64'));
  const twist = (change) => Buffer.from(JSON.stringify({ ...inside, ...change })).toString('base64');
  const look = (text) => new Raw().get(`/invite/${encodeURIComponent(text)}`);
  const isRefused = async (text, status, words) => {
    const answer = await look(text);
    assert.equal(answer.status, status, text);
    assert.match(answer.text, words, text);
    assert.doesNotMatch(answer.text, /You are invited/, text);
  };
  const elsewhere = ok(await people.as(people.admin, 'POST', '/iam/v2/groups', { name: `attacked-${unique()}.example` })).uid;
  assert.equal(twist({}), code);
  for (const change of [{ exp: inside.exp + 9e6 }, { exp: inside.exp + 1 }, { secret: 'x' }, { kid: 'x' }, { grp: elsewhere }]) await isRefused(twist(change), 404, /the invite was deleted or never existed/);
  await isRefused(twist({ exp: Math.floor(Date.now() / 1000) - 1 }), 400, /the invite has expired/);
  for (const wrong of [code.slice(0, -8), 'e30=', 'x']) await isRefused(wrong, 400, /is no invite code/);
  // what ended is asked when it is used, and not of the code, which still says otherwise
  const [ended, deleted] = [await invite(), await invite()];
  for (const live of [code, ended.code, deleted.code]) assert.match((await look(live)).text, /You are invited/);
  const database = new DatabaseSync(path.join(world.data, 'reeve.db'));
  database.exec('PRAGMA busy_timeout = 5000');
  assert.equal(database.prepare('UPDATE invites SET expires_us = ? WHERE uid = ?').run((Date.now() - 1000) * 1000, Buffer.from(ended.uid.replaceAll('/', ''), 'hex')).changes, 1);
  database.close();
  ok(await people.as(people.admin, 'DELETE', `/iam/v2/groupInvites/${deleted.uid}`));
  await isRefused(ended.code, 400, /the invite has expired/);
  await isRefused(deleted.code, 404, /the invite was deleted or never existed/);
  assert.deepEqual([(await look(code)).status, /You are invited/.test((await look(code)).text)], [200, true]);
});

test('mod_auth_openidc: a parameter given twice is refused', async () => {
  for (const target of [`${people.link()}&redirect=http%3A%2F%2Flocalhost%3A1%2F`, '/oauth/callback?state=a&state=b', '/activate?user_code=A&user_code=B']) {
    const answer = await new Raw().get(target);
    assert.deepEqual([answer.status, /given twice/.test(answer.text)], [400, true], target);
  }
});

test('CVE-2022-31034: ids, states, verifiers and nonces are random and never come again', async () => {
  const seen = new Set();
  for (let i = 0; i < 20; i++) {
    const query = new URL((await new Raw().get(people.link({ connection: 'google-oauth2' }))).headers.get('location')).searchParams;
    for (const name of ['state', 'nonce', 'code_challenge']) {
      assert.ok(query.get(name).length >= 22, name);
      assert.ok(!seen.has(query.get(name)), name);
      seen.add(query.get(name));
    }
  }
});

test('GHSA-prh4-vhfh-24mj, CVE-2025-62513: no password, secret, code or token stands in the log', async () => {
  const { raw, flow, token } = await atPassword();
  await raw.post('/sign-in/local', { flow, token, login, password: 'a password nobody may read' });
  await new Raw().get('/oauth/callback?state=AAAAAAAAAAAAAAAAAAAAAA&code=a-code-nobody-may-read');
  for (const word of ['nobody may read', 'nobody-may-read', PASSWORD, 'google-secret', 'github-secret', 'gitlab-secret']) assert.ok(!world.log.includes(word), word);
});
