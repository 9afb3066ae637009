// What a deleted binding still opens at a real registry, and until when: the next token is without it, and a bearer that is out
// already ends with its minute and the minute of leeway that the registry grants. Waits for that by the clock on the wall, beside
// the other tests.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { openRegistry, writeImage } from './images.mjs';
import { call, claimsOf, freePort, openIssuer, openOperator, openWorld } from './world.mjs';

const LIFE_S = 60, LEEWAY_S = 60, BOUND_MS = 120_000;
const run = promisify(execFile);
let world, issuer, admin, org, role, registry, host, work;

const ok = (answer) => {
  assert.equal(answer.status, 200, JSON.stringify(answer.body));
  return answer.body;
};
const bind = async (who) => ok(await call(world, admin, 'POST', `/iam/v2/roleBindings/${org}`, { identityUid: who, roleUid: role })).uid;
const unbind = async (binding) => ok(await call(world, admin, 'DELETE', `/iam/v2/roleBindings/${binding}`));

// A CI job that may push and pull in the organization; its binding is the only reason.
async function openJob(name) {
  const job = { uid: ok(await call(world, admin, 'POST', `/iam/v2/identities/${org}`, { name, claimMatch: { issuer: issuer.url, subject: name } })).uid };
  job.binding = await bind(job.uid);
  const basic = () => Buffer.from(`${job.uid}:${issuer.token({ sub: name, aud: world.url })}`).toString('base64');
  job.bearer = async () => ok(await call(world, null, 'GET', `/token?service=${host}&scope=repository:example.com/app:pull,push`, null, { authorization: `Basic ${basic()}` })).token;
  return job;
}

const actions = (bearer) => claimsOf(bearer).access.flatMap((entry) => entry.actions);
// The registry by itself, with a bearer and no way to another one.
const ask = (bearer, method, target) => fetch(`http://${host}/v2/example.com/app/${target}`, { method, headers: { authorization: `Bearer ${bearer}`, accept: 'application/vnd.docker.distribution.manifest.v2+json' } });
const pull = (bearer) => run('skopeo', ['--insecure-policy', 'copy', '--src-tls-verify=false', '--src-registry-token', bearer, `docker://${host}/example.com/app:v1`, `dir:${mkdtempSync(path.join(work, 'pulled-'))}`], { timeout: 30000 });
const push = (bearer, tag) => run('skopeo', ['--insecure-policy', 'copy', '--dest-tls-verify=false', '--dest-registry-token', bearer, `dir:${path.join(work, 'image')}`, `docker://${host}/example.com/app:${tag}`], { timeout: 30000 });

before(async () => {
  work = mkdtempSync(path.join(tmpdir(), 'reeve-revoked-'));
  host = `localhost:${await freePort()}`;
  issuer = await openIssuer();
  world = await openWorld({ issuer, registries: [host] });
  admin = await (await openOperator(world)).token();
  org = ok(await call(world, admin, 'POST', '/iam/v2/groups', { name: 'example.com' })).uid;
  ok(await call(world, admin, 'PATCH', `/iam/v2/groups/${org}?updateMask=verified`, { verified: true }));
  role = ok(await call(world, admin, 'GET', '/iam/v2/roles?name=registry.push')).roles[0].uid;
  writeImage(path.join(work, 'image'), 'a layer that stays');
  registry = await openRegistry(world, host, work);
});

after(async () => {
  registry?.kill();
  await world?.close();
  await issuer?.close();
  if (work) rmSync(work, { recursive: true, force: true });
});

describe('after a binding was deleted', { concurrency: true }, () => {
  test('a bearer issued before is refused at the registry 120 s later', async () => {
    const job = await openJob('revoked'), other = await openJob('kept');
    await push(await job.bearer(), 'v1');
    const bearer = await job.bearer(), issued = Date.now();
    const { iat, exp } = claimsOf(bearer);
    assert.deepEqual(actions(bearer), ['pull', 'push']);
    assert.equal(exp - iat, LIFE_S);
    assert.ok(iat * 1000 <= issued, 'issued in whole seconds, never in one to come');
    await unbind(job.binding);
    const deleted = Date.now();
    assert.ok((exp + LEEWAY_S) * 1000 <= deleted + BOUND_MS, 'the registry, which adds its leeway, takes it no longer than that');
    // The registry is told nothing: until then the bearer is good, so what refuses it later is its end.
    await pull(bearer);
    await push(bearer, 'v2');
    for (let left; (left = deleted + BOUND_MS - Date.now()) > 0;) await sleep(left);
    for (const [method, target] of [['GET', 'manifests/v1'], ['GET', 'tags/list'], ['POST', 'blobs/uploads/']]) {
      const answer = await ask(bearer, method, target);
      assert.equal(answer.status, 401, `${method} ${target}`);
      assert.match(answer.headers.get('www-authenticate'), /error="invalid_token"/);
    }
    await assert.rejects(pull(bearer), /unauthorized|invalid token/i);
    await assert.rejects(push(bearer, 'v3'), /unauthorized|invalid token/i);
    assert.deepEqual(actions(await job.bearer()), []);
    // Somebody else's still opens the same: the registry and the image are there, and nothing of v3.
    const fresh = await other.bearer();
    await pull(fresh);
    assert.deepEqual((await (await ask(fresh, 'GET', 'tags/list')).json()).tags.sort(), ['v1', 'v2']);
  });

  test('the first token that is asked for is without it, within a second', async () => {
    const job = await openJob('quick'), rounds = [];
    for (let round = 0; round < 9; round++) {
      assert.deepEqual(actions(await job.bearer()), ['pull', 'push'], `round ${round}`);
      await unbind(job.binding);
      const deleted = performance.now();
      const bearer = await job.bearer(); // asked once: no round may need a second try
      rounds.push(performance.now() - deleted);
      assert.deepEqual(actions(bearer), [], `round ${round}`);
      await assert.rejects(pull(bearer), /denied|unauthorized/i);
      job.binding = await bind(job.uid);
    }
    // The middle one, so that a machine that stood still once does not count.
    assert.ok(rounds.sort((a, b) => a - b)[4] < 1000, `${rounds.map(Math.round)} ms`);
  });
});
