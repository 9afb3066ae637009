// Menus of the command line in a pseudo-terminal: what is left out is picked, and nothing is asked where nobody sits.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { openTerminal } from './terminal.mjs';
import { build, openWorld } from './world.mjs';

const run = promisify(execFile);
const reeve = path.join(build, 'reeve');
let world, work, env;

const tell = async (...words) => (await run(reeve, words, { env, timeout: 30000 })).stdout;
const folders = async (org) => JSON.parse(await tell('iam', 'folders', 'list', org, '-o', 'json')).items.map((item) => item.name).sort();

before(async () => {
  work = mkdtempSync(path.join(tmpdir(), 'reeve-menus-'));
  env = { PATH: process.env.PATH, HOME: work };
  world = await openWorld();
  await tell('setup', '--server', world.url, '--code', world.code, '--name', 'ada', '-o', 'none');
  await tell('iam', 'organizations', 'create', 'example.com', '-y');
  await tell('iam', 'organizations', 'create', 'other.org', '-y');
  for (const name of ['ci', 'web', 'zoo']) await tell('iam', 'folders', 'create', name, '--parent', 'example.com', '-y');
  await tell('iam', 'folders', 'create', 'nightly', '--parent', 'example.com/ci', '-y');
});

after(async () => {
  await world?.close();
  if (work) rmSync(work, { recursive: true, force: true });
});

test('a folder is picked from the tree by arrow keys and deleted', async () => {
  const terminal = openTerminal([reeve, 'iam', 'folders', 'delete'], { env });
  await terminal.see(/Which folder\?[\s\S]*> example\.com[\s\S]*ci[\s\S]*nightly[\s\S]*web[\s\S]*zoo[\s\S]*other\.org[\s\S]*Esc leaves/);
  terminal.type('\x1b[B\x1b[B');
  await terminal.see(/> {5}nightly/);
  terminal.type('\r');
  await terminal.see(/Selected folder nightly\./);
  await terminal.see(/Delete the folder [0-9a-f/]+\? \[y,N\]: /);
  terminal.type('y\n');
  assert.equal(await terminal.end(), 0);
  assert.deepEqual(await folders('example.com'), ['ci', 'web', 'zoo']);
});

test('typing filters, Backspace widens again, Enter takes', async () => {
  const terminal = openTerminal([reeve, 'iam', 'folders', 'describe'], { env });
  await terminal.see(/Esc leaves/);
  terminal.type('zo');
  await terminal.see(/> {3}zoo[\s\S]*\/ zo {2}\(2 of \d+\)/);
  terminal.type('\x7f\x7fWEB\r');
  await terminal.see(/Selected folder web\.[\s\S]*"name": "web"/);
  assert.equal(await terminal.end(), 0);
});

test('leaving a menu by Escape or Ctrl-C does nothing and gives the terminal back', async () => {
  for (const key of ['\x1b', '\x03']) {
    const terminal = openTerminal(['sh', '-c', `trap : INT; "${reeve}" iam organizations delete; echo "rc=$?"; stty -a`], { env });
    await terminal.see(/Which organization\?[\s\S]*Esc leaves/);
    terminal.type(key);
    await terminal.see(/nothing was chosen[\s\S]*rc=1/);
    await terminal.see(/ icanon [\s\S]* echo /);
    await terminal.end();
    assert.match(terminal.text, /\x1b\[\?25l[\s\S]*\x1b\[\?25h/);
  }
  assert.match(await tell('iam', 'organizations', 'list', '-o', 'json'), /other\.org/);
});

test('an invite asks for place and role', async () => {
  const terminal = openTerminal([reeve, 'iam', 'invites', 'create', '--ttl', '5d', '--single-use'], { env, columns: 300 });
  await terminal.see(/Which organization or folder\?/);
  terminal.type('other\r');
  await terminal.see(/Selected folder other\.org\.[\s\S]*Which role\?/);
  terminal.type('viewer');
  await terminal.see(/> [^\r\n]*viewer/);
  terminal.type('\r');
  const [, code, link] = await terminal.see(/Code: +(\S+)\s+Link: +(\S+)/);
  assert.equal(link, `${world.url}/invite/${encodeURIComponent(code)}`);
  assert.ok(JSON.parse(Buffer.from(code, 'base64').toString()).grp);
  assert.equal(await terminal.end(), 0);
});

test('a role is made of marked capabilities', async () => {
  const terminal = openTerminal([reeve, 'iam', 'roles', 'create', 'reader', '--parent', 'example.com', '-o', 'json'], { env });
  await terminal.see(/Which capabilities\?[\s\S]*Space marks/);
  terminal.type('groups.list \x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7f\x7froles.list ');
  await terminal.see(/> \[x\] roles\.list/);
  terminal.type('\r');
  await terminal.see(/Selected 2 capabilities/);
  assert.equal(await terminal.end(), 0);
  const role = JSON.parse(await tell('iam', 'roles', 'describe', 'reader'));
  assert.deepEqual(role.capabilities.sort(), ['groups.list', 'roles.list']);
});

test('where nobody sits nothing is asked: the command line is wrong, exit code 2', async () => {
  for (const words of [['iam', 'folders', 'delete'], ['iam', 'invites', 'create', 'example.com'], ['iam', 'folders', 'list'], ['iam', 'role-bindings', 'create', '--parent', 'example.com']]) {
    const failure = await run(reeve, words, { env, timeout: 20000 }).then(() => null, (error) => error);
    assert.equal(failure?.code, 2, words.join(' '));
    assert.match(failure.stderr, /missing|must be given/);
  }
});
