// What the topics share: programs, servers pinned to a core, CPU time, medians, data folders.
import { execFile, spawn } from 'node:child_process';
import { randomUUID, sign } from 'node:crypto';
import { appendFileSync, cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { availableParallelism, freemem, tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { freePort, now, openIssuer, openOperator } from '../e2e/world.mjs';

const exec = promisify(execFile);
const number = (name, fallback) => (process.env[name] === undefined || process.env[name] === '' ? fallback : Number(process.env[name]));

export const build = path.resolve(process.argv[2] ?? 'build');
export const seconds = number('SECONDS_EACH', 2);
export const rounds = number('ROUNDS', 3);
export const growthMost = number('GROWTH', 10_000_000);
export const warmup = Math.min(1, seconds / 4);

// The measured program on the first core, whoever asks it on the last: they never wait for each other.
const cores = availableParallelism();
export const serverCore = '0', clientCore = String(cores - 1);

export const log = (text) => process.stderr.write(`${text}\n`);
export const median = (values) => [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)];
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// ---- what must be gone at the end ----

const leavings = [];
export const onClose = (fn) => leavings.push(fn);
export async function closeAll() {
  while (leavings.length) await leavings.pop()();
}

export function tempFolder() {
  const folder = mkdtempSync(path.join(process.env.TMPDIR ?? tmpdir(), 'reeve-bench-'));
  onClose(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

// ---- programs ----

// Runs to its end; its stdout. on: a core to be pinned to; isLoud: what it says on stderr is shown.
export async function run(program, args, { on, isLoud } = {}) {
  const command = on ? ['taskset', '-c', on, program, ...args] : [program, ...args];
  const { stdout, stderr } = await exec(command[0], command.slice(1).map(String), { maxBuffer: 1 << 28, timeout: 300_000 });
  if (isLoud && stderr) log(stderr.slice(0, 2000));
  return stdout;
}

export const ours = async (name, args, options) => {
  const text = await run(path.join(build, 'tests/bench', `bench-${name}`), args, { ...options, isLoud: true });
  return name === 'fill' ? text : JSON.parse(text);
};

// ---- a server ----

// CPU nanoseconds of all threads of these processes.
export function cpuTime(pids) {
  let sum = 0;
  for (const pid of [pids].flat())
    for (const task of readdirSync(`/proc/${pid}/task`)) {
      try {
        sum += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0]);
      } catch (error) {
        if (!['ENOENT', 'ESRCH'].includes(error.code)) throw error; // a thread that ended meanwhile
      }
    }
  return sum;
}

// Megabytes that are this process's alone and written to.
export const privateDirty = (pid) => Number(/Private_Dirty:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))[1]) / 1024;

// Starts a program through bench-start: {ms, pid, close()} once GET target on the port gives 200.
export async function start(port, target, command) {
  const child = spawn(path.join(build, 'tests/bench/bench-start'), [port, target, ...command].map(String), { stdio: ['pipe', 'pipe', 'pipe'] });
  const server = { log: '' };
  const ended = new Promise((resolve) => child.on('exit', resolve));
  child.stderr.on('data', (bytes) => { server.log = (server.log + bytes).slice(-100_000); });
  const line = await new Promise((resolve, reject) => {
    child.stdout.once('data', (bytes) => resolve(String(bytes)));
    ended.then(() => reject(new Error(`${command[0]} did not start:\n${server.log.slice(-2000)}`)));
  });
  let isOpen = true;
  server.close = async () => {
    if (isOpen) child.stdin.end();
    isOpen = false;
    await ended;
  };
  onClose(server.close);
  return Object.assign(server, JSON.parse(line));
}

export const registry = 'registry.test';

// reeved over a data folder. on: its core (then one loop), else as installed.
export async function startReeved(data, { on, issuer, port } = {}) {
  const at = port ?? await freePort();
  const flags = ['--data', data, '--listen', `127.0.0.1:${at}`, '--registries', registry, '--log.level', 'warn'];
  if (issuer) flags.push('--fetch.allow-http', issuer.host);
  if (on) flags.push('--threads', '1');
  const server = await start(at, '/readyz', [...(on ? ['taskset', '-c', on] : []), path.join(build, 'reeved'), ...flags]);
  return Object.assign(server, { port: at, url: `http://127.0.0.1:${at}` });
}

// An empty data folder, started once so that schema, roles and keys are there.
export async function newFolder() {
  const data = tempFolder();
  const server = await startReeved(data);
  await server.close();
  return data;
}

// ---- the data set that most rows are measured over ----

export async function fill(data, { identities, bindings, depth, issuer = 'https://issuer.example', lean }) {
  const text = await ours('fill', [data, identities, bindings, depth, issuer, ...(lean ? ['lean'] : [])]);
  return text.trimEnd().split('\n').map((line) => line.split(' ')).map(([identity, folder]) => ({ identity, folder }));
}

let shared;
// 1 M bindings of 200,000 identities, depth 8, one local issuer; filled once, with an operator registered in it.
export function million() {
  shared ??= (async () => {
    log('filling 200,000 identities, 1,000,000 bindings');
    const issuer = await openIssuer();
    onClose(issuer.close);
    const data = tempFolder();
    const port = await freePort(); // the base URL is part of what the operator signs, so it stays
    const server = await startReeved(data, { port });
    for (let i = 0; i < 100 && !server.log.includes('--code'); i++) await sleep(20);
    server.code = /--code (\S+)/.exec(server.log)[1];
    const operator = await openOperator(server);
    await server.close();
    const pairs = await fill(data, { identities: 200_000, bindings: 1_000_000, depth: 8, issuer: issuer.url });
    return { issuer, data, port, operator, pairs };
  })();
  return shared;
}

export function copyFolder(data) {
  const copy = tempFolder();
  cpSync(data, copy, { recursive: true });
  return copy;
}

// ---- requests for bench-load ----

export function writeRequests(requests) {
  const file = path.join(tempFolder(), 'requests');
  writeFileSync(file, '');
  for (let i = 0; i < requests.length; i += 1000)
    appendFileSync(file, requests.slice(i, i + 1000).map((text) => `${Buffer.byteLength(text)}\n${text}`).join(''));
  return file;
}

export const get = (port, target, headers = {}) => `GET ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${lines(headers)}\r\n`;
export const post = (port, target, body, headers = {}) =>
  `POST ${target} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${lines(headers)}\r\n${body}`;
const lines = (headers) => Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`).join('');

// Many tokens of the issuer, signed by all cores.
export async function signTokens(issuer, count, claimsOf) {
  const head = Buffer.from(JSON.stringify({ alg: 'RS256', kid: issuer.key.jwk.kid })).toString('base64url');
  const signAsync = promisify(sign);
  const one = async (i) => {
    const claims = { iss: issuer.url, iat: now(), exp: now() + 3600, jti: randomUUID(), ...claimsOf(i) };
    const input = `${head}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`;
    return `${input}.${(await signAsync('sha256', Buffer.from(input), issuer.key.privateKey)).toString('base64url')}`;
  };
  const tokens = [];
  for (let i = 0; i < count; i += 256) tokens.push(...await Promise.all(Array.from({ length: Math.min(256, count - i) }, (_, k) => one(i + k))));
  return tokens;
}

// One interval of bench-load on the client's core, with the server's CPU time beside it.
export async function load(server, connections, file, { once, rest, follow, save, warm = warmup } = {}) {
  const before = cpuTime(server.pid);
  const result = await ours('load', [server.port, connections, warm, seconds, file, ...(once ? ['once'] : []), ...(rest ? ['rest', rest] : []), ...(follow ? ['follow', ...follow] : []), ...(save ? ['save', ...save] : [])], { on: clientCore });
  result.perCpuSecond = result.total / ((cpuTime(server.pid) - before) / 1e9);
  if (result.refused) throw new Error(`${result.refused} of ${result.total} requests were refused`);
  return result;
}

// ---- baselines ----

let speeds;
// Operations per CPU second, by `openssl speed` on the server's core.
export function openssl() {
  speeds ??= (async () => {
    const text = await run('openssl', ['speed', '-seconds', Math.max(1, Math.round(seconds)), 'rsa2048', 'ecdsap256'], { on: serverCore });
    const rsa = /^rsa 2048 bits\s+\S+s\s+\S+s\s+(\S+)\s+(\S+)/m.exec(text), ec = /^ *256 bits ecdsa \(nistp256\)\s+\S+s\s+\S+s\s+(\S+)\s+(\S+)/m.exec(text);
    return { rsaVerify: Number(rsa[2]), ecSign: Number(ec[1]), ecVerify: Number(ec[2]) };
  })();
  return speeds;
}

// nginx with one worker and this static answer, over HTTP/1.1 and h2c: {h1, h2, pids, ...}.
export async function startNginx(body) {
  const folder = tempFolder();
  const h1 = await freePort(), h2 = await freePort();
  const limits = 'keepalive_requests 1000000000; keepalive_timeout 600; http2_max_concurrent_streams 128;';
  const answer = `location / { default_type application/json; return 200 '${body}'; }`;
  writeFileSync(path.join(folder, 'nginx.conf'), `daemon off; worker_processes 1; pid ${folder}/pid; error_log ${folder}/error.log;
    events { worker_connections 2048; }
    http { access_log off; ${limits} client_body_temp_path ${folder}/b; proxy_temp_path ${folder}/p; fastcgi_temp_path ${folder}/f; uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
      server { listen 127.0.0.1:${h1}; ${answer} }
      server { listen 127.0.0.1:${h2} http2; ${answer} } }`);
  const server = await start(h1, '/', ['taskset', '-c', serverCore, 'nginx', '-e', `${folder}/error.log`, '-c', `${folder}/nginx.conf`]);
  const workers = readFileSync(`/proc/${server.pid}/task/${server.pid}/children`, 'utf8').trim().split(' ').map(Number);
  return Object.assign(server, { h1, h2, workers });
}

// ---- is there room? ----

export function roomFor(diskBytes, memoryBytes) {
  const disk = statfsSync(process.env.TMPDIR ?? tmpdir());
  if (disk.bavail * disk.bsize < diskBytes) return `needs ${Math.round(diskBytes / 1e9)} GB of disk`;
  return freemem() < memoryBytes ? `needs ${Math.round(memoryBytes / 1e9)} GB of memory` : null;
}
