// Providers that accept a connection and never answer, beside ones that do: whoever signs in with the others goes on. What a
// provider publishes is kept, and given up when the organization changes its provider.
import assert from 'node:assert/strict';
import net from 'node:net';
import { after, before, test } from 'node:test';
import { RawBrowser, ok, openPeople, serve, signInAt, unique } from './people.mjs';
import { call, exchange, newKey, now, openOperator, openWorld, signToken } from './world.mjs';

const SHARE = 2; // a third of the places, which are three quarters of eight workers
const ASKED = 6;
let people, world, org, viewer, slow;

// A provider until stall() is called; then its port accepts connections and is silent.
async function openSlow() {
  const server = await serve((_, response) => {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ issuer: one.url, jwks_uri: `${one.url}/jwks`, authorization_endpoint: `${one.url}/auth`, token_endpoint: `${one.url}/token` }));
  });
  const one = { url: server.url, host: server.host, held: [], close: () => server.close() };
  one.stall = async () => {
    await server.close();
    const silent = net.createServer((socket) => { socket.on('error', () => {}); one.held.push(socket); });
    await new Promise((resolve) => { silent.listen(server.port, '127.0.0.1', resolve); });
    one.close = () => { for (const socket of one.held) socket.destroy(); return new Promise((resolve) => { silent.close(resolve); }); };
  };
  return one;
}

const addProvider = async (issuer, more = {}) => ok(await people.as(people.admin, 'POST', `/iam/v2/identityProviders/${org}`, { name: `idp-${unique()}`, defaultRole: viewer, oidc: { issuer, clientId: 'secret-alone', clientSecret: 'secret-alone-secret', ...more } }));
const change = async (uid, oidc, mask) => ok(await people.as(people.admin, 'PATCH', `/iam/v2/identityProviders/${uid}?updateMask=${mask}`, { oidc }));

// As far as where the browser is sent, or the refusal.
async function beginAt(provider) {
  const raw = new RawBrowser(world);
  const page = await raw.get(people.link({ idp_id: provider.uid, connection: '' }));
  if (page.status !== 200) return page;
  return raw.get(/href="(\/sign-in\/with[^"]+)"/.exec(page.text)[1].replaceAll('&amp;', '&'));
}

const atConnection = async (connection) => {
  const raw = new RawBrowser(world);
  const begun = await raw.get(people.link({ connection }));
  assert.equal(begun.status, 303, begun.text);
  return { raw, back: await signInAt(begun.headers.get('location'), world) };
};

async function signIn(connection) {
  const { raw, back } = await atConnection(connection);
  const page = await raw.get(back);
  assert.match(page.text, /Finish signing in/, page.text);
}

function checkBusy(answer, name) {
  assert.equal(answer.status, 503, answer.text);
  assert.match(answer.headers.get('retry-after'), /^[1-9]\d?$/);
  assert.match(answer.headers.get('content-type'), /^text\/html/);
  assert.match(answer.text, new RegExp(`many people sign in with ${name} at this moment, and it answers slowly`));
  assert.match(answer.text, /Wait a few seconds, then load this page again/);
}

before(async () => {
  slow = [await openSlow(), await openSlow()];
  people = await openPeople({ flags: ['--workers', '8'], hosts: slow.map(({ host }) => host) });
  world = people.world;
  org = ok(await people.as(people.admin, 'POST', '/iam/v2/groups', { name: `slow-${unique()}.example` })).uid;
  viewer = ok(await people.as(people.admin, 'GET', '/iam/v1/roles?parent=%2F')).items.find((role) => role.name === 'viewer').id;
});

after(async () => {
  for (const one of slow ?? []) await one.close();
  await people?.close();
});

test('two providers that never answer keep nobody waiting but their own people, and not many of those', async () => {
  const providers = [await addProvider(slow[0].url), await addProvider(slow[1].url)];
  for (const one of slow) await one.stall();
  const answers = [];
  const asked = providers.flatMap((provider) => Array.from({ length: ASKED }, () => beginAt(provider).then((answer) => { answers.push({ provider, answer }); return answer; })));
  for (let i = 0; i < 200 && answers.length < 2 * (ASKED - SHARE); i++) await new Promise((resolve) => { setTimeout(resolve, 20); });
  assert.equal(answers.length, 2 * (ASKED - SHARE), 'each holds its share and no more');
  for (const { provider, answer } of answers) checkBusy(answer, provider.name);
  for (const one of slow) assert.equal(one.held.length, 1, 'those who wait for the same wait for one fetch');

  await signIn('gitlab'); // never asked before
  for (let i = 0; i < 5; i++) await signIn('google-oauth2');
  await Promise.all([signIn('google-oauth2'), signIn('gitlab')]);
  assert.equal((await people.as(people.admin, 'GET', '/iam/v2/groups')).status, 200);
  assert.equal(answers.length, 2 * (ASKED - SHARE), 'the two were silent all the while');

  for (const one of slow) for (const socket of one.held) socket.destroy();
  for (const answer of await Promise.all(asked)) assert.ok([503, 303].includes(answer.status));
  const told = answers.slice(2 * (ASKED - SHARE)).map(({ answer }) => decodeURIComponent(answer.headers.get('location') ?? answer.text));
  assert.equal(told.filter((text) => /cannot be reached at the moment/.test(text)).length, 2 * SHARE);
});

test('whoever comes back and finds no place has spent nothing: the same page goes on a moment later', async () => {
  const visits = [];
  for (let i = 0; i < SHARE + 1; i++) visits.push(await atConnection('google-oauth2'));
  const held = [];
  people.google.interfere = (request, response) => { if (request.method === 'POST') held.push([request, response]); return request.method === 'POST'; };
  try {
    const waiting = visits.slice(0, SHARE).map(({ raw, back }) => raw.get(back));
    for (let i = 0; i < 200 && held.length < SHARE; i++) await new Promise((resolve) => { setTimeout(resolve, 20); });
    assert.equal(held.length, SHARE);
    checkBusy(await visits[SHARE].raw.get(visits[SHARE].back), 'Google');
    checkBusy(await visits[SHARE].raw.get(visits[SHARE].back), 'Google');
    await signIn('gitlab');
    people.google.interfere = undefined;
    for (const [request, response] of held) people.google.server.emit('request', request, response);
    for (const answer of await Promise.all(waiting)) assert.match(answer.text, /Finish signing in/);
    assert.match((await visits[SHARE].raw.get(visits[SHARE].back)).text, /Finish signing in/);
  } finally { people.google.interfere = undefined; }
});

test('what a provider publishes is asked for once, and anew when the organization changes its provider', async () => {
  const documents = () => people.own.seen.filter((line) => line.includes('/.well-known/')).length;
  const provider = await addProvider(people.own.url);
  const before = documents(); // adding it looks at it, and keeps nothing
  const first = await beginAt(provider);
  assert.equal(first.status, 303, first.text);
  assert.equal(new URL(first.headers.get('location')).searchParams.get('client_id'), 'secret-alone');
  assert.equal(documents(), before + 1);
  people.own.interfere = (request, response) => { if (!request.url.startsWith('/.well-known/')) return false; response.writeHead(502); response.end(); return true; };
  try {
    for (let i = 0; i < 5; i++) assert.equal((await beginAt(provider)).status, 303);
    assert.equal(documents(), before + 1);
    await change(provider.uid, { clientId: 'with-both' }, 'oidc.client_id');
    const refused = await beginAt(provider);
    assert.match(decodeURIComponent(refused.headers.get('location') ?? refused.text), /cannot be reached at the moment/);
    assert.equal(documents(), before + 2, 'what was kept from before the change is not used');
  } finally { people.own.interfere = undefined; }
  await change(provider.uid, { clientId: 'with-both', clientSecret: 'with-both-secret' }, 'oidc.client_id,oidc.client_secret');
  const then = await beginAt(provider);
  assert.equal(then.status, 303, then.text);
  assert.equal(new URL(then.headers.get('location')).searchParams.get('client_id'), 'with-both');
  assert.equal((await people.as(people.admin, 'DELETE', `/iam/v2/identityProviders/${provider.uid}`)).status, 200);
  const gone = new URL((await beginAt(provider)).headers.get('location'));
  assert.equal(gone.origin, `http://localhost:${people.program.port}`);
  assert.match(gone.searchParams.get('error'), /Not found/);
});

test('an issuer that is silent is given up after fetch.timeout', async () => {
  const silent = net.createServer((socket) => { socket.on('error', () => {}); held.push(socket); });
  const held = [];
  await new Promise((resolve) => { silent.listen(0, '127.0.0.1', resolve); });
  const host = `127.0.0.1:${silent.address().port}`;
  const hasty = await openWorld({ flags: ['--fetch.allow-http', host, '--fetch.timeout', '1s'] });
  try {
    const admin = await (await openOperator(hasty)).token();
    const group = ok(await call(hasty, admin, 'POST', '/iam/v2/groups', { name: 'hasty.example' })).uid;
    const job = ok(await call(hasty, admin, 'POST', `/iam/v2/identities/${group}`, { name: 'job', claimMatch: { issuer: `http://${host}`, subject: 'job' } })).uid;
    const token = signToken(newKey('RSA'), { iss: `http://${host}`, sub: 'job', aud: hasty.url, iat: now(), exp: now() + 600 });
    const began = performance.now();
    assert.equal((await exchange(hasty, token, job)).status, 504);
    const took = performance.now() - began;
    assert.ok(took > 900 && took < 4500, `${took} ms`); // the default is five seconds
  } finally {
    for (const socket of held) socket.destroy();
    silent.close();
    await hasty.close();
  }
});
