// store: role bindings made through the API by 64 clients, against the same rows committed one by one by SQLite alone.
import * as lab from './lab.mjs';
import { adminToken } from './wire.mjs';
import { call } from '../e2e/world.mjs';

export const rows = [
  { name: 'store.write', unit: 'rows/s', baseline: 'SQLite, the same rows, one transaction each, synchronous=FULL', ratioLeast: 2 },
];

const ROLES = ['apk.pull', 'limited_owner', 'console_viewer']; // bench-fill binds none of these
const CLIENTS = 64;

// Every id of the chain from the organization down to the folder.
const chain = (folder) => folder.split('/').map((_, i, parts) => parts.slice(0, i + 1).join('/'));

async function bindings(server, world, token) {
  const requests = [];
  for (const name of ROLES) {
    const answer = await call(server, token, 'GET', `/iam/v2/roles?name=${name}`);
    for (let level = 0; level <= 8; level++)
      for (const { identity, folder } of world.pairs)
        requests.push(lab.post(server.port, `/iam/v2/roleBindings/${chain(folder)[level]}`, JSON.stringify({ identityUid: identity, roleUid: answer.body.roles[0].uid }), { Authorization: `Bearer ${token}` }));
  }
  return requests;
}

export async function measure() {
  const world = await lab.million();
  const data = lab.copyFolder(world.data);
  const open = () => lab.startReeved(data, { issuer: world.issuer, port: world.port });
  let server = await open();
  let left = await bindings(server, world, await adminToken(server, world));
  const api = [], alone = [];
  let note;
  const writeSome = async () => {
    const result = await lab.load(server, CLIENTS, lab.writeRequests(left), { once: true });
    left = left.slice(result.total + CLIENTS); // those on their way at the end may be written
    api.push(result.rate);
    note = `p50 ${(result.p50_us / 1e3).toFixed(1)} ms, p99 ${(result.p99_us / 1e3).toFixed(1)} ms`;
  };
  await writeSome();
  await server.close();
  const copy = lab.copyFolder(data);
  server = await open();
  for (let i = 0; i < lab.rounds; i++) {
    alone.push((await lab.ours('commit', [copy, lab.seconds])).rate);
    if (i + 1 < lab.rounds && left.length > CLIENTS) await writeSome();
  }
  await server.close();
  return { 'store.write': { value: lab.median(api), baseline: lab.median(alone), note } };
}
