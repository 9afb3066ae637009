// tokens: the server's own work: a foreign token for an access token, and an access token for a registry's. One core.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as lab from './lab.mjs';
import { adminToken } from './wire.mjs';
import { call, exchange } from '../e2e/world.mjs';

export const rows = [
  { name: 'sts.exchange', unit: '/CPU s', baseline: 'openssl speed: RS256 verify + ES256 sign', ratioLeast: 0.6 },
  { name: 'registry.token', unit: '/CPU s', baseline: 'openssl speed: ES256 verify + ES256 sign', ratioLeast: 0.6 },
];

const TOKENS_EACH_SECOND = 12_000; // made beforehand; when one is used again, that many were used in between

// A repository at the end of the first organization's chain of folders.
async function makeRepository(server, world) {
  const admin = await adminToken(server, world);
  const answer = await call(server, admin, 'POST', `/registry/v2/repos/${world.pairs[0].folder}`, { name: 'app' });
  if (answer.status !== 200 && answer.status !== 409) throw new Error(JSON.stringify(answer.body));
  return `org0.example/${'folder/'.repeat(8)}app`;
}

async function repeat(server, file, options) {
  const results = [];
  for (let i = 0; i < lab.rounds; i++) results.push(await lab.load(server, 64, file, i ? {} : options));
  const note = `wall ${Math.round(lab.median(results.map((r) => r.rate)))}/s, p99 ${Math.round(lab.median(results.map((r) => r.p99_us)))} us at 64 connections`;
  return { value: lab.median(results.map((r) => r.perCpuSecond)), note };
}

const both = (a, b) => 1 / (1 / a + 1 / b);

export async function measure() {
  const world = await lab.million();
  const server = await lab.startReeved(world.data, { on: lab.serverCore, issuer: world.issuer, port: world.port });
  const count = Math.ceil(TOKENS_EACH_SECOND * (lab.seconds + lab.warmup));
  const repository = await makeRepository(server, world);

  lab.log(`signing ${count} tokens`);
  const tokens = await lab.signTokens(world.issuer, count, (i) => ({ sub: `repo:example/app${i % 100}`, aud: server.url }));
  const exchanges = lab.writeRequests(tokens.map((token, i) => lab.get(server.port, `/sts/exchange?aud=${lab.registry}&identity=${world.pairs[i % 100].identity}`, { Authorization: `Bearer ${token}` })));
  const first = await exchange(server, tokens[0], world.pairs[0].identity); // the issuer's keys are known from here on
  if (first.status !== 200) throw new Error(JSON.stringify(first.body));
  const saved = path.join(lab.tempFolder(), 'tokens');
  const exchanged = await repeat(server, exchanges, { save: ['token', saved] });

  const access = readFileSync(saved, 'utf8').trimEnd().split('\n');
  const ask = `/token?service=${lab.registry}&scope=repository:${repository}:pull`;
  const asks = lab.writeRequests(access.map((token) => lab.get(server.port, ask, { Authorization: `Basic ${Buffer.from(`_token:${token}`).toString('base64')}` })));
  const registry = await repeat(server, asks, {});
  await server.close();

  const speed = await lab.openssl();
  exchanged.note += `; ${tokens.length} distinct tokens`;
  registry.note += `; ${access.length} distinct tokens`;
  return {
    'sts.exchange': { ...exchanged, baseline: both(speed.rsaVerify, speed.ecSign) },
    'registry.token': { ...registry, baseline: both(speed.ecVerify, speed.ecSign) },
  };
}
