// typing: people at the sign-in form, one after another per place: typing.mjs <server's URL> <places>, until stdin ends.
// Whoever is told to come again in a few seconds does. Prints one JSON object: passwords checked, told to come again.
import http from 'node:http';

const AGAIN_MS = 2000;
const [url, places] = process.argv.slice(2);
const state = { checked: 0, busy: 0 };
let isOver = false, wake;
const over = new Promise((resolve) => { wake = resolve; });
process.stdin.on('end', () => { isOver = true; wake(); }).resume();

function ask({ method = 'GET', target, from, headers = {}, body }) {
  return new Promise((resolve, reject) => {
    const request = http.request(`${url}${target}`, { method, localAddress: from, headers: { ...headers, ...(body ? { 'content-type': 'application/x-www-form-urlencoded', 'content-length': body.length } : {}) } }, (response) => {
      let text = '';
      response.on('data', (part) => { text += part; });
      response.on('end', () => resolve({ status: response.statusCode, text, cookies: response.headers['set-cookie'] ?? [] }));
    });
    request.on('error', reject);
    request.end(body);
  });
}

// Each from an address of their own; a login that nobody has costs what any costs.
async function typePasswords(place) {
  for (let i = 0; !isOver; i++) {
    const from = `127.${10 + place}.${(i >> 8) & 255}.${(i & 255) || 1}`;
    const form = await ask({ from, target: `/oauth?exit=redirect&connection=email&redirect=${encodeURIComponent('http://localhost:1/')}` });
    const [flow, token] = ['flow', 'token'].map((name) => new RegExp(`name="${name}" value="([^"]*)"`).exec(form.text)[1]);
    const answer = await ask({
      from, method: 'POST', target: '/sign-in/local', headers: { cookie: form.cookies.map((cookie) => cookie.split(';')[0]).join('; ') },
      body: `${new URLSearchParams({ flow, token, login: `p${place}-${i}@example.com`, password: 'seven quiet herons wade' })}`,
    });
    if (answer.status === 200) { state.checked++; continue; }
    if (answer.status !== 503) throw new Error(`a sign-in is told ${answer.status}: ${answer.text}`);
    state.busy++;
    let timer;
    await Promise.race([over, new Promise((resolve) => { timer = setTimeout(resolve, AGAIN_MS); })]);
    clearTimeout(timer);
  }
}

await Promise.all(Array.from({ length: Number(places) }, (_, place) => typePasswords(place)));
console.log(JSON.stringify(state));
