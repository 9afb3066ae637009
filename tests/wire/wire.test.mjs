// Every script over every protocol and in every version; at the end, no method may be left that nobody called.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { build } from '../e2e/world.mjs';
import { protocols } from './clients.mjs';
import { handlers, inVersion, isImplemented, methods, readHandlers } from './contract.mjs';
import { Player, readScript, usesV2 } from './script.mjs';
import { openStage } from './stage.mjs';

readHandlers(build);

const folder = new URL('scripts/', import.meta.url);
const scripts = readdirSync(folder).sort().map((name) => ({ name, claims: readScript(new URL(name, folder).pathname) }));
// A person's browser alone reaches pages, and only our own server calls what is marked INTERNAL; tests of sign-in cover both.
const isCallable = (method, protocol) => !method.isPage && method.access.kind !== 'INTERNAL' && (method.routes.length > 0 || !protocols[protocol].isRest);
// These give nothing but for what a person did in a browser: tests/e2e/device.test.mjs and sessions.test.mjs have them.
const needsBrowser = new Set(['reeve.v1.oauth.token', 'reeve.v1.sessions.revoke', 'reeve.v1.sessions.revoke_of_person', 'reeve.v1.sessions.revoke_of_member', 'reeve.v1.sessions.end', 'oidc.v1.security_token.exchange_refresh_token', 'auth.v1.auth.get_headless_session']);
const coverage = new Set();
const connections = {};
let stage;

before(async () => {
  stage = await openStage();
  for (const [name, protocol] of Object.entries(protocols)) connections[name] = protocol.open(stage.worlds);
});

after(async () => {
  for (const connection of Object.values(connections)) connection.close();
  await stage?.close();
});

const playerOf = (protocol, version) => {
  const about = stage.of(protocols[protocol].world(stage.worlds));
  return new Player({ ...about, events: about.database.find, coverage }, connections[protocol], { protocol, version });
};

for (const protocol of Object.keys(protocols)) {
  describe(`over ${protocol}`, { concurrency: 6 }, () => {
    for (const { name, claims } of scripts) {
      for (const claim of claims) {
        for (const version of usesV2(claim) ? ['v2', 'v2beta1'] : ['v1']) {
          test(`${name}: ${claim.name} (${version})`, () => playerOf(protocol, version).play(claim));
        }
      }
    }
  });
}

// The emptiest request whose path has something in its capture.
function placed(method) {
  const request = {};
  const capture = /\{([^=}]+)=/.exec(method.routes[0]?.template)?.[1].split('.');
  if (!capture) return request;
  const inner = capture.slice(0, -1).reduce((at, name) => (at[name] = {}), request);
  inner[capture.at(-1)] = 'a'.repeat(40);
  return request;
}

describe('what is not implemented', () => {
  for (const protocol of Object.keys(protocols)) {
    test(`says so over ${protocol}`, async () => {
      const { admin } = stage.of(protocols[protocol].world(stage.worlds));
      for (const method of methods.values()) {
        if (isImplemented(method) || (protocols[protocol].isRest && !method.routes.length)) continue;
        for (const version of method.isV2 ? ['v2', 'v2beta1'] : ['v1']) {
          const answer = await connections[protocol].call(inVersion(method, version), placed(method), { token: `Bearer ${admin}` });
          assert.equal(answer.fault, 'UNIMPLEMENTED', `${method.label} ${version}`);
          assert.match(answer.message, /not implemented/, method.label);
        }
      }
    });
  }
});

test('every method was called over every protocol and in every version, and refused something', () => {
  const missing = [];
  for (const [handler, method] of handlers) {
    for (const protocol of Object.keys(protocols)) {
      if (!isImplemented(method) || !isCallable(method, protocol)) continue;
      // A method of the first version may stand in a claim that is played in another one.
      for (const versions of method.isV2 ? [['v2'], ['v2beta1']] : [['v1', 'v2', 'v2beta1']]) {
        const seen = (outcome) => versions.some((version) => coverage.has(`${handler} ${version} ${protocol} ${outcome}`));
        if (!seen('OK') && !needsBrowser.has(method.label)) missing.push(`${handler} (${versions[0]}) never succeeded over ${protocol}`);
        if (!seen('refused') && method.access.kind !== 'PUBLIC') missing.push(`${handler} (${versions[0]}) never refused anything over ${protocol}`);
      }
    }
  }
  assert.deepEqual(missing, []);
});
