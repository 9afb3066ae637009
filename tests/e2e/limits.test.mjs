// How many of a kind an organization may have, counted seldom and still right.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { call, openOperator, openWorld } from './world.mjs';

let world, admin, org;

before(async () => {
  world = await openWorld({ flags: ['--limits.folders', '3'] });
  admin = await (await openOperator(world)).token();
  org = (await call(world, admin, 'POST', '/iam/v2/groups', { name: 'org' })).body;
});
after(() => world?.close());

const make = (name, parent = org.uid) => call(world, admin, 'POST', `/iam/v2/groups/${parent}`, { name });

test('the limit holds, through deletions, failures and other organizations', async () => {
  const made = [];
  for (const name of ['a', 'b']) made.push((await make(name)).body);
  assert.equal((await make('a')).status, 409); // takes nothing
  assert.equal((await make('c')).status, 200);
  const refused = await make('d');
  assert.equal(refused.status, 429);
  assert.match(refused.body.message, /limit of 3 folders/);
  assert.equal((await call(world, admin, 'DELETE', `/iam/v2/groups/${made[0].uid}`)).status, 200);
  assert.equal((await make('d')).status, 200);
  assert.equal((await make('e')).status, 429);
  const other = (await call(world, admin, 'POST', '/iam/v2/groups', { name: 'other' })).body;
  for (const name of ['a', 'b', 'c']) assert.equal((await make(name, other.uid)).status, 200);
  assert.equal((await make('d', other.uid)).status, 429);
});
