// A program in a pseudo-terminal (util-linux's script): what it shows, and keys typed into it.
import { spawn } from 'node:child_process';

const quote = (word) => `'${word.replace(/'/g, "'\\''")}'`;

// columns and rows are the terminal's; env replaces the environment.
export function openTerminal(words, { env, cwd, columns = 80, rows = 24 } = {}) {
  const command = `stty cols ${columns} rows ${rows} 2>/dev/null; exec ${words.map(quote).join(' ')}`;
  const child = spawn('script', ['-qefc', command, '/dev/null'], { env: { TERM: 'xterm', ...env }, cwd, stdio: ['pipe', 'pipe', 'inherit'] });
  const terminal = { text: '', child };
  const waiting = new Set();
  child.stdout.on('data', (bytes) => {
    terminal.text += bytes;
    for (const look of waiting) look();
  });
  terminal.exited = new Promise((resolve) => child.on('exit', (code, signal) => {
    terminal.ended = true;
    for (const look of waiting) look();
    resolve({ code, signal });
  }));
  terminal.type = (keys) => child.stdin.write(keys);
  // Waits until a pattern shows in what came since the last such wait; gives the match.
  // The program is ended when none comes: it would keep the test from ending.
  let seen = 0;
  terminal.see = (pattern, milliseconds = 20000) => new Promise((resolve, reject) => {
    const timer = setTimeout(() => { waiting.delete(look); child.kill('SIGKILL'); reject(new Error(`no ${pattern} in:\n${terminal.text}`)); }, milliseconds);
    function look() {
      const match = pattern.exec(terminal.text.slice(seen));
      if (!match && !terminal.ended) return;
      waiting.delete(look);
      clearTimeout(timer);
      if (!match) { reject(new Error(`it ended without ${pattern}:\n${terminal.text}`)); return; }
      seen += match.index + match[0].length;
      resolve(match);
    }
    waiting.add(look);
    look();
  });
  terminal.end = async () => {
    const end = await terminal.exited;
    return end.code;
  };
  return terminal;
}
