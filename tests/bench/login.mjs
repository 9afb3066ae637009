// login: what eight people typing passwords at once do to everybody else.
import { execFile } from 'node:child_process';
import path from 'node:path';
import * as lab from './lab.mjs';
import { exchange, openOperator } from '../e2e/world.mjs';

export const rows = [
  { name: 'login.noise', unit: 'x idle', baseline: 'p99 of a warm GET /auth/v1/ok while nobody signs in', valueMost: 2 },
];

const PEOPLE = 8, CONNECTIONS = 4, REST_US = 1000;

// In a program of their own that gives way to what is measured, as browsers elsewhere would: stop() tells what they were told.
function letPeopleType(server) {
  let child;
  const told = new Promise((resolve, reject) => {
    child = execFile('nice', ['-n', '19', process.execPath, path.join(import.meta.dirname, 'typing.mjs'), server.url, PEOPLE],
      (error, text) => (error ? reject(error) : resolve(JSON.parse(text))));
  });
  told.catch(() => {}); // told again by stop()
  lab.onClose(() => child.stdin.end());
  return { stop: () => { child.stdin.end(); return told; } };
}

export async function measure() {
  const server = await lab.startReeved(lab.tempFolder());
  for (let i = 0; i < 100 && !server.log.includes('--code'); i++) await lab.sleep(20);
  server.code = /--code (\S+)/.exec(server.log)[1];
  const operator = await openOperator(server);
  const got = await exchange(server, operator.assertion(), operator.identityUid);
  const file = lab.writeRequests([lab.get(server.port, '/auth/v1/ok', { authorization: `Bearer ${got.body.token}` })]);
  const ask = async () => (await lab.load(server, CONNECTIONS, file, { rest: REST_US })).p99_us;
  const idle = [], noisy = [];
  let checked = 0, busy = 0;
  for (let i = 0; i < lab.rounds; i++) {
    idle.push(await ask());
    const people = letPeopleType(server);
    await lab.sleep(500); // until they do
    noisy.push(await ask());
    const told = await people.stop();
    checked += told.checked;
    busy += told.busy;
  }
  await server.close();
  if (!checked) throw new Error('nobody had a password checked');
  const [quiet, loud] = [lab.median(idle), lab.median(noisy)];
  return { 'login.noise': { value: loud / quiet, baseline: 1, note: `${quiet.toFixed(0)} us idle, ${loud.toFixed(0)} us while ${checked} passwords were checked and ${busy} told to come again` } };
}
