// Runs test files four at a time, each once, in the order given: `node --test` would sort them. Prints what happens, and writes
// it as TAP too. Usage: node run.mjs file.tap test.mjs...; exit status 1 when something failed.
import { createWriteStream } from 'node:fs';
import path from 'node:path';
import { run } from 'node:test';
import { spec, tap } from 'node:test/reporters';

const [report, ...files] = process.argv.slice(2);
const tests = run({ files: [...new Set(files)].map((file) => path.resolve(file)), concurrency: 4 });
tests.on('test:fail', ({ todo }) => { if (!todo) process.exitCode = 1; });
tests.compose(tap).pipe(createWriteStream(report));
tests.compose(new spec()).pipe(process.stdout);
