// decide: one authorization decision in process, see decide.c.
import * as lab from './lab.mjs';

export const rows = [
  { name: 'authz.decide.p50', unit: 'ns', baseline: 'the timer alone (it is part of the value)', valueMost: 100 },
  { name: 'authz.decide.p99', unit: 'ns', baseline: 'the timer alone (it is part of the value)', valueMost: 500 },
  { name: 'authz.decide.uniform.p99', unit: 'ns', baseline: 'six dependent loads at random over as many bytes', valueMost: 1000 },
];

export async function measure() {
  const world = await lab.million();
  const seen = await lab.ours('decide', [world.data], { on: lab.serverCore });
  const note = `${seen.active} active callers, 1 M bindings, depth 8, ${Math.round(100 * seen.allowed)} % allowed`;
  return {
    'authz.decide.p50': { value: seen.p50, baseline: seen.timer_p50, note },
    'authz.decide.p99': { value: seen.p99, baseline: seen.timer_p99, note },
    'authz.decide.uniform.p99': { value: seen.uniform_p99, baseline: seen.chase_p99, note: `${seen.uniform} callers at random, looked up each time; p50 ${seen.uniform_p50} ns, of the loads ${seen.chase_p50} ns over ${Math.round(seen.chase_bytes / 1e6)} MB` },
  };
}
