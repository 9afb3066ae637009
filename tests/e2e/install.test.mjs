// What `make install` leaves on a machine.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { build } from './world.mjs';

let root;
const at = (...parts) => path.join(root, 'usr', 'local', ...parts);

before(() => {
  root = mkdtempSync(path.join(tmpdir(), 'reeve-install-'));
  execFileSync('meson', ['install', '-C', build, '--no-rebuild', '--quiet', '--destdir', root]);
});
after(() => rmSync(root, { recursive: true, force: true }));

test('both programs are there, and the credential helper that docker calls, by the name that it calls', () => {
  assert.deepEqual(readdirSync(at('bin')).sort(), ['docker-credential-reeve', 'reeve']);
  assert.deepEqual(readdirSync(at('sbin')), ['reeved']);
  assert.equal(readlinkSync(at('bin', 'docker-credential-reeve')), 'reeve');
  const asked = spawnSync(at('bin', 'docker-credential-reeve'), ['list'], { encoding: 'utf8', env: { HOME: root } });
  assert.equal(asked.stdout.trim(), '{}');
  assert.equal(asked.status, 0);
});

test('so are their manual pages', () => {
  for (const [section, page] of [['man1', 'reeve.1'], ['man8', 'reeved.8']]) assert.ok(statSync(at('share', 'man', section, page)).size > 1000);
});

test('and completions where each shell looks for them', () => {
  const complete = (shell) => execFileSync(at('bin', 'reeve'), ['completion', shell], { encoding: 'utf8' });
  for (const [shell, ...place] of [['bash', 'bash-completion', 'completions', 'reeve'], ['zsh', 'zsh', 'site-functions', '_reeve'], ['fish', 'fish', 'vendor_completions.d', 'reeve.fish']])
    assert.equal(execFileSync('cat', [at('share', ...place)], { encoding: 'utf8' }), complete(shell), shell);
});

test('and a unit that runs the server from where it was installed', () => {
  const options = JSON.parse(execFileSync('meson', ['introspect', '--buildoptions', build], { encoding: 'utf8' }));
  const option = (name) => options.find((row) => row.name === name).value;
  const unit = readFileSync(at('lib', 'systemd', 'system', 'reeved.service'), 'utf8');
  const [, program] = /^ExecStart=(\S+)/m.exec(unit);
  assert.equal(program, path.join(option('prefix'), option('sbindir'), 'reeved'));
  assert.ok(statSync(path.join(root, program)).mode & 0o111);
  assert.doesNotMatch(unit, /@\w+@/); // every place is filled in
});
