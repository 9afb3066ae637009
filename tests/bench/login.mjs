// login: what eight people typing passwords at once do to everybody else.
import http from 'node:http';
import * as lab from './lab.mjs';
import { exchange, openOperator } from '../e2e/world.mjs';

export const rows = [
  { name: 'login.noise', unit: 'x idle', baseline: 'p99 of a warm GET /auth/v1/ok while nobody signs in', valueMost: 2 },
];

const PEOPLE = 8, CONNECTIONS = 4;

function ask(server, { method = 'GET', target, from, headers = {}, body }) {
  return new Promise((resolve, reject) => {
    const request = http.request(`${server.url}${target}`, { method, localAddress: from, headers: { ...headers, ...(body ? { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length } : {}) } }, (response) => {
      let text = '';
      response.on('data', (part) => { text += part; });
      response.on('end', () => resolve({ status: response.statusCode, text, cookies: response.headers['set-cookie'] ?? [] }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

// One person after another, each from an address of their own, until told to stop; a login that nobody has costs what any costs.
async function typePasswords(server, person, state) {
  for (let i = 0; state.isBusy; i++) {
    const from = `127.${10 + person}.${(i >> 8) & 255}.${(i & 255) || 1}`;
    const form = await ask(server, { from, target: `/oauth?exit=redirect&connection=email&redirect=${encodeURIComponent('http://localhost:1/')}` });
    const [flow, token] = ['flow', 'token'].map((name) => new RegExp(`name="${name}" value="([^"]*)"`).exec(form.text)[1]);
    const answer = await ask(server, {
      from, method: 'POST', target: '/sign-in/local', headers: { cookie: form.cookies.map((cookie) => cookie.split(';')[0]).join('; ') },
      body: `${new URLSearchParams({ flow, token, login: `p${person}-${i}@example.com`, password: 'seven quiet herons wade' })}`,
    });
    if (answer.status === 200) state.checked++;
    else if (answer.status === 503) state.busy++;
    else throw new Error(`a sign-in is told ${answer.status}: ${answer.text}`);
  }
}

export async function measure() {
  const server = await lab.startReeved(lab.tempFolder());
  for (let i = 0; i < 100 && !server.log.includes('--code'); i++) await lab.sleep(20);
  server.code = /--code (\S+)/.exec(server.log)[1];
  const operator = await openOperator(server);
  const got = await exchange(server, operator.assertion(), operator.identityUid);
  const file = lab.writeRequests([lab.get(server.port, '/auth/v1/ok', { authorization: `Bearer ${got.body.token}` })]);
  const idle = [], noisy = [], state = { checked: 0, busy: 0 };
  for (let i = 0; i < lab.rounds; i++) {
    idle.push((await lab.load(server, CONNECTIONS, file)).p99_us);
    state.isBusy = true;
    const people = Promise.all(Array.from({ length: PEOPLE }, (_, person) => typePasswords(server, person, state)));
    noisy.push((await lab.load(server, CONNECTIONS, file)).p99_us);
    state.isBusy = false;
    await people;
  }
  await server.close();
  const [quiet, loud] = [lab.median(idle), lab.median(noisy)];
  return { 'login.noise': { value: loud / quiet, baseline: 1, note: `${quiet.toFixed(0)} us idle, ${loud.toFixed(0)} us while ${state.checked} passwords were checked and ${state.busy} told to come again` } };
}
