// What a start is refused for, and what it only warns of. libcurl is loaded beside the start of a server and by the first fetch of
// the command line: where it is missing, both say so.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { build, call, openOperator, openWorld } from './world.mjs';

const MISSING = /^Error: the network library is missing: .*libcurl\.so\.4.*\(Debian: libcurl4\)$/m;
let folder;

before(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'reeve-start-'));
  writeFileSync(path.join(folder, 'libcurl.so.4'), 'no library'); // found before the real one
});
after(() => rmSync(folder, { recursive: true, force: true }));

const without = (program, ...args) => spawnSync(path.join(build, program), args, {
  encoding: 'utf8', timeout: 30_000, env: { ...process.env, HOME: folder, LD_LIBRARY_PATH: folder },
});

test('without libcurl a server says so and ends while it starts', () => {
  const ended = without('reeved', '--data', path.join(folder, 'data'), '--listen', '127.0.0.1:0', '--url', 'http://127.0.0.1', '--registries', 'cr.test');
  assert.match(ended.stderr, MISSING);
  assert.equal(ended.status, 1);
});

test('without libcurl the command line says so at its first fetch, and what fetches nothing works', () => {
  assert.equal(without('reeve', 'version').status, 0);
  const ended = without('reeve', 'setup', '--server', 'http://127.0.0.1:9', '--code', 'AAAA-AAAA');
  assert.match(ended.stderr, MISSING);
  assert.equal(ended.status, 1);
});

test('a second server on the port of a first is refused, with its own data as well', async () => {
  const world = await openWorld();
  try {
    for (const listen of [`127.0.0.1:${world.port}`, `127.0.0.1:0,127.0.0.1:${world.port}`]) {
      const ended = spawnSync(path.join(build, 'reeved'), ['--data', path.join(folder, 'second'), '--listen', listen, '--url', world.url], { encoding: 'utf8', timeout: 30_000 });
      assert.match(ended.stderr, new RegExp(`^reeved: listen: cannot listen on 127\\.0\\.0\\.1:${world.port}: Address already in use; .*choose another port$`, 'm'));
      assert.equal(ended.status, 1);
    }
  } finally {
    await world.close();
  }
});

test('an unknown key in the configuration file stops the start, named with its line, before anything is made', () => {
  const file = path.join(folder, 'reeve.yml'), data = path.join(folder, 'never');
  writeFileSync(file, 'listen: 127.0.0.1:0\ntoken:\n  lief: 10m\n');
  const ended = spawnSync(path.join(build, 'reeved'), ['--config', file, '--data', data], { encoding: 'utf8', timeout: 30_000 });
  assert.equal(ended.stderr, `reeved: ${file} line 3: unknown key "token.lief"; see reeved --help for all keys\n`);
  assert.equal(ended.status, 1);
  assert.ok(!existsSync(data));
});

test('an unknown REEVE_ variable is a warning with its name alone, and the server serves', async () => {
  process.env.REEVE_TOKEN_LIEF = 's3cret';
  const world = await openWorld().finally(() => delete process.env.REEVE_TOKEN_LIEF);
  try {
    const warnings = world.log.split('\n').filter((line) => line.startsWith('{')).map((line) => JSON.parse(line)).filter(({ name }) => name === 'REEVE_TOKEN_LIEF');
    assert.deepEqual(warnings.map(({ level, message }) => [level, message]), [['warn', 'unknown environment variable is ignored']]);
    assert.ok(!world.log.includes('s3cret'));
  } finally { await world.close(); }
});

test('an address or URL that cannot be one is blamed on its own key, with the rule', () => {
  for (const [words, said] of [
    [['--listen', '127.0.0.1:99999'], 'listen: the port must be a number from 0 to 65535'],
    [['--listen', '127.0.0.1:http'], 'listen: the port must be a number from 0 to 65535'],
    [['--listen', '127.0.0.1'], 'listen: must be address:port, such as 127.0.0.1:8080 or [::1]:8080'],
    [['--listen', '127.0.0.1:0'], "url: must be set, for listen makes none: a URL's port must be a decimal number from 1 to 65535"],
    [['--listen', '[::1]:8080'], "url: must be set, for listen makes none: a URL's host must be a name, not an IPv6 address"],
    [['--url', 'http://iam.test:99999'], "url: a URL's port must be a decimal number from 1 to 65535"],
  ]) {
    const ended = spawnSync(path.join(build, 'reeved'), ['--data', path.join(folder, 'third'), ...words], { encoding: 'utf8', timeout: 30_000, env: { PATH: process.env.PATH } });
    assert.deepEqual([ended.stderr, ended.status], [`reeved: Invalid argument: ${said}\n`, 1]);
  }
});

test('a data folder named from where the server was started: a backup is named from the root', async () => {
  const data = path.join(folder, 'near');
  const world = await openWorld({ data: path.relative(process.cwd(), data), isNew: true });
  try {
    const admin = await (await openOperator(world)).token();
    const made = await call(world, admin, 'POST', '/reeve/v1/backups', { fileName: 'monday.db' });
    assert.equal(made.status, 200, JSON.stringify(made.body));
    assert.equal(made.body.path, path.join(realpathSync(data), 'backups', 'monday.db'));
    assert.equal(statSync(made.body.path).size, Number(made.body.bytes));
  } finally { await world.close(); }
});
