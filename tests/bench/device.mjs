// device: 10,000 devices that wait for their codes to be entered, each asking once in its interval. One core.
import http from 'node:http';
import net from 'node:net';
import * as lab from './lab.mjs';

export const rows = [
  { name: 'device.poll', unit: '% of a core', baseline: 'as many GET /healthz, sent the same way', valueMost: 25 },
  { name: 'device.memory', unit: 'MB', baseline: '10,000 codes of 43 bytes', valueMost: 32 },
];

const DEVICES = 10_000, INTERVAL_S = 5, SOCKETS = 50, PER_ADDRESS = 100;

// An address begins no more than a hundred: so they come from as many as it takes.
function begin(server, agent, from) {
  const body = 'client_id=reeve&scope=openid';
  return new Promise((resolve, reject) => {
    const request = http.request(`${server.url}/oauth2/device_authorization`, { method: 'POST', localAddress: from, agent, headers: { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length } }, (response) => {
      let text = '';
      response.on('data', (part) => { text += part; });
      response.on('end', () => (response.statusCode === 200 ? resolve(JSON.parse(text).device_code) : reject(new Error(text))));
    });
    request.on('error', reject);
    request.end(body);
  });
}

async function beginAll(server) {
  const groups = Array.from({ length: DEVICES / PER_ADDRESS }, async (_, i) => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    const codes = [];
    while (codes.length < PER_ADDRESS) codes.push(await begin(server, agent, `127.1.0.${i + 1}`));
    agent.destroy();
    return codes;
  });
  return (await Promise.all(groups)).flat();
}

// Sends each of its requests once in an interval, evenly, until `until`; resolves to the count of answers by status.
function ask(server, requests, from, until) {
  return new Promise((resolve, reject) => {
    const socket = net.connect(server.port, '127.0.0.1');
    const gap = (INTERVAL_S * 1000) / requests.length, counts = {};
    let sent = 0, got = 0, text = '';
    const timer = setInterval(() => {
      const due = Math.floor((Date.now() - from) / gap);
      for (; sent < due; sent++) socket.write(requests[sent % requests.length]);
      if (Date.now() < until) return;
      clearInterval(timer);
      socket.end();
    }, 10);
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
      for (let head; (head = text.indexOf('\r\n\r\n')) >= 0;) {
        const length = Number(/content-length: (\d+)/i.exec(text.slice(0, head))[1]);
        if (text.length < head + 4 + length) break;
        const kind = text.includes('authorization_pending', head) && text.indexOf('authorization_pending') < head + 4 + length ? 'pending' : text.slice(9, 12);
        counts[kind] = (counts[kind] ?? 0) + 1;
        text = text.slice(head + 4 + length);
        got++;
      }
    });
    socket.on('error', reject);
    socket.on('close', () => (got === sent ? resolve(counts) : reject(new Error(`${sent} sent, ${got} answered`))));
  });
}

// The server's share of its core while all ask for `intervals` of theirs.
async function share(server, requests, intervals) {
  const from = Date.now(), until = from + intervals * INTERVAL_S * 1000, each = requests.length / SOCKETS;
  const before = lab.cpuTime(server.pid);
  const counts = await Promise.all(Array.from({ length: SOCKETS }, (_, i) => ask(server, requests.slice(i * each, (i + 1) * each), from, until)));
  const took = (Date.now() - from) * 1e6;
  const sum = {};
  for (const one of counts) for (const [kind, count] of Object.entries(one)) sum[kind] = (sum[kind] ?? 0) + count;
  return { percent: (lab.cpuTime(server.pid) - before) / took * 100, sum, rate: Object.values(sum).reduce((a, b) => a + b, 0) / took * 1e9 };
}

const pollOf = (server, code) => {
  const body = `grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Adevice_code&client_id=reeve&device_code=${code}`;
  return `POST /oauth2/token HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
};

export async function measure() {
  const server = await lab.startReeved(await lab.newFolder(), { on: lab.serverCore });
  const live = Array(DEVICES).fill(lab.get(server.port, '/healthz'));
  await share(server, live, 1);
  const idle = [], waiting = [], empty = lab.privateDirty(server.pid);
  lab.log(`beginning ${DEVICES} devices`);
  const codes = await beginAll(server);
  const polls = codes.map((code) => pollOf(server, code));
  await share(server, polls, 1); // the first answers come from the store
  for (let i = 0; i < lab.rounds; i++) {
    waiting.push(await share(server, polls, 1));
    idle.push(await share(server, live, 1));
  }
  const memory = lab.privateDirty(server.pid) - empty;
  for (const { sum } of waiting) if (Object.keys(sum).join() !== 'pending') throw new Error(`devices were told ${JSON.stringify(sum)}`);

  // A commit each 50 ms: now every answer is read from the store.
  let isBusy = true;
  const committing = (async () => {
    const agent = new http.Agent({ keepAlive: true });
    for (let i = 0; isBusy; i++) { await begin(server, agent, `127.2.${(i >> 8) & 255}.${(i & 255) || 1}`); await lab.sleep(50); }
    agent.destroy();
  })();
  const read = await share(server, polls, 1);
  isBusy = false;
  await committing;
  await server.close();
  const percent = (rounds) => lab.median(rounds.map((one) => one.percent));
  return {
    'device.poll': {
      value: percent(waiting), baseline: percent(idle),
      note: `${Math.round(lab.median(waiting.map((one) => one.rate)))} questions a second; ${read.percent.toFixed(1)} % while a commit each 50 ms sends them to the store`,
    },
    'device.memory': { value: memory, baseline: DEVICES * 43 / 2 ** 20, note: `${Math.round(memory * 2 ** 20 / DEVICES)} bytes a device, pages of the database included` },
  };
}
