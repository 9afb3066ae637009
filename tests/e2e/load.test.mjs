// A running server under load that means no good: others are served meanwhile, memory stays bounded, the connections are ended.
// What a single connection may do is tested in tests/unit/http; this is about many, against the whole program.
//
// Short by default; LOAD=full for 10 000 connections and bodies of 1 GiB.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import net from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, test } from 'node:test';
import tls from 'node:tls';
import { build, freePort } from './world.mjs';

const isFull = process.env.LOAD === 'full';
const IDLE = isFull ? 10000 : 1500;
const SLOW = isFull ? 2000 : 200;
const BODY_BYTES = isFull ? 2 ** 30 : 2 ** 26;
const FLOOD_FRAMES = isFull ? 200000 : 20000;
const ANSWER_MS = 5000; // the longest a bystander may wait, on a machine that is busy
const CONNECTION_BYTES = 32768; // of an idle one, in this process too; with the sanitizers' share

const work = mkdtempSync(path.join(tmpdir(), 'reeve-load-'));
const servers = [];

async function open(flags = []) {
  const port = await freePort();
  const args = ['--data', path.join(work, `data-${port}`), '--listen', `127.0.0.1:${port}`, '--http.header-timeout', '2', '--http.body-timeout', '2', ...flags];
  // Both ends of 10 000 connections: as many files as we may have.
  const child = spawn('sh', ['-c', 'ulimit -n $(ulimit -Hn); exec "$@"', 'sh', path.join(build, 'reeved'), ...args],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, ASAN_OPTIONS: `${process.env.ASAN_OPTIONS ?? ''}:quarantine_size_mb=8` } });
  const server = { port, child, log: '', isTls: flags.includes('--tls.key') };
  child.stderr.on('data', (bytes) => { server.log = (server.log + bytes).slice(-20000); });
  server.exited = new Promise((resolve) => child.on('exit', (code) => resolve(code)));
  servers.push(server);
  for (let i = 0; i < 400 && !(await answered(server).then(() => true, () => false)); i++) await new Promise((resolve) => setTimeout(resolve, 25));
  return server;
}

const connect = (server) => new Promise((resolve, reject) => {
  const socket = net.connect(server.port, '127.0.0.1', () => resolve(socket));
  socket.on('error', reject);
});
// Resolves when the other side ended it, whatever it said before.
const ended = (socket) => new Promise((resolve) => {
  socket.resume();
  socket.on('error', () => {});
  socket.on('close', resolve);
});

// A bystander's request on a connection of its own; gives the milliseconds it took.
function answered(server) {
  const begun = Date.now();
  return new Promise((resolve, reject) => {
    const socket = server.isTls ? tls.connect({ port: server.port, host: '127.0.0.1', rejectUnauthorized: false }) : net.connect(server.port, '127.0.0.1');
    let text = '';
    socket.setTimeout(ANSWER_MS, () => socket.destroy(new Error('not served')));
    socket.on('error', reject);
    socket.on('data', (bytes) => { text += bytes; });
    socket.on('close', () => (text.startsWith('HTTP/1.1 200') ? resolve(Date.now() - begun) : reject(new Error(`answered: ${text}`))));
    socket.write(`GET /readyz HTTP/1.1\r\nhost: 127.0.0.1:${server.port}\r\nconnection: close\r\n\r\n`);
  });
}

const memory = (server) => Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${server.child.pid}/status`, 'latin1'))[1]) * 1024;

// Runs an attack; bystanders come all the while; memory grows by no more than allowed.
async function withstand(server, bytes, attack) {
  const before_ = memory(server);
  let isOver = false, most = 0, served = 0;
  const bystanders = (async () => {
    while (!isOver) {
      await answered(server);
      served++;
      most = Math.max(most, memory(server));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  })();
  try {
    await Promise.race([attack(), bystanders.then(() => new Promise(() => {}))]);
  } finally {
    isOver = true;
  }
  await bystanders;
  await answered(server);
  most = Math.max(most, memory(server));
  assert.ok(served > 0, 'somebody else was served meanwhile');
  assert.ok(most - before_ <= bytes, `memory grew by ${most - before_} bytes, at most ${bytes} are allowed`);
}

let plain, secure;
before(async () => {
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', '/CN=localhost',
    '-keyout', path.join(work, 'tls.key'), '-out', path.join(work, 'tls.crt')], { stdio: 'ignore' });
  plain = await open();
  secure = await open(['--http.idle-timeout', '3', '--tls.certificate', path.join(work, 'tls.crt'), '--tls.key', path.join(work, 'tls.key')]);
  for (let i = 0; i < 50; i++) await answered(plain); // what is made once is made
  for (let i = 0; i < 20; i++) await answered(secure);
});
after(async () => {
  for (const server of servers) {
    server.child.kill();
    const code = await server.exited;
    assert.equal(code, 0, server.log.slice(-3000));
  }
  rmSync(work, { recursive: true, force: true });
});

test(`${IDLE} idle connections cost little and harm nobody`, async () => {
  await withstand(plain, IDLE * CONNECTION_BYTES + 2 ** 24, async () => {
    const sockets = [];
    for (let i = 0; i < IDLE; i += 100) sockets.push(...await Promise.all(Array.from({ length: 100 }, () => connect(plain))));
    // Each has been served once and then stays.
    await Promise.all(sockets.map((socket) => new Promise((resolve, reject) => {
      socket.once('data', (bytes) => (/ 200 /.test(bytes) ? resolve() : reject(new Error(String(bytes)))));
      socket.on('error', reject);
      socket.write(`GET /healthz HTTP/1.1\r\nhost: 127.0.0.1:${plain.port}\r\n\r\n`);
    })));
    for (let i = 0; i < 5; i++) await answered(plain);
    for (const socket of sockets) socket.destroy();
  });
});

test(`${SLOW} clients that send their heads and ${SLOW} that send their bodies byte by byte are ended`, async () => {
  await withstand(plain, SLOW * 2 * CONNECTION_BYTES + 2 ** 24, async () => {
    const heads = [`GET /readyz HTTP/1.1\r\nhost: 127.0.0.1:${plain.port}\r\nx-a: `,
      `POST /token HTTP/1.1\r\nhost: 127.0.0.1:${plain.port}\r\ncontent-type: application/x-www-form-urlencoded\r\ncontent-length: 100000\r\n\r\na=`];
    const sockets = await Promise.all(heads.flatMap((head) => Array.from({ length: SLOW }, async () => {
      const socket = await connect(plain);
      const drip = setInterval(() => socket.write('a'), 200);
      socket.on('close', () => clearInterval(drip));
      socket.write(head);
      return socket;
    })));
    await Promise.all(sockets.map(ended));
  });
});

test('a body past the limit is refused, announced or not, and never held', async () => {
  await withstand(plain, 2 ** 25, async () => {
    const head = `POST /iam/v2/groups HTTP/1.1\r\nhost: 127.0.0.1:${plain.port}\r\ncontent-type: application/json\r\n`;
    const announced = await connect(plain);
    announced.write(`${head}content-length: ${BODY_BYTES}\r\n\r\n`);
    const [answer] = await Promise.all([new Promise((resolve) => announced.once('data', resolve)), ended(announced)]);
    assert.match(String(answer), /^HTTP\/1.1 (413|401)/);
    const chunked = await connect(plain), chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(0x10000, 97), Buffer.from('\r\n')]);
    const isEnded = ended(chunked);
    let sent = 0;
    chunked.write(`${head}transfer-encoding: chunked\r\n\r\n`);
    while (sent < BODY_BYTES && !chunked.destroyed && chunked.writable) {
      sent += 0x10000;
      if (!chunked.write(chunk)) await new Promise((resolve) => { chunked.once('drain', resolve); chunked.once('close', resolve); });
    }
    chunked.end();
    await isEnded;
    assert.ok(sent < BODY_BYTES, `cut early, not after ${sent} bytes`);
  });
});

test(`${SLOW} half-open TLS connections are ended`, async () => {
  await withstand(secure, SLOW * 3 * CONNECTION_BYTES + 2 ** 24, async () => {
    const hello = Buffer.from('16030100c8010000c40303', 'hex'); // the beginning of a ClientHello
    const sockets = await Promise.all(Array.from({ length: SLOW }, async (_, i) => {
      const socket = await connect(secure);
      if (i % 2) socket.write(hello);
      return socket;
    }));
    await Promise.all(sockets.map(ended));
  });
});

// ---- HTTP/2 ----

function frame(type, flags, stream, payload = Buffer.alloc(0)) {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(type, 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}
const HEADERS = 1, RST_STREAM = 3, SETTINGS = 4, PING = 6, CONTINUATION = 9, END_STREAM = 1, END_HEADERS = 4;
const block = Buffer.from([0x82, 0x86, 0x84, 0x41, 0x01, 0x61]); // GET, http, /, :authority a
const cancel = Buffer.from([0, 0, 0, 8]);

const floods = {
  'rapid resets': (i) => Buffer.concat([frame(HEADERS, END_STREAM | END_HEADERS, 2 * i + 1, block), frame(RST_STREAM, 0, 2 * i + 1, cancel)]),
  pings: () => frame(PING, 0, 0, Buffer.alloc(8)),
  settings: () => frame(SETTINGS, 0, 0, Buffer.from([0, 4, 0, 1, 0, 0])),
  continuations: (i) => (i === 0 ? frame(HEADERS, END_STREAM, 1, block) : frame(CONTINUATION, 0, 1, Buffer.from([0x00, 0x01, 0x61, 0x01, 0x61]))),
};

for (const [name, next] of Object.entries(floods)) {
  test(`a flood of ${name} ends its connection and nobody else's`, async () => {
    await withstand(plain, 2 ** 25, async () => {
      const socket = await connect(plain);
      const isEnded = ended(socket);
      socket.pause(); // reads nothing: what is owed to it must not pile up
      socket.write(Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame(SETTINGS, 0, 0)]));
      for (let i = 0; i < FLOOD_FRAMES && !socket.destroyed; i++) {
        if (!socket.write(next(i)))
          await Promise.race([new Promise((resolve) => { socket.once('drain', resolve); socket.once('close', resolve); }), new Promise((resolve) => setTimeout(resolve, 200))]);
        if (i % 256 === 0) await new Promise((resolve) => setImmediate(resolve));
      }
      socket.resume();
      await isEnded;
    });
  });
}
