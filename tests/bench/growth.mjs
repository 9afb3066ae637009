// growth: how each cost grows with bindings, depth and connections. Figures without a target.
import * as lab from './lab.mjs';
import { builder, wrk } from './wire.mjs';

const SIZES = [1_000, 100_000, 1_000_000, 10_000_000];
const DEPTHS = [1, 2, 4, 8, 16];
const CONNECTIONS = [1, 8, 64, 256, 512];
const BINDINGS_EACH = 5;
const DISK_EACH = 700, MEMORY_EACH = 400; // bytes of one binding with its share of the rest, generously

const decided = (seen) => ({ 'p50 ns': seen.p50, 'p99 ns': seen.p99, 'uniform p50 ns': seen.uniform_p50, 'uniform p99 ns': seen.uniform_p99 });

async function size(bindings) {
  const lacking = lab.roomFor(bindings * DISK_EACH, bindings * MEMORY_EACH);
  if (bindings > lab.growthMost || lacking) return { bindings, skipped: lacking ?? 'GROWTH is lower' };
  const data = await lab.newFolder();
  await lab.fill(data, { identities: bindings / BINDINGS_EACH, bindings, depth: 8, lean: true });
  const server = await lab.startReeved(data);
  const dirty = lab.privateDirty(server.pid);
  await server.close();
  const seen = await lab.ours('decide', [data], { on: lab.serverCore });
  return { bindings, 'start ms': Math.round(server.ms), 'memory MB': Math.round(dirty), ...decided(seen) };
}

async function depth(levels) {
  const data = await lab.newFolder();
  await lab.fill(data, { identities: 20_000, bindings: 100_000, depth: levels, lean: true });
  return { depth: levels, ...decided(await lab.ours('decide', [data], { on: lab.serverCore })) };
}

async function connections(server, token, count) {
  const before = lab.cpuTime(server.pid);
  const result = await wrk(server.port, token, count);
  return { connections: count, 'req/s': Math.round(result.rate), 'p99 us': Math.round(result.p99us), 'CPU us/req': Number(((lab.cpuTime(server.pid) - before) / 1e3 / result.total).toFixed(1)) };
}

export async function measure() {
  const series = { bindings: [], depth: [], connections: [] };
  if (lab.growthMost === 0) return series;
  const world = await lab.million();
  const server = await lab.startReeved(world.data, { on: lab.serverCore, issuer: world.issuer, port: world.port });
  const { token } = await builder(server, world);
  for (const count of CONNECTIONS) series.connections.push(await connections(server, token, count));
  await server.close();
  for (const levels of DEPTHS) series.depth.push(await depth(levels));
  for (const bindings of SIZES) {
    lab.log(`growth: ${bindings} bindings`);
    series.bindings.push(await size(bindings));
  }
  return series;
}
