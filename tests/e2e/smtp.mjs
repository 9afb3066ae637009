// A small mail server of the tests' own.
import assert from 'node:assert/strict';
import net from 'node:net';
import { freePort } from './world.mjs';

// As much of RFC 5321 as a client needs; letters as they came, dots unstuffed.
export async function openMail() {
  const mail = { letters: [], dialogue: [] };
  mail.server = net.createServer((socket) => {
    let inData = false, inAuth = false, buffer = '', letter = {};
    socket.setEncoding('utf8');
    socket.on('error', () => {});
    socket.write('220 mail.test ESMTP\r\n');
    const says = (line) => {
      mail.dialogue.push(line);
      if (/^EHLO/i.test(line)) return '250-mail.test\r\n250-AUTH PLAIN\r\n250 8BITMIME\r\n';
      if (inAuth) { inAuth = false; letter.auth = Buffer.from(line, 'base64').toString(); return '235 ok\r\n'; }
      if (/^AUTH PLAIN$/i.test(line)) { inAuth = true; return '334 \r\n'; }
      if (/^MAIL FROM:/i.test(line)) { letter.from = /<(.*)>/.exec(line)[1]; return '250 ok\r\n'; }
      if (/^RCPT TO:/i.test(line)) { letter.to = /<(.*)>/.exec(line)[1]; return '250 ok\r\n'; }
      if (/^DATA/i.test(line)) { inData = true; return '354 go on\r\n'; }
      if (/^QUIT/i.test(line)) return '221 bye\r\n';
      return '250 ok\r\n';
    };
    socket.on('data', (text) => {
      buffer += text;
      for (;;) {
        if (inData) {
          const end = buffer.indexOf('\r\n.\r\n');
          if (end < 0) return;
          letter.text = buffer.slice(0, end).replace(/^\.\./gm, '.');
          buffer = buffer.slice(end + 5);
          inData = false;
          mail.letters.push(letter);
          letter = { auth: letter.auth };
          socket.write('250 taken\r\n');
          continue;
        }
        const end = buffer.indexOf('\r\n');
        if (end < 0) return;
        const line = buffer.slice(0, end);
        buffer = buffer.slice(end + 2);
        socket.write(says(line));
      }
    });
  });
  mail.port = await freePort();
  await new Promise((resolve) => { mail.server.listen(mail.port, '127.0.0.1', resolve); });
  // The n-th letter, once it is there.
  mail.letter = async (n) => {
    for (let i = 0; i < 200 && mail.letters.length <= n; i++) await new Promise((resolve) => { setTimeout(resolve, 25); });
    assert.ok(mail.letters[n], `no letter came: ${mail.dialogue.join('; ')}`);
    return mail.letters[n];
  };
  return mail;
}
