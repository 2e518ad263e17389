import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { takeLock } from '../../src/artifacts/lock.ts';

let folder = '';
let path = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hourglass-lock-'));
  path = join(folder, 'locks', 'x.lock');
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

test('a lock is held by one, and free after release', async () => {
  const first = await takeLock(path);
  assert.equal(first.state, 'taken');
  const second = await takeLock(path);
  assert.equal(second.state, 'held');
  assert.equal(second.state === 'held' && second.owner.pid, process.pid);
  if (first.state === 'taken') await first.release();
  assert.equal((await takeLock(path)).state, 'taken');
});

test('of many that try at once, one gets it', async () => {
  const results = await Promise.all(Array.from({ length: 20 }, () => takeLock(path)));
  assert.equal(results.filter(({ state }) => state === 'taken').length, 1);
  assert.deepEqual(readdirSync(join(folder, 'locks')), ['x.lock']);
});

async function leaveBehind(change: Record<string, unknown>): Promise<void> {
  await takeLock(path);
  writeFileSync(path, JSON.stringify({ ...JSON.parse(readFileSync(path, 'utf8')), ...change }));
}

test('the lock of a dead process is taken over, by one', async () => {
  await leaveBehind({ pid: 999_999_999 });
  const results = await Promise.all(Array.from({ length: 20 }, () => takeLock(path)));
  assert.equal(results.filter(({ state }) => state === 'taken').length, 1);
});

test('a process number that was given to another process is no owner', async () => {
  await leaveBehind({ processStart: '1' });
  assert.equal((await takeLock(path)).state, 'taken');
});

test('a lock from another machine is respected', async () => {
  await leaveBehind({ pid: 999_999_999, host: `not-${hostname()}` });
  assert.equal((await takeLock(path)).state, 'held');
});

test('a lock file that is not one is replaced', async () => {
  for (const text of ['', '{', '[]', '{"pid":"x"}']) {
    const lock = await takeLock(path);
    assert.equal(lock.state, 'taken', text);
    writeFileSync(path, text);
  }
});
