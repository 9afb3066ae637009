// Certificates for tests: one authority, and servers at 127.0.0.1 and localhost.
import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync } from 'node:fs';
import path from 'node:path';

// A certificate signed by itself: {certificate, key, pem}, two files and what clients trust.
export function makeCertificate(folder, name = 'server') {
  const files = { certificate: path.join(folder, `${name}.crt`), key: path.join(folder, `${name}.key`) };
  execFileSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '2', '-subj', `/CN=${name}`,
    '-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost', '-keyout', files.key, '-out', files.certificate], { stdio: 'ignore' });
  return { ...files, pem: readFileSync(files.certificate, 'utf8') };
}

// Puts one certificate where another one stands.
export function replaceCertificate(there, by) {
  copyFileSync(by.certificate, there.certificate);
  copyFileSync(by.key, there.key);
}
