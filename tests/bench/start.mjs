// start: from the start of a program to its first good answer, and what it then holds in memory.
import { statSync } from 'node:fs';
import path from 'node:path';
import * as lab from './lab.mjs';

export const rows = [
  { name: 'start.empty', unit: 'ms', baseline: 'nginx, from its start to its first answer', valueMost: 30 },
  { name: 'start.1m', unit: 'ms', baseline: 'reading the same rows with SQLite alone', valueMost: 1000 },
  { name: 'memory.idle', unit: 'MB', baseline: 'nginx with one worker', valueMost: 8 },
  { name: 'memory.5m', unit: 'MB', baseline: 'the database file', valueMost: 600 },
  { name: 'cli.start', unit: 'ms', baseline: '/bin/true', valueMost: 10 },
];

const TIMES = 11, TIMES_LARGE = 3, CLI_TIMES = 100;
const SETTLE_MS = 1500; // the first chores are done

async function times(count, once) {
  const seen = [];
  for (let i = 0; i < count; i++) seen.push(await once(i));
  return lab.median(seen);
}

async function startOnce(data) {
  const server = await lab.startReeved(data);
  await server.close();
  return server.ms;
}

async function nginxOnce() {
  const server = await lab.startNginx('x');
  const dirty = [server.pid, ...server.workers].reduce((sum, pid) => sum + lab.privateDirty(pid), 0);
  await server.close();
  return { ms: server.ms, dirty };
}

async function dirtyOf(data) {
  const server = await lab.startReeved(data);
  await lab.sleep(SETTLE_MS);
  const dirty = lab.privateDirty(server.pid);
  await server.close();
  return { dirty, ms: server.ms };
}

// What SQLite needs to hand out every column of every row that the index is made from.
const scan = async (data) => {
  const begun = process.hrtime.bigint();
  await lab.run('sqlite3', [path.join(data, 'reeve.db'), 'SELECT count(length("group")+length(identity)+length(role)+not_before_s+expires_s) FROM bindings; SELECT count(created_us+length(parent)) FROM identities; SELECT count(length(name)) FROM groups;']);
  return Number(process.hrtime.bigint() - begun) / 1e6;
};

export async function measure() {
  const empty = await times(TIMES, () => startOnce(lab.tempFolder()));
  const again = await lab.newFolder();
  const restart = await times(TIMES, () => startOnce(again));
  const nginx = await nginxOnce();
  const idle = (await dirtyOf(again)).dirty;

  const world = await lab.million();
  const million = await times(TIMES_LARGE, () => startOnce(world.data));
  const rows1m = await times(TIMES_LARGE, () => scan(world.data));

  const large = await lab.newFolder();
  lab.log('filling 1,000,000 identities, 5,000,000 bindings');
  await lab.fill(large, { identities: 1_000_000, bindings: 5_000_000, depth: 8 });
  const full = await dirtyOf(large);

  const cli = await lab.ours('spawn', [CLI_TIMES, path.join(lab.build, 'reeve'), 'version']);
  const nothing = await lab.ours('spawn', [CLI_TIMES, '/bin/true']);
  return {
    'start.empty': { value: empty, baseline: nginx.ms, note: `first start in an empty folder; started again ${restart.toFixed(1)} ms` },
    'start.1m': { value: million, baseline: rows1m, note: '200,000 identities, 1 M bindings, 18,000 groups' },
    'memory.idle': { value: idle, baseline: nginx.dirty, note: 'private dirty' },
    'memory.5m': { value: full.dirty, baseline: statSync(path.join(large, 'reeve.db')).size / 1048576, note: `private dirty; ready after ${Math.round(full.ms)} ms` },
    'cli.start': { value: cli.p50_ms, baseline: nothing.p50_ms, note: `p99 ${cli.p99_ms.toFixed(1)} ms` },
  };
}
