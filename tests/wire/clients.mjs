// One call over one protocol: HTTP/1.1 JSON, HTTP/2 JSON, or gRPC, in clear or over TLS. The answer comes in one form:
// {fault, json, message, details, headers}; what the description of the contract does not allow throws.
import assert from 'node:assert/strict';
import http from 'node:http';
import http2 from 'node:http2';
import https from 'node:https';
import { Mismatch, faultOfCode, faults, fromJson, jsonName, require, root, toJson, typeOf } from './contract.mjs';

const grpc = require('@grpc/grpc-js');
const ANSWER_MS = 60000;

// ---- REST: a request message as verb, path, query and body ----

function take(json, dotted) {
  const [name, ...rest] = dotted.split('.');
  if (json === undefined || json === null) return undefined;
  if (rest.length) return take(json[name], rest.join('.'));
  const value = json[name];
  delete json[name];
  return value;
}

const camelPath = (type, dotted) => {
  const names = [];
  for (const step of dotted.split('.')) {
    const field = type.fields[step];
    names.push(jsonName(field));
    type = field.resolvedType;
  }
  return names.join('.');
};

function addQuery(query, prefix, value) {
  if (Array.isArray(value)) value.forEach((one) => query.append(prefix, one));
  else if (value !== null && typeof value === 'object') Object.entries(value).forEach(([name, one]) => addQuery(query, prefix ? `${prefix}.${name}` : name, one));
  else if (value !== undefined) query.append(prefix, value);
}

// `json` is the request in JSON; routes are taken in turn by `which`.
export function restRequest(method, json, which = 0) {
  const route = method.routes[which % method.routes.length];
  const rest = structuredClone(json);
  let target = route.template.replace(/\{([^=}]+)=\*{1,2}\}/, (_, dotted) => {
    const value = take(rest, camelPath(method.request, dotted)) ?? '';
    return String(value).split('/').map(encodeURIComponent).join('/');
  }).replace(/\/$/, '');
  let body;
  if (route.body === '*') body = rest;
  else if (route.body) body = take(rest, camelPath(method.request, route.body));
  const query = new URLSearchParams();
  if (route.body !== '*') addQuery(query, '', rest);
  const search = query.toString();
  if (search) target += `?${search}`;
  return { verb: route.verb, target, body: body === undefined ? undefined : JSON.stringify(body) };
}

function restAnswer(method, { status, headers, text }) {
  let json;
  try { json = JSON.parse(text); } catch { throw new Mismatch(`status ${status} with a body that is no JSON: ${text.slice(0, 200)}`); }
  assert.match(headers['content-type'] ?? '', /^application\/json/, 'content-type of an answer');
  if (status === 200) {
    if (!method.isDialect) assert.deepEqual(toJson(method.response, fromJson(method.response, json, { strict: true })), json, 'an answer has just the members of its message');
    return { fault: 'OK', json, headers };
  }
  if (method.isDialect) return { fault: [...faults.values()].find((fault) => fault.httpStatus === status)?.name ?? String(status), json, message: text, details: [], headers, status };
  assert.deepEqual(Object.keys(json), ['code', 'message', 'details'], 'the members of an error');
  const fault = faultOfCode(json.code) ?? assert.fail(`unknown code ${json.code}`);
  assert.equal(status, fault.httpStatus, `HTTP status of ${fault.grpcName}`);
  return { fault: fault.name, message: json.message, details: json.details, headers, status };
}

// ---- HTTP/1.1 ----

function openHttp1(world) {
  const secure = world.url.startsWith('https:');
  const agent = new (secure ? https : http).Agent({ keepAlive: true, maxSockets: 8, ca: world.ca, ALPNProtocols: ['http/1.1'] });
  const send = ({ verb, target, headers = {}, body }) => new Promise((resolve, reject) => {
    const request = (secure ? https : http).request(`${world.url}${target}`, { method: verb, agent, headers: { ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }), ...headers }, timeout: ANSWER_MS }, (response) => {
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, headers: response.headers, text: Buffer.concat(parts).toString(), trailers: response.trailers }));
    });
    request.on('timeout', () => request.destroy(new Error(`no answer to ${verb} ${target}`)));
    request.on('error', reject);
    request.end(body);
  });
  return { send, close: () => agent.destroy() };
}

// ---- HTTP/2 ----

function openHttp2(world) {
  const session = http2.connect(world.url, { ca: world.ca });
  session.on('error', () => { /* each stream tells */ });
  const send = ({ verb, target, headers = {}, body }) => new Promise((resolve, reject) => {
    const stream = session.request({ ':method': verb, ':path': target, ...headers }, { endStream: body === undefined });
    const parts = [];
    let head, trailers;
    stream.setTimeout(ANSWER_MS, () => stream.destroy(new Error(`no answer to ${verb} ${target}`)));
    stream.on('response', (got) => { head = got; });
    stream.on('trailers', (got) => { trailers = got; });
    stream.on('data', (part) => parts.push(part));
    stream.on('error', reject);
    stream.on('close', () => (head ? resolve({ status: head[':status'], headers: head, text: Buffer.concat(parts).toString(), bytes: Buffer.concat(parts), trailers }) : reject(new Error('the stream ended without an answer'))));
    if (body !== undefined) stream.end(body);
  });
  return { send, close: () => session.close() };
}

function overRest(connection, which) {
  return {
    ...connection,
    call: async (method, json, { token, headers } = {}) => {
      const request = restRequest(method, json, which);
      return restAnswer(method, await connection.send({
        ...request,
        headers: { ...(token ? { authorization: token } : {}), ...(request.body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      }));
    },
  };
}

// ---- gRPC ----

const status = typeOf('google.rpc.Status');

export function grpcDetails(bytes) {
  const decoded = status.decode(bytes);
  return {
    code: decoded.code, message: decoded.message,
    details: decoded.details.map((any) => {
      const type = root.lookupType(any.type_url.replace(/^.*\//, ''));
      return { '@type': any.type_url, ...toJson(type, type.decode(any.value), { sparse: true }) };
    }),
  };
}

function grpcError(error) {
  const fault = faultOfCode(error.code) ?? assert.fail(`unknown code ${error.code}`);
  const [bytes] = error.metadata.get('grpc-status-details-bin');
  if (!bytes) throw new Mismatch(`an error without details: ${error.message}`);
  const rich = grpcDetails(bytes);
  assert.equal(rich.code, error.code, 'code in the details');
  assert.equal(rich.message, error.details, 'text in the details');
  return { fault: fault.name, message: rich.message, details: rich.details, headers: error.metadata.getMap() };
}

function openGrpc(world) {
  const secure = world.url.startsWith('https:');
  const credentials = secure ? grpc.credentials.createSsl(world.ca ? Buffer.from(world.ca) : null) : grpc.credentials.createInsecure();
  const client = new grpc.Client(world.url.replace(/^https?:\/\//, ''), credentials);
  // `bytes` is a request as it goes on the wire.
  const sendBytes = (method, bytes, { token, headers = {} } = {}) => new Promise((resolve, reject) => {
    const metadata = new grpc.Metadata();
    if (token) metadata.set('authorization', token);
    for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
    let head = {};
    const options = { deadline: Date.now() + ANSWER_MS };
    const unary = client.makeUnaryRequest(method.path, (request) => request, (answer) => answer, bytes, metadata, options, (error, answer) => {
      try {
        if (error) { resolve(grpcError(error)); return; }
        const message = method.response.decode(answer);
        assert.equal(method.response.encode(message).finish().length, answer.length, `${method.response.name} holds only fields of its message`);
        resolve({ fault: 'OK', json: toJson(method.response, message), headers: head });
      } catch (mismatch) { reject(mismatch); }
    });
    unary.on('metadata', (got) => { head = got.getMap(); });
  });
  return {
    sendBytes,
    call: (method, json, options) => sendBytes(method, Buffer.from(method.request.encode(method.request.fromObject(fromJson(method.request, json))).finish()), options),
    close: () => client.close(),
  };
}

// Each way a client may come. REST calls with several routes take another one each way.
export const protocols = {
  'HTTP/1.1 JSON': { isRest: true, open: (worlds) => overRest(openHttp1(worlds.plain), 0), world: (worlds) => worlds.plain },
  'HTTP/2 JSON': { isRest: true, open: (worlds) => overRest(openHttp2(worlds.plain), 1), world: (worlds) => worlds.plain },
  'gRPC': { isRest: false, open: (worlds) => openGrpc(worlds.plain), world: (worlds) => worlds.plain },
  'gRPC over TLS': { isRest: false, open: (worlds) => openGrpc(worlds.tls), world: (worlds) => worlds.tls },
};
