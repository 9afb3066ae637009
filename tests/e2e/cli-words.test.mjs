// What the command line says where something is wrong or is to be decided: which thing, and what to do next.
import assert from 'node:assert/strict';
import { execFile, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { build, freePort, openIssuer, openWorld } from './world.mjs';

const home = mkdtempSync(path.join(tmpdir(), 'reeve-words-'));
let world, issuer, org;

// An operator's machine, with an organization of its own.
before(async () => {
  issuer = await openIssuer();
  world = await openWorld({ issuer });
  done('setup', '--server', world.url, '--code', world.code);
  org = done('iam', 'organizations', 'create', 'words', '-o', 'id');
});
after(async () => {
  await world?.close();
  await issuer?.close();
  rmSync(home, { recursive: true, force: true });
});

const reeve = (words, { env = {}, input = '' } = {}) => spawnSync(path.join(build, 'reeve'), words, {
  encoding: 'utf8', input, timeout: 30_000, env: { PATH: process.env.PATH, HOME: home, ...env },
});

function done(...words) {
  const ended = reeve(words);
  assert.equal(ended.status, 0, `${words.join(' ')}: ${ended.stderr}`);
  return ended.stdout.trim();
}

test('a server that is not there is named by host and port, with what to look at', async () => {
  const away = `http://127.0.0.1:${await freePort()}`, host = away.slice(7);
  const unreached = `cannot fetch from ${host}: Couldn't connect to server; is reeved running there, and is`;
  const login = ['auth', 'login', '--headless'];
  for (const [words, env, place] of [
    [[...login, '--api', away], {}, 'platform.api (--api, REEVE_PLATFORM_API)'],
    [login, { REEVE_PLATFORM_API: away }, 'platform.api (--api, REEVE_PLATFORM_API)'],
    [[...login, '--api', world.url, '--issuer', away], {}, 'platform.issuer (--issuer, REEVE_PLATFORM_ISSUER)'],
    [['setup', '--server', away, '--code', 'AAAA-AAAA'], {}, '--server'],
  ]) {
    const ended = reeve(words, { env });
    assert.ok(ended.stderr.includes(`${unreached} ${place} right?\n`), ended.stderr);
    assert.equal(ended.status, 1);
  }
});

test('https at a port of plain http is called that', () => {
  const ended = reeve(['setup', '--server', world.url.replace('http:', 'https:'), '--code', 'AAAA-AAAA']);
  assert.match(ended.stderr, new RegExp(`cannot fetch from 127.0.0.1:${world.port}: SSL connect error; it may speak plain http there; .*--server right\\?`));
  assert.equal(ended.status, 1);
});

test('what is to be deleted is asked for by its name and id, or by the id that was given', () => {
  const things = [
    ['folder', ['iam', 'folders'], ['create', 'inner', '--parent', org]],
    ['role', ['iam', 'roles'], ['create', 'reader', '--parent', org, '--capabilities', 'repo.list']],
    ['identity', ['iam', 'identities'], ['create', 'job', '--parent', org, '--identity-issuer', 'https://issuer.example', '--subject', 'job']],
    ['repository', ['images', 'repos'], ['create', 'app', '--parent', org]],
  ];
  for (const [noun, verbs, words] of things) {
    const uid = done(...verbs, ...words, '-o', 'id');
    for (const [given, shown] of [[words[1], `${words[1]} (${uid})`], [uid, uid]]) {
      const { stderr, status } = reeve([...verbs, 'delete', given]);
      assert.equal(stderr, `Error: Delete the ${noun} ${shown}? Nobody can be asked here: say --yes\n`);
      assert.equal(status, 1);
    }
  }
});

test('the status of an operator says what they are, and that of an identity without a binding that it may do nothing', async () => {
  assert.match(done('auth', 'status'), /^Capabilities:\n    everywhere: operator \(claimed by the token; the server decides at each call\)\n    [0-9a-f]{40}: owner$/m);
  assert.match(done('auth', 'status', '--quick'), /^Capabilities:\n    everywhere: operator /m);
  const nobody = mkdtempSync(path.join(tmpdir(), 'reeve-nobody-'));
  try {
    const uid = done('iam', 'identities', 'create', 'idle', '--parent', org, '--identity-issuer', issuer.url, '--subject', 'idle', '-o', 'id');
    const login = ['auth', 'login', '--api', world.url, '--identity', uid, '--identity-token', issuer.token({ sub: 'idle', aud: world.url })];
    await promisify(execFile)(path.join(build, 'reeve'), login, { env: { HOME: nobody } }); // beside the issuer, which is asked meanwhile
    assert.match(reeve(['auth', 'status', '--api', world.url], { env: { HOME: nobody } }).stdout, /^Capabilities:\n    none \(no role is bound to this identity, or the token was narrowed\)$/m);
  } finally {
    rmSync(nobody, { recursive: true, force: true });
  }
});

test('limits that are set are shown, to who may look at the organization', () => {
  const none = reeve(['limits', 'list', 'words']);
  assert.deepEqual([none.status, none.stdout, none.stderr], [0, '', "words has no limits of its own: the server's configuration (limits.*) holds.\n"]);
  assert.equal(done('limits', 'set', org, 'folders=3', 'idps=1', '-y'), 'folders: 3\nidps: 1');
  assert.equal(done('limits', 'list', 'words'), 'folders: 3\nidps: 1');
  assert.deepEqual(JSON.parse(done('limits', 'list', org, '-o', 'json')), { limits: { folders: 3, idps: 1 } });
  assert.equal(done('limits', 'set', org, 'folders=-1', '-y'), 'idps: 1');
  assert.match(reeve(['limits', 'list']).stderr, /ORG/);
});
