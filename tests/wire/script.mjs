// Scripts: what they say, and playing them.
//
//   claim  a viewer deletes nothing
//   given  org: ada=owner bob=viewer; org/ci: eve=registry.push+viewer carl=
//   as ada  groups_create_group {"parent": "$org", "group": {"name": "team"}}  -> OK, keep team, {"name": "team"}
//   as bob  groups_delete_group {"uid": "$team.uid"}  -> DENIED, says "capabilities"
//
// README.md tells what may stand where.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { call as post, exchange, newKey } from '../e2e/world.mjs';
import { protocols } from './clients.mjs';
import { faults, handlers, inVersion } from './contract.mjs';

// ---- reading ----

function splitTop(text, separator) {
  const parts = [];
  let depth = 0, quoted = false, start = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) { if (c === '\\') i++; else if (c === '"') quoted = false; continue; }
    if (c === '"') quoted = true;
    else if (c === '{' || c === '[') depth++;
    else if (c === '}' || c === ']') depth--;
    else if (depth === 0 && text.startsWith(separator, i)) { parts.push(text.slice(start, i).trim()); i += separator.length - 1; start = i + 1; }
  }
  parts.push(text.slice(start).trim());
  return parts;
}

function parseStep(text, where) {
  const [left, right] = splitTop(text, '->');
  const parts = /^as (\S+)\s+(\w+)\s*(.*)$/s.exec(left);
  if (!parts || !right) throw new Error(`${where}: a step is "as WHO method {request} -> RESULT, …"`);
  const [, who, handler, request] = parts;
  if (!handlers.has(handler)) throw new Error(`${where}: no method is called ${handler}`);
  const [fault, ...wants] = splitTop(right, ',');
  if (!faults.has(fault) && fault !== 'OK') throw new Error(`${where}: ${fault} is no row of api/faults.def`);
  return { kind: 'as', who, handler, request: request ? JSON.parse(request) : {}, fault, wants, where };
}

const verbs = {
  given: (text, where) => ({ kind: 'given', text, where }),
  renew: (text, where) => ({ kind: 'renew', who: text, where }),
};

// The claims of one file: [{name, steps}].
export function readScript(file) {
  const claims = [];
  const lines = [];
  readFileSync(file, 'utf8').split('\n').forEach((line, i) => {
    if (/^\s*(#.*)?$/.test(line)) return;
    if (/^\s/.test(line)) lines.at(-1).text += ` ${line.trim()}`;
    else lines.push({ text: line.trim(), where: `${file.replace(/^.*\//, '')}:${i + 1}` });
  });
  for (const { text, where } of lines) {
    const [verb] = text.split(/\s/, 1);
    if (verb === 'claim') claims.push({ name: text.slice(5).trim(), steps: [] });
    else if (verb === 'as') claims.at(-1).steps.push(parseStep(text, where));
    else if (verbs[verb]) claims.at(-1).steps.push(verbs[verb](text.slice(verb.length).trim(), where));
    else throw new Error(`${where}: unknown word ${verb}`);
  }
  return claims;
}

export const usesV2 = (claim) => claim.steps.some((step) => step.kind === 'as' && handlers.get(step.handler).isV2);

// ---- comparing ----

// Wanted is part of got: members of objects, whole lists, "/…/" as a pattern.
export function assertHolds(got, wanted, where) {
  if (typeof wanted === 'string' && /^\/.+\/$/s.test(wanted)) assert.match(String(got), new RegExp(wanted.slice(1, -1)), where);
  else if (Array.isArray(wanted)) {
    assert.ok(Array.isArray(got), `${where} is no list`);
    assert.equal(got.length, wanted.length, `${where} has ${got.length} items: ${JSON.stringify(got).slice(0, 600)}`);
    wanted.forEach((one, i) => assertHolds(got[i], one, `${where}[${i}]`));
  } else if (wanted !== null && typeof wanted === 'object') {
    for (const [name, one] of Object.entries(wanted)) assertHolds(got?.[name], one, `${where}.${name}`);
  } else assert.deepEqual(got, wanted, where);
}

const detail = (answer, type) => answer.details.find((one) => one['@type'].endsWith(`google.rpc.${type}`));
const quoted = (text) => JSON.parse(text);

// ---- playing ----

let organizations = 0;

// One claim over one connection.
export class Player {
  // stage: {worlds, world, issuer, admin (a token of the operator), roles: Map(name -> uid), events, newCode, coverage}
  constructor(stage, connection, { protocol, version }) {
    Object.assign(this, { ...stage, connection, protocol, version });
    const unique = `u${++organizations}-${randomBytes(3).toString('hex')}`;
    this.vars = {
      unique, url: this.world.url, host: new URL(this.world.url).hostname, issuer: this.issuer.url, absent: randomBytes(20).toString('hex'),
      absentchild: `${randomBytes(8).toString('hex')}`,
    };
    this.vars.jwk = JSON.stringify(newKey().jwk);
    this.people = new Map();
    this.mutations = [];
  }

  subject(name) { return `${name}@${this.vars.unique}`; }

  // ---- variables ----

  lookUp(expression, where) {
    const time = /^time\(([+-]?\d+)\)$/.exec(expression);
    if (time) return new Date(Math.floor(Date.now() / 1000) * 1000 + Number(time[1]) * 1000).toISOString().replace('.000', '');
    const role = /^role\(([^)]+)\)$/.exec(expression);
    if (role) return this.roles.get(role[1]) ?? assert.fail(`${where}: no built-in role ${role[1]}`);
    const value = expression.split('.').reduce((at, name) => at?.[name], this.vars);
    assert.notEqual(value, undefined, `${where}: $${expression} is not set`);
    return value;
  }

  fill(json, where) {
    if (typeof json === 'string') {
      const whole = /^\$\{?((?:time|role)\([^)]*\)|\w+(?:\.\w+)*)\}?$/.exec(json);
      if (whole) return this.lookUp(whole[1], where);
      return json.replace(/\$(?:\{([^}]+)\}|(\w+(?:\.\w+)*))/g, (_, braced, bare) => this.lookUp(braced ?? bare, where));
    }
    if (Array.isArray(json)) return json.map((one) => this.fill(one, where));
    if (json !== null && typeof json === 'object') return Object.fromEntries(Object.entries(json).map(([name, one]) => [this.fill(name, where), this.fill(one, where)]));
    return json;
  }

  // ---- given ----

  async make(target, body) {
    const answer = await post(this.world, this.admin, 'POST', target, body);
    assert.equal(answer.status, 200, `${target}: ${JSON.stringify(answer.body)}`);
    return answer.body.uid;
  }

  async given(text) {
    for (const place of text.split(';')) {
      const [where, people = ''] = place.split(':').map((one) => one.trim());
      const names = where.split('/');
      const last = names.at(-1);
      if (!this.vars[last]) {
        this.vars[last] = names.length === 1 ? await this.make('/iam/v2/groups', { name: `${last}.${this.vars.unique}.test` })
          : await this.make(`/iam/v2/groups/${this.vars[names.at(-2)]}`, { name: last });
      }
      this.vars.org ??= this.vars[names[0]];
      await Promise.all(people.split(/\s+/).filter(Boolean).map((one) => this.bring(one, this.vars[names[0]], this.vars[last])));
    }
    this.vars.orgname = `org.${this.vars.unique}.test`;
  }

  async bring(text, organization, place) {
    const [name, roles = ''] = text.split('=');
    if (!this.vars[name]) {
      this.vars[name] = await this.make(`/iam/v2/identities/${organization}`, { name, claimMatch: { issuer: this.issuer.url, subject: this.subject(name) } });
      this.people.set(name, null);
    }
    for (const role of roles.split('+').filter(Boolean)) {
      await this.make(`/iam/v2/roleBindings/${place}`, { identityUid: this.vars[name], roleUid: this.lookUp(`role(${role})`, text) });
    }
  }

  // ---- who calls ----

  // Somebody's sign-in at the provider that this server is set up with: good once for each audience.
  signIn(name) {
    return this.issuer.token({ sub: this.subject(name), aud: 'people', name, email: `${name}@${this.vars.unique}.test`, email_verified: name !== 'unverified' });
  }

  foreign(name) { return this.issuer.token({ sub: this.subject(name), aud: this.world.url }); }

  async bearer(who) {
    if (who === 'nobody') return undefined;
    if (who === 'admin') return `Bearer ${this.admin}`;
    if (who.startsWith('job:')) return `Bearer ${this.foreign(who.slice(4))}`;
    if (who.startsWith('person:')) return `Bearer ${this.signIn(who.slice(7))}`;
    if (who === 'garbage') return 'Bearer not.a.token';
    if (who.startsWith('$')) return `Bearer ${this.lookUp(who.slice(1), who)}`;
    assert.ok(this.people.has(who), `nobody is called ${who}`);
    if (!this.people.get(who)) {
      const answer = await exchange(this.world, this.foreign(who), this.vars[who]);
      assert.equal(answer.status, 200, `${who} signs in: ${JSON.stringify(answer.body)}`);
      this.people.set(who, answer.body.token);
    }
    return `Bearer ${this.people.get(who)}`;
  }

  // ---- steps ----

  async step(step) {
    const { where } = step;
    const method = inVersion(handlers.get(step.handler), this.version);
    if (JSON.stringify(step.request).includes('$setupcode')) this.vars.setupcode = await this.newCode();
    const requestId = `wire-${randomBytes(9).toString('hex')}`;
    const answer = await this.connection.call(method, this.fill(step.request, where), { token: await this.bearer(step.who), headers: { 'x-request-id': requestId } });
    const told = `${where} ${step.handler} as ${step.who} over ${this.protocol}`;
    const shown = answer.fault === 'OK' ? JSON.stringify(answer.json) : `${answer.message} ${JSON.stringify(answer.details)}`;
    assert.equal(answer.fault, step.fault, `${told}: ${shown.slice(0, 1500)}`);
    assert.equal(answer.headers['x-request-id'], method.isDialect ? answer.headers['x-request-id'] : requestId, `${told}: the request's id comes back`);
    if (answer.fault !== 'OK' && !method.isDialect) this.checkError(answer, told);
    this.coverage.add(`${step.handler} ${this.version} ${this.protocol} ${answer.fault === 'OK' ? 'OK' : 'refused'}`);
    this.mutations.push({ requestId, told, type: answer.fault === 'OK' ? method.event?.type : undefined, isIdle: step.wants.includes('idle'), also: step.wants.filter((want) => want.startsWith('also ')).map((want) => quoted(want.slice(5))) });
    for (const want of step.wants) this.check(want, answer, told, where);
  }

  checkError(answer, told) {
    const info = detail(answer, 'ErrorInfo') ?? assert.fail(`${told}: no ErrorInfo`);
    assert.deepEqual({ reason: info.reason, domain: info.domain }, { reason: faults.get(answer.fault).grpcName, domain: 'iam.chainguard.dev' }, told);
    assert.ok(answer.message.length > 3, `${told}: a text`);
  }

  check(want, answer, told, where) {
    const [word, ...rest] = want.split(/\s+/);
    const value = rest.join(' ');
    if (want.startsWith('{')) assertHolds(answer.json, this.fill(JSON.parse(want), where), told);
    else if (word === 'keep') this.vars[value] = answer.json;
    else if (word === 'same') assert.deepEqual(answer.json, this.lookUp(value, where), told);
    else if (word === 'has') assert.deepEqual(this.lookUp(rest[1].replace('$', ''), where), rest[0].split('.').reduce((at, name) => at?.[name], answer.json), told);
    else if (word === 'field') {
      const violations = (detail(answer, 'BadRequest') ?? assert.fail(`${told}: no field violations: ${answer.message}`)).fieldViolations;
      assert.deepEqual(violations.map((one) => one.field), [quoted(value)], told);
      assert.ok(violations[0].description.length > 5 && answer.message.includes(violations[0].description), `${told}: the rule`);
      assert.ok(answer.message.includes(quoted(value)), `${told}: the text names the field`);
    } else if (word === 'says') assert.match(answer.message, new RegExp(this.fill(quoted(value), where)), told);
    else if (word === 'state') assert.equal(detail(answer, 'PreconditionFailure')?.violations[0].type, value, told);
    else if (word === 'resource') assert.ok(detail(answer, 'ResourceInfo'), `${told}: no ResourceInfo`);
    else if (word !== 'idle' && word !== 'also') assert.fail(`${where}: nothing is called ${word}`);
  }

  // What changed left its event, what was refused left none.
  checkEvents() {
    const found = this.events(this.mutations.map((one) => one.requestId));
    for (const { requestId, told, type, isIdle, also } of this.mutations) {
      assert.deepEqual((found.get(requestId) ?? []).filter(Boolean).sort(), [...(type && !isIdle ? [type] : []), ...also].sort(), `${told}: the events it left`);
    }
  }

  async play(claim) {
    for (const step of claim.steps) {
      if (step.kind === 'given') await this.given(step.text);
      else if (step.kind === 'renew') this.people.set(step.who, null);
      else if (handlers.get(step.handler).routes.length || !protocols[this.protocol].isRest) await this.step(step);
    }
    this.checkEvents();
  }
}
