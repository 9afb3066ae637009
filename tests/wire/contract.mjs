// The contract as its clients read it: methods, routes and messages out of api/*.proto, and messages as proto3 JSON.
import { readdirSync, readFileSync, existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

// The packages of the end-to-end tests serve here too.
export const require = createRequire(new URL('../e2e/package.json', import.meta.url));
const protobuf = require('protobufjs');
const Long = require('long');

const top = fileURLToPath(new URL('../..', import.meta.url));
const folders = [path.join(top, 'api'), process.env.REEVE_GOOGLEAPIS ?? '/usr/share/gocode/src/github.com/gogo/googleapis', '/usr/include'];

function load() {
  const root = new protobuf.Root();
  root.resolvePath = (_, target) => folders.map((folder) => path.join(folder, target)).find((file) => existsSync(file)) ?? null;
  const own = readdirSync(folders[0], { recursive: true }).filter((file) => file.endsWith('.proto') && file !== 'reeve/options.proto');
  root.loadSync([...own, 'google/rpc/error_details.proto', 'google/rpc/status.proto'], { keepCase: true });
  root.resolveAll();
  return root;
}

export const root = load();
export const typeOf = (name) => root.lookupType(name);

// ---- faults: api/faults.def ----

export const faults = new Map();
for (const [, name, grpcName, grpcCode, httpStatus] of
  readFileSync(path.join(top, 'api/faults.def'), 'utf8').matchAll(/^FAULT\((\w+), *"(\w+)", *(\d+), *(\d+)/gm)) {
  if (name !== 'ELSEWHERE') faults.set(name, { name, grpcName, grpcCode: Number(grpcCode), httpStatus: Number(httpStatus) });
}
export const faultOfCode = (code) => [...faults.values()].find((fault) => fault.grpcCode === code);

// ---- methods ----

const snake = (name) => name.replace(/([a-z0-9])([A-Z])/g, '$1_$2').toLowerCase();

// How our build labels a method: area.version.service.method.
function labelOf(service, method) {
  const [, inner] = /^\.(?:chainguard\.platform\.)?(.*)\.[^.]+$/.exec(service.fullName);
  const [area, version = 'v1'] = inner.split('.');
  return `${area}.${version}.${snake(service.name.replace(/Service$/, ''))}.${snake(method.name)}`;
}

function optionsOf(method) {
  return Object.assign({}, ...(method.parsedOptions ?? []));
}

function routesOf(http) {
  if (!http) return [];
  const more = http.additional_bindings ? [http.additional_bindings].flat() : [];
  return [http, ...more].map((binding) => {
    const verb = ['get', 'post', 'put', 'patch', 'delete'].find((name) => binding[name]);
    return { verb: verb.toUpperCase(), template: binding[verb], body: binding.body ?? '' };
  });
}

function readMethods() {
  const found = new Map();
  const visit = (namespace) => {
    for (const child of namespace.nestedArray ?? []) {
      if (child instanceof protobuf.Service) {
        for (const method of child.methodsArray) {
          const options = optionsOf(method);
          const label = labelOf(child, method);
          found.set(label, {
            label, path: `/${child.fullName.slice(1)}/${method.name}`, request: method.resolvedRequestType, response: method.resolvedResponseType,
            routes: routesOf(options['(google.api.http)']), access: options['(reeve.api.access)'], event: options['(reeve.api.event)'],
            isForm: options['(reeve.api.run)']?.form === true, isPage: options['(reeve.api.run)']?.page === true,
            isV2: /\.v2\.[^.]+$/.test(child.fullName) && !child.fullName.startsWith('.reeve.'),
          });
        }
      } else if (child.nestedArray) visit(child);
    }
  };
  visit(root);
  return found;
}

export const methods = readMethods();
// They speak as the clients of registries and of OAuth expect.
for (const label of ['reeve.v1.registry.token', 'reeve.v1.oauth.device_authorization', 'reeve.v1.oauth.token', 'reeve.v1.organizations.check']) methods.get(label).isDialect = true;
const pending = new Set(readFileSync(path.join(top, 'api/unimplemented.txt'), 'utf8').split('\n').filter((line) => line && !line.startsWith('#')));
export const isImplemented = (method) => !pending.has(method.label);
for (const label of pending) if (!methods.has(label)) throw new Error(`api/unimplemented.txt: there is no method ${label}`);

// The name scripts use: the handler's, which is the label without "iam", "registry" and v2; v1 goes first.
export const handlers = new Map();
export function readHandlers(build) {
  for (const line of readFileSync(path.join(build, 'api/methods.txt'), 'utf8').trim().split('\n')) {
    const [label, handler] = line.split(' ');
    const method = methods.get(label);
    if (!method) throw new Error(`the build knows ${label}, api/ does not`);
    handlers.set(handler, method);
  }
  if (handlers.size !== methods.size) throw new Error(`${methods.size} methods in api/, ${handlers.size} in the build`);
}

// The same method under v2beta1.
export function inVersion(method, version) {
  if (version !== 'v2beta1' || !method.isV2) return method;
  return { ...method, path: method.path.replace('.v2.', '.v2beta1.'), routes: method.routes.map((route) => ({ ...route, template: route.template.replace('/v2/', '/v2beta1/') })) };
}

// ---- proto3 JSON ----

const camel = (name) => name.replace(/_+([a-z0-9])/g, (_, letter) => letter.toUpperCase());
export const jsonName = (field) => field.options?.json_name ?? camel(field.name);
const isBare = (field) => field.partOf === null; // set or not cannot be told apart

class Mismatch extends Error {}
const fail = (where, text) => { throw new Mismatch(`${where}: ${text}`); };

const numbers = { int32: 1, sint32: 1, sfixed32: 1, uint32: 1, fixed32: 1 };
const longs = { int64: 1, sint64: 1, sfixed64: 1, uint64: 1, fixed64: 1 };

function timeFrom(text, where) {
  const parts = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{3}|\d{6}|\d{9}))?Z$/.exec(text);
  if (!parts || Number.isNaN(Date.parse(`${parts[1]}Z`))) fail(where, `${JSON.stringify(text)} is no RFC 3339 time in UTC`);
  return { seconds: Long.fromNumber(Date.parse(`${parts[1]}Z`) / 1000), nanos: Number((parts[2] ?? '0').padEnd(9, '0')) };
}

function timeTo(time) {
  const nanos = time.nanos ?? 0;
  const digits = nanos === 0 ? 0 : nanos % 1e6 === 0 ? 3 : nanos % 1e3 === 0 ? 6 : 9;
  const fraction = digits ? `.${String(nanos).padStart(9, '0').slice(0, digits)}` : '';
  return `${new Date(Number(time.seconds) * 1000).toISOString().slice(0, 19)}${fraction}Z`;
}

const wellKnown = {
  '.google.protobuf.Timestamp': { from: timeFrom, to: timeTo },
  '.google.protobuf.Duration': {
    from: (text, where) => {
      const parts = /^(-?)(\d+)(?:\.(\d{1,9}))?s$/.exec(text) ?? fail(where, 'is no duration');
      return { seconds: Long.fromString(parts[1] + parts[2]), nanos: Number(`${parts[1]}${(parts[3] ?? '0').padEnd(9, '0')}`) };
    },
    to: (span) => `${span.seconds}${span.nanos ? `.${String(Math.abs(span.nanos)).padStart(9, '0').replace(/(000)+$/, '')}` : ''}s`,
  },
  '.google.protobuf.FieldMask': {
    from: (text) => ({ paths: text === '' ? [] : text.split(',').map((one) => one.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)) }),
    to: (mask) => mask.paths.map((one) => one.split('.').map(camel).join('.')).join(','),
  },
};

function valueFrom(field, json, where, strict) {
  if (field.resolvedType instanceof protobuf.Enum) {
    if (typeof json === 'number') return json;
    return field.resolvedType.values[json] ?? fail(where, `${JSON.stringify(json)} is no ${field.resolvedType.name}`);
  }
  if (field.resolvedType) return fromJson(field.resolvedType, json, { where, strict });
  if (field.type in numbers) return typeof json === 'number' ? json : fail(where, 'is no number');
  if (field.type in longs) return typeof json === 'string' && /^-?\d+$/.test(json) ? Long.fromString(json, field.type.startsWith('u')) : fail(where, 'is no 64-bit integer in a string');
  if (field.type === 'bool') return typeof json === 'boolean' ? json : fail(where, 'is no boolean');
  if (field.type === 'bytes') return Buffer.from(json, 'base64');
  return typeof json === 'string' ? json : fail(where, 'is no string');
}

// What protobufjs encodes. Throws on members the message does not have; `strict` takes the names of answers alone.
export function fromJson(type, json, { where = type.name, strict = false } = {}) {
  const known = wellKnown[type.fullName];
  if (known) return known.from(json, where);
  if (json === null || typeof json !== 'object' || Array.isArray(json)) fail(where, 'is no object');
  const message = {};
  for (const [name, value] of Object.entries(json)) {
    const field = type.fieldsArray.find((one) => jsonName(one) === name || (!strict && one.name === name)) ?? fail(where, `has no field ${name}`);
    const inner = `${where}.${name}`;
    if (value === null) {
      if (strict && !(field.resolvedType instanceof protobuf.Type)) fail(inner, 'null in place of a scalar');
    } else if (field.map) {
      message[field.name] = Object.fromEntries(Object.entries(value).map(([key, one]) => [key, valueFrom(field, one, `${inner}[${key}]`, strict)]));
    } else if (field.repeated) {
      if (!Array.isArray(value)) fail(inner, 'is no list');
      message[field.name] = value.map((one, i) => valueFrom(field, one, `${inner}[${i}]`, strict));
    } else message[field.name] = valueFrom(field, value, inner, strict);
  }
  return message;
}

function valueTo(field, value, sparse) {
  if (field.resolvedType instanceof protobuf.Enum) return field.resolvedType.valuesById[value] ?? value;
  if (field.resolvedType) return toJson(field.resolvedType, value, { sparse });
  if (field.type in longs) return String(value);
  if (field.type === 'bytes') return Buffer.from(value).toString('base64');
  return value;
}

function emptyOf(field) {
  if (field.resolvedType instanceof protobuf.Enum) return field.resolvedType.valuesById[0];
  if (field.resolvedType) return null;
  if (field.type in numbers) return 0;
  if (field.type in longs) return '0';
  return field.type === 'bool' ? false : '';
}

const isSet = (message, field) => Object.hasOwn(message, field.name) && message[field.name] !== null && message[field.name] !== undefined;

// The form of answers: unset members are there too, except members of a oneof. `sparse` leaves all of them out.
export function toJson(type, message, { sparse = false } = {}) {
  const known = wellKnown[type.fullName];
  if (known) return known.to(message);
  const json = {};
  for (const field of type.fieldsArray) {
    const name = jsonName(field);
    if (field.map) {
      const entries = Object.entries(message[field.name] ?? {});
      if (entries.length || !sparse) json[name] = Object.fromEntries(entries.map(([key, value]) => [key, valueTo(field, value, sparse)]));
    } else if (field.repeated) {
      if (message[field.name]?.length || !sparse) json[name] = (message[field.name] ?? []).map((value) => valueTo(field, value, sparse));
    } else if (isSet(message, field)) json[name] = valueTo(field, message[field.name], sparse);
    else if (!sparse && isBare(field)) json[name] = emptyOf(field);
  }
  return json;
}

export { Mismatch };
