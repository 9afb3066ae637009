// wire: a whole call with a warm token cache, over HTTP/1.1 as JSON and over HTTP/2 as gRPC, against nginx's static answer.
import http2 from 'node:http2';
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import * as lab from './lab.mjs';
import { call, exchange } from '../e2e/world.mjs';

export const rows = [
  { name: 'wire.http1.validate', unit: 'req/s', baseline: 'nginx, static answer of equal size, 64 connections', ratioLeast: 0.8 },
  { name: 'wire.grpc.validate', unit: 'req/s', baseline: 'nginx h2c, static answer of equal size, 8 x 32', ratioLeast: 2 },
  { name: 'wire.grpc.indexed', unit: 'req/s', baseline: 'the same, the token an index of HPACK as grpc-go sends it', ratioLeast: 2 },
];

const target = '/auth/v1/ok', grpcPath = '/chainguard.platform.auth.Auth/Validate';

// A CI identity with one role at one folder, made through the API, and its access token.
export async function builder(server, world) {
  server.code ??= null;
  const admin = await adminToken(server, world);
  const ok = async (method, at, body) => {
    const answer = await call(server, admin, method, at, body);
    if (answer.status !== 200) throw new Error(`${method} ${at}: ${JSON.stringify(answer.body)}`);
    return answer.body;
  };
  const org = await ok('POST', '/iam/v2/groups', { name: 'bench.example' });
  const folder = await ok('POST', `/iam/v2/groups/${org.uid}`, { name: 'ci' });
  const identity = await ok('POST', `/iam/v2/identities/${org.uid}`, { name: 'builder', claimMatch: { issuer: world.issuer.url, subject: 'builder' } });
  const { roles } = await ok('GET', '/iam/v2/roles?name=registry.push');
  await ok('POST', `/iam/v2/roleBindings/${folder.uid}`, { identityUid: identity.uid, roleUid: roles[0].uid });
  const got = await exchange(server, world.issuer.token({ sub: 'builder', aud: server.url }), identity.uid);
  if (got.status !== 200) throw new Error(JSON.stringify(got.body));
  return { token: got.body.token, identity: identity.uid, folder: folder.uid };
}

export async function adminToken(server, world) {
  const got = await exchange(server, world.operator.assertion(), world.operator.identityUid);
  if (got.status !== 200) throw new Error(`sign-in: ${JSON.stringify(got.body)}`);
  return got.body.token;
}

// The whole HTTP/1.1 answer in bytes.
async function answerBytes(port, at, headers) {
  const response = await fetch(`http://127.0.0.1:${port}${at}`, { headers });
  const body = await response.text();
  if (response.status !== 200) throw new Error(`${at} answers ${response.status}: ${body}`);
  // Status line, "name: value\r\n" each, an empty line; fetch shows what was sent.
  const head = [...response.headers].reduce((sum, [name, value]) => sum + name.length + value.length + 4, 'HTTP/1.1 200 OK\r\n\r\n'.length);
  return head + Buffer.byteLength(body);
}

// One unary call, checked: the answer's DATA in bytes.
function grpcBytes(port, token) {
  return new Promise((resolve, reject) => {
    const session = http2.connect(`http://127.0.0.1:${port}`);
    const stream = session.request({ ':method': 'POST', ':path': grpcPath, 'content-type': 'application/grpc', te: 'trailers', authorization: `Bearer ${token}` });
    let bytes = 0;
    stream.on('data', (chunk) => { bytes += chunk.length; });
    stream.on('trailers', (trailers) => {
      session.close();
      if (trailers['grpc-status'] === '0') resolve(bytes);
      else reject(new Error(`grpc-status ${trailers['grpc-status']}`));
    });
    stream.on('error', reject);
    session.on('error', reject);
    stream.end(Buffer.alloc(5));
  });
}

// ---- the load generators ----

export async function wrk(port, token, connections) {
  const text = await lab.run('wrk', ['-t', 1, '-c', connections, '-d', `${Math.max(1, Math.round(lab.seconds))}s`, '--latency', '-H', `Authorization: Bearer ${token}`,
    `http://127.0.0.1:${port}${target}`], { on: lab.clientCore });
  if (/Non-2xx|Socket errors: [^\n]*(read|write|timeout) [1-9]/.test(text)) throw new Error(text);
  const [, p99, unit] = /99%\s+([\d.]+)(us|ms|s)/.exec(text);
  return { rate: Number(/Requests\/sec:\s+([\d.]+)/.exec(text)[1]), p99us: p99 * { us: 1, ms: 1e3, s: 1e6 }[unit], total: Number(/(\d+) requests in/.exec(text)[1]) };
}

async function h2load(port, token, body) {
  const text = await lab.run('h2load', ['-c', 8, '-m', 32, '-t', 1, '-D', Math.max(1, Math.round(lab.seconds)), '-d', body, '-H', 'content-type: application/grpc', '-H', 'te: trailers',
    '-H', `authorization: Bearer ${token}`, `http://127.0.0.1:${port}${grpcPath}`], { on: lab.clientCore });
  const [, total, failed] = /requests: .* (\d+) done, .* (\d+) failed/.exec(text);
  if (Number(failed) || !/status codes: [1-9]\d* 2xx, 0 3xx, 0 4xx, 0 5xx/.test(text)) throw new Error(text);
  return { rate: Number(/finished in [\d.]+\w+, ([\d.]+) req\/s/.exec(text)[1]), total: Number(total) };
}

// The same calls as grpc-go sends them: see grpc.c.
async function indexed(port, token) {
  const result = await lab.ours('grpc', [port, 8, 32, Math.max(1, Math.round(lab.seconds)), grpcPath, token], { on: lab.clientCore });
  if (result.refused) throw new Error(`${result.refused} of ${result.total} calls were refused`);
  return result;
}

// Interleaves ours and theirs; medians of rates, and CPU microseconds per request.
async function versus(one, other) {
  const seen = [[], []], cpu = [[], []];
  for (let i = 0; i < lab.rounds; i++)
    for (const [k, side] of [one, other].entries()) {
      const before = lab.cpuTime(side.pids);
      const result = await side.go();
      seen[k].push(result.rate);
      cpu[k].push((lab.cpuTime(side.pids) - before) / 1e3 / result.total);
    }
  return { value: lab.median(seen[0]), baseline: lab.median(seen[1]), note: `CPU per request ${lab.median(cpu[0]).toFixed(1)} us, theirs ${lab.median(cpu[1]).toFixed(1)} us` };
}

export async function measure() {
  const world = await lab.million();
  const server = await lab.startReeved(world.data, { on: lab.serverCore, issuer: world.issuer, port: world.port });
  const { token } = await builder(server, world);
  const ask = { authorization: `Bearer ${token}` };
  const ourBytes = await answerBytes(server.port, target, ask), ourData = await grpcBytes(server.port, token);
  const probe = await lab.startNginx('x');
  const head = (await answerBytes(probe.h1, '/', ask)) - 1;
  await probe.close();
  const body = path.join(lab.tempFolder(), 'body');
  writeFileSync(body, Buffer.alloc(5)); // an empty gRPC message

  let nginx = await lab.startNginx('x'.repeat(Math.max(1, ourBytes - head)));
  const http1 = await versus({ pids: server.pid, go: () => wrk(server.port, token, 64) }, { pids: nginx.workers, go: () => wrk(nginx.h1, token, 64) });
  http1.note += `; ${ourBytes} bytes`;
  await nginx.close();
  nginx = await lab.startNginx('x'.repeat(ourData));
  const grpc = await versus({ pids: server.pid, go: () => h2load(server.port, token, body) }, { pids: nginx.workers, go: () => h2load(nginx.h2, token, body) });
  grpc.note += `; ${ourData} bytes of data`;
  const asGo = await versus({ pids: server.pid, go: () => indexed(server.port, token) }, { pids: nginx.workers, go: () => indexed(nginx.h2, token) });
  await nginx.close();
  await server.close();
  return { 'wire.http1.validate': http1, 'wire.grpc.validate': grpc, 'wire.grpc.indexed': asGo };
}
