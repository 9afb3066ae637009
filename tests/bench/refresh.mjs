// refresh: 64 clients that stay signed in: each uses its refresh token for an access token and the next refresh token, and so on.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import * as lab from './lab.mjs';
import { call, openOperator } from '../e2e/world.mjs';

export const rows = [
  { name: 'refresh.exchange', unit: 'rows/s', baseline: 'SQLite, the same rows, one transaction each, synchronous=FULL', ratioLeast: 2 },
];

const CLIENTS = 64, LOGIN = 'ada@example.com', PASSWORD = 'seven quiet herons wade';

// ---- sessions, begun as a browser begins them ----

function ask(server, target, { from, cookies = [], form }) {
  const body = form && new URLSearchParams(form).toString();
  const headers = { cookie: cookies.join('; '), ...(body ? { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length } : {}) };
  return new Promise((resolve, reject) => {
    const request = http.request(new URL(target, server.url), { method: body ? 'POST' : 'GET', localAddress: from, headers }, (response) => {
      let text = '';
      response.on('data', (part) => { text += part; });
      response.on('end', () => resolve({ text, status: response.statusCode, to: response.headers.location, cookies: (response.headers['set-cookie'] ?? []).map((line) => line.split(';')[0]) }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

// Opens the page and sends its form with these answers besides what it hides.
async function fillIn(server, target, from, answers) {
  const page = await ask(server, target, { from });
  const [, action, inside] = /<form method="post" action="([^"]+)">([\s\S]*?)<\/form>/.exec(page.text) ?? [];
  if (!action) throw new Error(`${target} has no form: ${page.status} ${page.text}`);
  const hidden = [...inside.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)].map(([, name, value]) => [name, value]);
  return ask(server, action, { from, cookies: page.cookies, form: { ...Object.fromEntries(hidden), ...answers } });
}

async function begin(server, i) {
  const query = new URLSearchParams({ exit: 'redirect', redirect: 'http://localhost:1/', connection: 'email', audience: server.url, create_refresh_token: 'true' });
  const answer = await fillIn(server, `/oauth?${query}`, `127.3.0.${i + 1}`, { login: LOGIN, password: PASSWORD });
  const token = answer.to && new URL(answer.to).searchParams.get('refresh_token');
  if (!token) throw new Error(`a sign-in gave no session: ${answer.status} ${answer.to ?? answer.text}`);
  return token;
}

async function beginAll(server) {
  for (let i = 0; i < 100 && !server.log.includes('--code'); i++) await lab.sleep(20);
  const operator = await openOperator(Object.assign(server, { code: /--code (\S+)/.exec(server.log)[1] }));
  const account = await call(server, await operator.token(), 'POST', '/reeve/v1/accounts', { login: LOGIN, name: 'Ada' });
  await fillIn(server, account.body.link, '127.0.0.1', { password: PASSWORD });
  const tokens = [];
  while (tokens.length < CLIENTS) tokens.push(await begin(server, tokens.length));
  return tokens;
}

// ---- using them ----

// One connection and one session each, until the interval ends: what they hold then, and how long the answers took.
async function interval(server, tokens) {
  const into = path.join(lab.tempFolder(), 'tokens');
  const file = lab.writeRequests(tokens.map((token) => lab.post(server.port, `/sts/exchange_refresh_token?aud=${encodeURIComponent(server.url)}`, '', { Authorization: `Bearer ${token}` })));
  const result = await lab.load(server, tokens.length, file, { follow: ['"refreshToken":{"token":"', into] });
  const held = readFileSync(into, 'utf8').trimEnd().split('\n');
  if (held.some((token, i) => token === tokens[i])) throw new Error('a refresh token was not exchanged');
  return { ...result, tokens: held };
}

export async function measure() {
  const data = lab.tempFolder(), api = [], alone = [];
  let server = await lab.startReeved(data);
  lab.log(`beginning ${CLIENTS} sessions`);
  let last = await interval(server, await beginAll(server));
  await server.close();
  const copy = lab.copyFolder(data);
  server = await lab.startReeved(data, { port: server.port });
  for (let i = 0; i < lab.rounds; i++) {
    last = await interval(server, last.tokens);
    api.push(last.rate);
    alone.push((await lab.ours('commit', [copy, lab.seconds, 'families'])).rate);
  }
  await server.close();
  return { 'refresh.exchange': { value: lab.median(api), baseline: lab.median(alone), note: `p50 ${(last.p50_us / 1e3).toFixed(1)} ms, p99 ${(last.p99_us / 1e3).toFixed(1)} ms, ${(1e6 / last.perCpuSecond).toFixed(0)} us of CPU each; a successor is signed, the use recorded` } };
}
