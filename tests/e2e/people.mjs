// What tests of sign-in share: a browser, providers that know people, a program that waits for a token on loopback.
import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import assert from 'node:assert/strict';
import Provider from 'oidc-provider';
import { chromium } from 'playwright-core';
import { call, freePort, openOperator, openWorld, send } from './world.mjs';

const require = createRequire(import.meta.url);
const axe = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');

export const PASSWORD = 'seven quiet herons wade';
export const unique = () => randomBytes(4).toString('hex');

export const ok = (answer) => {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
};

// ---- the browser ----

export const openBrowser = () => chromium.launch({ executablePath: process.env.REEVE_CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox', '--disable-dev-shm-usage'] });

// A page of a browser nobody has used before; page.done() closes it. What its console complains of is kept.
export async function freshPage(browser, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(10000);
  page.complaints = [];
  page.on('console', (message) => { if (message.type() === 'error' && !/favicon|Failed to load resource/.test(message.text())) page.complaints.push(message.text()); });
  page.done = () => context.close();
  return page;
}

export async function checkSound(page, what) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document));
  assert.deepEqual(violations.map(({ id, nodes }) => [id, nodes.map((node) => node.html)]), [], what);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth);
  assert.equal(wide, false, `${what}: scrolls sideways`);
}

// Pictures for docs/ when asked for; soundness always.
const pictures = process.env.REEVE_PICTURES;
export async function show(page, name) {
  await checkSound(page, name);
  if (!pictures) return;
  mkdirSync(pictures, { recursive: true });
  for (const [scheme, width] of [['light', 720], ['dark', 320]]) {
    await page.emulateMedia({ colorScheme: scheme });
    await page.setViewportSize({ width, height: 400 });
    await page.screenshot({ path: path.join(pictures, `${name}-${scheme}.png`), fullPage: true });
  }
  await page.emulateMedia({ colorScheme: 'light' });
  await page.setViewportSize({ width: 1280, height: 720 });
}

// ---- a browser without eyes: keeps cookies, follows nothing ----

export class RawBrowser {
  cookies = new Map();
  headers = {};

  constructor(world) { this.world = world; }

  async ask(method, target, form) {
    const headers = { ...this.headers, ...(this.cookies.size ? { cookie: [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ') } : {}), ...(form ? { 'content-type': 'application/x-www-form-urlencoded' } : {}) };
    const answer = await send(this.world, method, target.replace(this.world.url, ''), headers, form && `${new URLSearchParams(form)}`);
    for (const cookie of answer.headers.getSetCookie?.() ?? []) this.keep(cookie);
    return answer;
  }

  keep(cookie) {
    const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie);
    if (value) this.cookies.set(name, value); else this.cookies.delete(name);
  }

  get(target) { return this.ask('GET', target); }
  post(target, form) { return this.ask('POST', target, form); }
}

export const hidden = (text, name) => new RegExp(`name="${name}" value="([^"]*)"`).exec(text)?.[1];

// The provider's part, by a browser of its own: where it sends that browser back to.
export async function signInAt(location, world) {
  const jar = new Map();
  let next = location;
  while (!next.startsWith(world.url)) {
    const answer = await fetch(next, { redirect: 'manual', headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join('; ') } });
    for (const cookie of answer.headers.getSetCookie()) { const [, name, value] = /^([^=]+)=([^;]*)/.exec(cookie); jar.set(name, value); }
    next = new URL(answer.headers.get('location'), next).href;
  }
  return next;
}

// ---- a server of our own ----

export async function serve(handler, port) {
  const server = http.createServer(handler);
  port ??= await freePort();
  await new Promise((resolve) => { server.listen(port, '127.0.0.1', resolve); });
  return { server, port, host: `127.0.0.1:${port}`, url: `http://127.0.0.1:${port}`, close: () => { server.closeAllConnections(); return new Promise((resolve) => { server.close(resolve); }); } };
}

// The program that opened the browser: it waits for a query on /callback.
export async function openProgram() {
  const got = [];
  const program = await serve((request, response) => {
    const target = new URL(request.url, 'http://localhost');
    if (target.pathname === '/callback') got.push(Object.fromEntries(target.searchParams));
    if (target.pathname === '/callback') got.at(-1).raw = target.search;
    response.setHeader('content-type', 'text/html');
    response.end('<!doctype html><html lang="en"><title>done</title><p id="done">done</p>');
  });
  program.got = got;
  program.redirect = `http://localhost:${program.port}/callback?token=true&error=true`;
  program.next = async () => {
    for (let i = 0; i < 200 && got.length === 0; i++) await new Promise((resolve) => { setTimeout(resolve, 25); });
    assert.ok(got.length, 'nothing came back to the program');
    return got.shift();
  };
  return program;
}

// ---- providers ----

// An OpenID Connect provider where provider.account signs in without being asked; `clients` as oidc-provider has them.
export async function openProvider({ clients, claims = () => ({}), configuration = {} }) {
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const oidc = new Provider(url, {
    clients,
    conformIdTokenClaims: false,
    scopes: ['openid', 'email', 'profile', 'groups'],
    claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name', 'given_name', 'family_name'], groups: ['groups'] },
    features: { devInteractions: { enabled: false } },
    pkce: { required: () => false },
    interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
    findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: `${id}@example.com`, email_verified: true, name: `${id} of ${port}`, ...claims(id) }) }),
    ...configuration,
  });
  const provider = { oidc, port, host: `127.0.0.1:${port}`, url, account: 'ada', seen: [] };
  const answer = oidc.callback();
  provider.server = http.createServer(async (request, response) => {
    provider.seen.push(`${request.method} ${request.url}`);
    if (provider.interfere?.(request, response)) return;
    if (!request.url.startsWith('/interaction/')) { answer(request, response); return; }
    try {
      const details = await oidc.interactionDetails(request, response);
      if (provider.refuses) { await oidc.interactionFinished(request, response, { error: 'access_denied', error_description: provider.refuses }); return; }
      const grant = new oidc.Grant({ accountId: provider.account, clientId: details.params.client_id });
      grant.addOIDCScope(details.params.scope);
      await oidc.interactionFinished(request, response, { login: { accountId: provider.account }, consent: { grantId: await grant.save() } });
    } catch (error) { response.statusCode = 500; response.end(String(error)); }
  });
  await new Promise((resolve) => { provider.server.listen(port, '127.0.0.1', resolve); });
  provider.close = () => { provider.server.closeAllConnections(); return new Promise((resolve) => { provider.server.close(resolve); }); };
  return provider;
}

// GitHub as its documents have it: an answer goes to the registered address or one below it, with any query; /login/oauth/authorize, /login/oauth/access_token (refusals with status 200), /user, /user/emails.
export async function openGitHub({ clientId, clientSecret, callback }) {
  const codes = new Map();
  const tokens = new Set();
  const github = await serve(async (request, response) => {
    const target = new URL(request.url, github.url);
    github.seen.push(`${request.method} ${target.pathname}`);
    let body = '';
    for await (const part of request) body += part;
    const json = (value, status = 200) => { response.writeHead(status, { 'content-type': 'application/json' }); response.end(JSON.stringify(value)); };
    if (target.pathname === '/login/oauth/authorize') {
      const query = target.searchParams;
      assert.equal(query.get('client_id'), clientId);
      const back = new URL(query.get('redirect_uri'));
      const registered = new URL(callback);
      if (back.origin !== registered.origin || !`${back.pathname}/`.startsWith(`${registered.pathname}/`)) { response.writeHead(302, { location: `${callback}?error=redirect_uri_mismatch&state=${query.get('state')}` }); response.end(); return; }
      const code = randomBytes(10).toString('hex');
      codes.set(code, { challenge: query.get('code_challenge'), redirect: query.get('redirect_uri'), scope: query.get('scope') });
      if (github.refuses) { back.searchParams.set('error', 'access_denied'); back.searchParams.set('error_description', 'The user has denied your application access.'); } else back.searchParams.set('code', code);
      back.searchParams.set('state', query.get('state'));
      response.writeHead(302, { location: String(back) });
      response.end();
    } else if (target.pathname === '/login/oauth/access_token') {
      const form = new URLSearchParams(body);
      const grant = codes.get(form.get('code'));
      codes.delete(form.get('code'));
      if (form.get('client_id') !== clientId || form.get('client_secret') !== clientSecret) { json({ error: 'incorrect_client_credentials', error_description: 'The client_id and/or client_secret passed are incorrect.' }); return; }
      const fits = grant && form.get('redirect_uri') === grant.redirect && createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url') === grant.challenge;
      if (!fits) { json({ error: 'bad_verification_code', error_description: 'The code passed is incorrect or expired.' }); return; }
      const token = `gho_${randomBytes(18).toString('hex')}`;
      tokens.add(token);
      json({ access_token: token, scope: grant.scope.replaceAll(' ', ','), token_type: 'bearer' });
    } else if (target.pathname.startsWith('/api/v3/user')) {
      if (!request.headers['user-agent']) { json({ message: 'User-Agent required' }, 403); return; }
      if (!tokens.has(request.headers.authorization?.replace('Bearer ', ''))) { json({ message: 'Bad credentials' }, 401); return; }
      json(target.pathname === '/api/v3/user' ? github.user : github.emails);
    } else json({ message: 'Not Found' }, 404);
  });
  github.seen = [];
  github.user = { login: 'octo', id: 583231, name: 'The Octocat', avatar_url: 'https://avatars.githubusercontent.com/u/583231' };
  github.emails = [{ email: 'spare@example.com', verified: true, primary: false }, { email: 'octo@example.com', verified: true, primary: true }];
  return github;
}

// ---- the world of sign-in ----

// Everything that tests of sign-in need: a server with every kind of connection, an operator, an organization.
export async function openPeople({ flags = [], hosts: more = [], ...rest } = {}) {
  const folder = mkdtempSync(path.join(tmpdir(), 'reeve-secrets-'));
  const secret = (name) => {
    writeFileSync(path.join(folder, name), `${name}-secret`, { mode: 0o600 });
    return path.join(folder, name);
  };
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const client = (id, more = {}) => ({ client_id: id, client_secret: `${id}-secret`, redirect_uris: [`${url}/oauth/callback`], ...more });
  const people = { google: await openProvider({ clients: [client('google')] }), gitlab: await openProvider({ clients: [client('gitlab', { token_endpoint_auth_method: 'client_secret_post' })], configuration: { clientAuthMethods: ['client_secret_post'] } }) };
  people.own = await openProvider({ clients: [
    client('with-both'), client('secret-alone'),
    { client_id: 'public', token_endpoint_auth_method: 'none', redirect_uris: [`${url}/oauth/callback`] },
  ], claims: (id) => ({ groups: id === 'many' ? Array.from({ length: 200 }, (_, i) => `5f0c1d4e-0000-4000-8000-${String(i).padStart(12, '0')}`) : ['staff', `team-${id}`] }) });
  people.github = await openGitHub({ clientId: 'github', clientSecret: 'github-secret', callback: `${url}/oauth/from/github` });
  const hosts = [...[people.google, people.gitlab, people.own, people.github].map(({ host }) => host), ...more];
  people.world = await openWorld({ ...rest, flags: [
    '--fetch.allow-http', hosts.join(','),
    '--login.google.client-id', 'google', '--login.google.client-secret-file', secret('google'), '--login.google.issuer', people.google.url,
    '--login.gitlab.client-id', 'gitlab', '--login.gitlab.client-secret-file', secret('gitlab'), '--login.gitlab.url', people.gitlab.url,
    '--login.github.client-id', 'github', '--login.github.client-secret-file', secret('github'), '--login.github.url', people.github.url,
    ...flags,
  ], port });
  people.program = await openProgram();
  people.operator = await openOperator(people.world);
  people.admin = await people.operator.token();
  people.browser = await openBrowser();
  people.close = async () => {
    await people.browser.close();
    if (process.env.REEVE_LOG) console.log(people.world.log.slice(-8000));
    const [end] = await Promise.allSettled([people.world.close()]);
    for (const name of ['google', 'gitlab', 'own', 'github', 'program']) await people[name].close();
    if (end.status === 'rejected') throw end.reason;
  };
  people.as = (token, method, target, body) => call(people.world, token, method, target, body);
  // The link that a program opens.
  people.link = (parameters = {}) => {
    const query = new URLSearchParams({ exit: 'redirect', redirect: people.program.redirect, client_id: 'auth0', audience: url, ...parameters });
    for (const [name, value] of [...query]) if (value === '' || value === 'undefined') query.delete(name);
    return `${url}/oauth?${query}`;
  };
  return people;
}

// A local account with a password, set by the link an operator gave out.
export async function newAccount(people, login = `ada-${unique()}@example.com`) {
  const made = ok(await people.as(people.admin, 'POST', '/reeve/v1/accounts', { login, name: 'Ada' }));
  const page = await freshPage(people.browser);
  await page.goto(made.link);
  await page.fill('#password', PASSWORD);
  await page.click('button[type=submit]');
  await page.waitForSelector('text=Your password is set');
  await page.done();
  return login;
}

export async function typePassword(page, login, password = PASSWORD) {
  await page.fill('#login', login);
  await page.fill('#password', password);
  await page.click('button[type=submit]');
}
