// bench: runs every topic, judges its rows, writes results.json and a table. A topic exports `rows` and `measure()`.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import path from 'node:path';
import * as decide from './decide.mjs';
import * as device from './device.mjs';
import * as growth from './growth.mjs';
import * as lab from './lab.mjs';
import * as login from './login.mjs';
import * as refresh from './refresh.mjs';
import * as start from './start.mjs';
import * as store from './store.mjs';
import * as tokens from './tokens.mjs';
import * as wire from './wire.mjs';

const topics = { wire, decide, tokens, store, start, device, login, refresh };

// A row's target, and whether what was measured keeps it.
function judge(row, { value, baseline, note }) {
  const ratio = value / baseline;
  const holds = row.ratioLeast !== undefined ? ratio >= row.ratioLeast : value <= row.valueMost;
  const target = row.ratioLeast !== undefined ? `>= ${row.ratioLeast} x` : `<= ${row.valueMost} ${row.unit}`;
  return { name: row.name, value, baseline, ratio, unit: row.unit, target, holds, against: row.baseline, note };
}

const short = (number) => (number >= 1000 ? String(Math.round(number)) : number.toPrecision(3));

function table(head, lines) {
  const cells = [head, ...lines].map((line) => line.map(String));
  const widths = head.map((_, i) => Math.max(...cells.map((line) => line[i].length)));
  return cells.map((line) => line.map((cell, i) => (i ? cell.padStart(widths[i]) : cell.padEnd(widths[i]))).join('  ')).join('\n');
}

function print(results, series) {
  console.log(`${cpus().length} x ${cpus()[0].model.trim()}, ${lab.rounds} rounds of ${lab.seconds} s\n`);
  console.log(table(['row', 'value', 'baseline', 'ratio', 'unit', 'target', 'holds'],
    results.map((r) => [r.name, short(r.value), short(r.baseline), short(r.ratio), r.unit, r.target, r.holds ? 'yes' : 'NO'])));
  console.log();
  for (const r of results) console.log(`${r.name}: against ${r.against}; ${r.note}`);
  for (const [name, lines] of Object.entries(series)) {
    const heads = [...new Set(lines.flatMap((line) => Object.keys(line)))].filter((head) => head !== 'skipped');
    if (lines.length) console.log(`\ngrowth with ${name}\n${table(heads, lines.map((line) => heads.map((head) => line[head] ?? (line.skipped ? 'skipped' : ''))))}`);
    for (const line of lines) if (line.skipped) console.log(`${line[name]}: skipped, ${line.skipped}`);
  }
}

const results = [], failures = [];
let series = {};
const wanted = process.env.ROWS ?? '';

async function topic(name, { rows, measure }) {
  if (!rows.some((row) => row.name.includes(wanted))) return;
  lab.log(`measuring ${name}`);
  try {
    const measured = await measure();
    results.push(...rows.map((row) => judge(row, measured[row.name])));
  } catch (error) {
    failures.push(name);
    lab.log(`${name} could not be measured: ${error.stack}`);
  }
}

process.on('SIGINT', () => lab.closeAll().then(() => process.exit(130)));
try {
  for (const [name, it] of Object.entries(topics)) await topic(name, it);
  if (wanted === '' || 'growth'.includes(wanted)) series = await growth.measure().catch((error) => { failures.push('growth'); lab.log(error.stack); return {}; });
} finally {
  await lab.closeAll();
}
const folder = path.join(lab.build, 'bench');
mkdirSync(folder, { recursive: true });
writeFileSync(path.join(folder, 'results.json'), `${JSON.stringify(results, null, 2)}\n`);
writeFileSync(path.join(folder, 'growth.json'), `${JSON.stringify(series, null, 2)}\n`);
print(results, series);
const short_of = results.filter((r) => !r.holds).length;
console.log(`\n${results.length - short_of} rows hold, ${short_of} fall short, ${failures.length} topics could not be measured`);
process.exit(failures.length ? 1 : 0);
