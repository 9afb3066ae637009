// People who sign in with a password of this server, without a browser: what the pages' forms would send.
import assert from 'node:assert/strict';
import { call, send } from './world.mjs';

export const PASSWORD = 'seven quiet herons wade';
export const form = { 'content-type': 'application/x-www-form-urlencoded' };

// Sends the page's form with these answers besides what it hides.
export async function submit(world, page, cookies, answers) {
  const [, action, inside] = /<form method="post" action="([^"]+)">([\s\S]*?)<\/form>/.exec(page.text) ?? assert.fail(page.text);
  const hidden = [...inside.matchAll(/<input type="hidden" name="([^"]+)" value="([^"]*)">/g)].map(([, name, value]) => [name, value]);
  for (const line of page.headers.getSetCookie()) { const [, name, value] = /^([^=]+)=([^;]*)/.exec(line); cookies.set(name, value); }
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  return send(world, 'POST', action, { ...form, cookie }, `${new URLSearchParams({ ...Object.fromEntries(hidden), ...answers })}`);
}

// An operator makes the account, its person sets the password: {login}.
export async function newPerson(world, admin, login, more = {}) {
  const made = await call(world, admin, 'POST', '/reeve/v1/accounts', { login, ...more });
  assert.equal(made.status, 200, JSON.stringify(made.body));
  await submit(world, await send(world, 'GET', made.body.link.replace(world.url, '')), new Map(), { password: PASSWORD });
  return { login };
}

// Signs in as programs do: {token, refresh}.
export async function signIn(world, { login }, { audience = world.url } = {}) {
  const query = new URLSearchParams({ exit: 'redirect', redirect: 'http://localhost:1/callback', connection: 'email', audience, create_refresh_token: 'true' });
  const answer = await submit(world, await send(world, 'GET', `/oauth?${query}`), new Map(), { login, password: PASSWORD });
  const back = new URL(answer.headers.get('location') ?? assert.fail(answer.text)).searchParams;
  assert.ok(back.get('refresh_token'), String(back));
  return { token: back.get('token'), refresh: back.get('refresh_token') };
}
