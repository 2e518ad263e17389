/** Run by Node for Windows, in an empty folder: what Windows alone does with files, locks and command lines. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { placeFile } from '../../src/artifacts/workspace.ts';
import { Failure } from '../../src/core/diagnostic.ts';
import { shellWord } from '../../src/core/shell.ts';
import { syncFile, syncFolder, writeFileAtomic } from '../../src/files/atomic.ts';
import { takeLock } from '../../src/files/lock.ts';

assert.equal(process.platform, 'win32');

/** Opens a file as most programs do, which lets nobody replace or remove it, for a while. */
async function occupy(path: string, milliseconds: number): Promise<() => Promise<void>> {
  // `cmd` opens what it redirects to, and the program inherits it.
  const command = `"${process.execPath}" -e "setTimeout(Date,${milliseconds},console.log(1))" > "${path}"`;
  const holder = spawn(command, { shell: true, stdio: 'ignore' });
  const closed = once(holder, 'close');
  while (!existsSync(path) || !readFileSync(path, 'utf8').startsWith('1'))
    await new Promise((go) => setTimeout(go, 20));
  return async () => void (await closed);
}

// A file that is open elsewhere is replaced once it is let go, and until then stays what it is.
const released = await occupy('shared.txt', 1000);
await writeFileAtomic('shared.txt', 'new');
assert.equal(readFileSync('shared.txt', 'utf8'), 'new');
await released();

// One that is not let go is named.
const later = await occupy('shared.txt', 8000);
await assert.rejects(
  writeFileAtomic('shared.txt', 'newer'),
  (error) => error instanceof Failure && error.diagnostics[0]?.code === 'output-not-writable',
);
assert.match(readFileSync('shared.txt', 'utf8'), /^1/);
await later();

// What is read only is synced and replaced, too; a folder cannot be synced, which is no error.
writeFileSync('kept.txt', 'kept');
chmodSync('kept.txt', 0o444);
await syncFile('kept.txt');
assert.equal(statSync('kept.txt').mode & 0o222, 0);
await syncFolder('.');
await placeFile('kept.txt', 'second.txt');
assert.equal(statSync('second.txt').nlink, 2);
await writeFileAtomic('second.txt', 'other');
assert.equal(readFileSync('kept.txt', 'utf8'), 'kept');

// A path longer than the 260 characters that programs once had to do with.
const long = join(
  process.cwd(),
  ...Array.from({ length: 8 }, (_, index) => `${index}-${'x'.repeat(40)}`),
  'a.txt',
);
await writeFileAtomic(long, 'far');
assert.equal(readFileSync(long, 'utf8'), 'far');

// A lock is one process's, and free once it is released, though its file was open.
const lock = await takeLock('x.lock');
assert.equal((await takeLock('x.lock')).state, 'held');
assert.ok(lock.state === 'taken');
await lock.release();
assert.ok(!existsSync('x.lock'));
const again = await takeLock('x.lock');
assert.ok(again.state === 'taken');
await again.release();
const file = await open('x.lock', 'wx');
await file.close();

// `cmd` passes a quoted word on unchanged.
const words = [
  'a b',
  'a=1,2',
  'a&b|c',
  '(x)',
  "it's",
  'say "this"',
  'C:\\my folder\\',
  '<>^',
  'plain',
  '-a.b',
  'a=${b}$',
];
const print = 'console.log(JSON.stringify(process.argv.slice(1)))';
const line = [process.execPath, '-e', print, '--', ...words].map((word) => shellWord(word)).join(' ');
const { stdout } = spawnSync(line, { shell: true, encoding: 'utf8' });
assert.deepEqual(JSON.parse(stdout), words);
