// The README's walk, run as it stands there through the command line: only issuer, subject, token, server and code are replaced
// by those of this run, and the registry's host is given where docker would be configured.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { build, call, claimsOf, freePort, openIssuer, openWorld } from './world.mjs';
import { openRegistry, writeImage } from './images.mjs';

const run = promisify(execFile);
const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
let issuer, world, registry, host, work, env;

// The commands of the block under "## The walk", continuation lines joined, comments and exports left out.
function walkOf(text) {
  const block = /## The walk[\s\S]*?```\n([\s\S]*?)```/.exec(text)[1];
  return block.replace(/\\\n\s*/g, '').split('\n').map((line) => line.replace(/\s+#.*$/, '').trim())
    .filter((line) => line && !line.startsWith('#') && !line.startsWith('export '));
}

const steps = walkOf(readme);
const outputs = {};
const sh = (command) => run('sh', ['-ec', command], { env, cwd: work, timeout: 60000 });

// What a reader replaces by what they have.
const replaced = (command) => command.replace('http://127.0.0.1:8080', world.url).replace('ABCD-EFGH', world.code)
  .replace('https://token.actions.githubusercontent.com', issuer.url).replace('repo:example/app:ref:refs/heads/main', 'repo:example/app:ref:refs/heads/main')
  .replace('<UIDP>', outputs.identity ?? '');

async function step(start) {
  const command = steps.find((line) => line.startsWith(start));
  assert.ok(command, `the README has no step "${start}"`);
  outputs.ran = [...(outputs.ran ?? []), command];
  return (await sh(replaced(command))).stdout;
}

before(async () => {
  work = mkdtempSync(path.join(tmpdir(), 'reeve-quickstart-'));
  host = `localhost:${await freePort()}`;
  issuer = await openIssuer();
  world = await openWorld({ issuer, registries: [host] });
  const bin = path.join(work, 'bin');
  mkdirSync(bin);
  for (const name of ['reeve', 'docker-credential-reeve']) symlinkSync(path.join(build, 'reeve'), path.join(bin, name));
  env = { PATH: `${bin}:${process.env.PATH}`, HOME: work, XDG_RUNTIME_DIR: work, REGISTRY_AUTH_FILE: path.join(work, '.docker', 'config.json') };
  writeImage(path.join(work, 'image'), 'the layer of the quick start');
  registry = await openRegistry(world, host, work);
});

after(async () => {
  registry?.kill();
  await world?.close();
  await issuer?.close();
  if (work) rmSync(work, { recursive: true, force: true });
});

const skopeo = (...args) => run('skopeo', ['--insecure-policy', ...args], { timeout: 30000, env });

test('reeve setup makes this machine an operator, with its key kept to its owner', async () => {
  await step('reeve setup');
  const { stdout } = await sh('find . -type f -newer image/version -not -path "./image/*" -not -path "./storage/*"');
  const keys = stdout.split('\n').filter((file) => file && /PRIVATE KEY/.test(readFileSync(path.join(work, file), 'utf8')));
  assert.equal(keys.length, 1, stdout);
  assert.equal(statSync(path.join(work, keys[0])).mode & 0o777, 0o600);
});

test('an organization, verified, a folder and an identity that pushes', async () => {
  await step('reeve iam organizations create');
  await step('reeve iam organizations verify');
  await step('reeve iam folders create');
  const printed = await step('reeve iam identities create');
  const { stdout } = await sh('reeve iam identities list --parent example.com --output json');
  outputs.identity = JSON.parse(stdout).items.find((row) => row.name === 'builder').id;
  assert.match(outputs.identity, /^[0-9a-f]{40}\/[0-9a-f]{16}$/);
  assert.match(printed, new RegExp(`^ +ID +\\|[^]*^ *${outputs.identity} +\\| builder +\\|`, 'm')); // what the README calls <UIDP>
});

test('the same step again makes no second organization unasked, and the verified one is meant where one was made', async () => {
  const again = steps.find((line) => line.startsWith('reeve iam organizations create'));
  await assert.rejects(sh(again), /There is an organization example\.com \([0-9a-f]{40}\)\. Create another of the same name\? Nobody can be asked here: say --yes/);
  const named = async () => JSON.parse((await sh('reeve iam organizations list --output json')).stdout).items.filter(({ name }) => name === 'example.com');
  assert.equal((await named()).length, 1);
  const { stdout } = await sh(`${again} --yes --output json`);
  const second = (await named()).find(({ verified }) => !verified).id;
  assert.ok(stdout.includes(second));
  assert.match((await sh('reeve iam folders describe example.com/ci')).stdout, /ci/);
  assert.match((await sh('reeve iam folders list --parent example.com')).stdout, /ci/);
  await assert.rejects(sh('reeve iam organizations delete example.com --yes'), new RegExp(`2 have the organization name "example\\.com"; give the id of one: .*\\(verified\\)`));
  await sh(`reeve iam organizations delete ${second} --yes`);
  assert.equal((await named()).length, 1);
});

test('a pull token is shown once', async () => {
  const text = await step('reeve auth pull-token create');
  assert.match(text, /eyJ/);
});

test('the job signs in with the token it has, and holds what its role grants', async () => {
  const home = path.join(work, 'job');
  mkdirSync(home);
  writeFileSync(path.join(work, 'token.jwt'), `${issuer.token({ sub: 'repo:example/app:ref:refs/heads/main', aud: world.url })}\n`);
  const command = steps.find((line) => line.includes('--identity-token'));
  const { stdout } = await run('sh', ['-ec', replaced(command)], { env: { ...env, HOME: home, REEVE_PLATFORM_API: world.url }, cwd: work, timeout: 60000 });
  outputs.ran.push(command);
  const token = stdout.trim().split(/\s/).pop();
  assert.equal(claimsOf(token).sub, outputs.identity);
  assert.equal((await call(world, token, 'GET', '/auth/v1/ok')).status, 200);
  assert.match(stdout, /registry\.push/);
});

test('after configure-docker a client pushes and pulls by itself', async () => {
  await step('reeve auth configure-docker');
  await skopeo('copy', '--dest-tls-verify=false', `dir:${path.join(work, 'image')}`, `docker://${host}/example.com/ci/app:v1`);
  const into = path.join(work, 'pulled');
  mkdirSync(into);
  await skopeo('copy', '--src-tls-verify=false', `docker://${host}/example.com/ci/app:v1`, `dir:${into}`);
  const stored = await sh('reeve iam folders list --parent example.com --output json');
  assert.ok(JSON.parse(stored.stdout).items.some((row) => row.name === 'ci'));
});

test('every command of the walk was run', () => {
  assert.deepEqual([...outputs.ran].sort(), [...steps].sort());
});
