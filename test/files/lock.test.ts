import assert from 'node:assert/strict';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, test } from 'node:test';
import { isStillHeld, takeLock } from '../../src/files/lock.ts';
import { HEARTBEAT_TIMEOUT_MS } from '../../src/files/owner.ts';
import { Failure } from '../../src/core/diagnostic.ts';

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

test('if many processes try at once, one gets the lock', async () => {
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

test('a process number that another process has now does not own the lock', async () => {
  await leaveBehind({ processStart: '1' });
  assert.equal((await takeLock(path)).state, 'taken');
});

test('if the start of its process is unknown, a lock also depends on its heartbeat', async () => {
  await leaveBehind({ processStart: '' });
  assert.equal((await takeLock(path)).state, 'held');
  const silent = new Date(Date.now() - HEARTBEAT_TIMEOUT_MS - 5000);
  utimesSync(path, silent, silent);
  assert.equal((await takeLock(path)).state, 'taken');
});

test('a lock from another machine is respected while it has a heartbeat, whatever the local clock says', async (t) => {
  await leaveBehind({ pid: 999_999_999, host: `not-${hostname()}` });
  const held = await takeLock(path);
  assert.equal(held.state, 'held');
  const later = Date.now() + 1e9;
  t.mock.method(Date, 'now', () => later);
  assert.equal((await takeLock(path)).state, 'held');
});

test('a lock from another machine is taken over when its heart has stopped, by one', async () => {
  await leaveBehind({ host: `not-${hostname()}` });
  const silent = new Date(Date.now() - HEARTBEAT_TIMEOUT_MS - 5000);
  utimesSync(path, silent, silent);
  const results = await Promise.all(Array.from({ length: 20 }, () => takeLock(path)));
  assert.equal(results.filter(({ state }) => state === 'taken').length, 1);
  assert.deepEqual(readdirSync(join(folder, 'locks')), ['x.lock']);
});

test('another container of this machine counts processes of its own, and is judged by its heartbeat', async () => {
  await leaveBehind({ pid: 999_999_999, space: 'pid:[1]' });
  assert.equal((await takeLock(path)).state, 'held');
});

test('another machine of the same name, such as a clone, is judged by its heartbeat', async () => {
  await leaveBehind({ pid: 999_999_999, machine: 'another' });
  assert.equal((await takeLock(path)).state, 'held');
  const silent = new Date(Date.now() - HEARTBEAT_TIMEOUT_MS - 5000);
  utimesSync(path, silent, silent);
  assert.equal((await takeLock(path)).state, 'taken');
});

test('a lock of an earlier version does not name its machine, and is judged by its process', async () => {
  await leaveBehind({ machine: undefined });
  assert.equal((await takeLock(path)).state, 'held');
  await leaveBehind({ machine: undefined, pid: 999_999_999 });
  assert.equal((await takeLock(path)).state, 'taken');
});

test('who lost its lock learns of it before it writes, and leaves it to the new owner', async () => {
  for (const replace of [true, false]) {
    const lock = await takeLock(path);
    assert.equal(lock.state, 'taken');
    await lock.check();
    assert.ok(await isStillHeld(lock.mark));
    rmSync(path);
    if (replace) writeFileSync(path, '{}');
    await assert.rejects(
      lock.check(),
      (error) => error instanceof Failure && error.diagnostics[0]?.code === 'lock-lost',
    );
    assert.ok(lock.lost.aborted && !(await isStillHeld(lock.mark)));
    await lock.release();
    assert.equal(existsSync(path), replace);
    rmSync(path, { force: true });
  }
});

test('a lock that cannot be read is not lost', async () => {
  const lock = await takeLock(path);
  assert.equal(lock.state, 'taken');
  rmSync(join(folder, 'locks'), { recursive: true });
  writeFileSync(join(folder, 'locks'), '');
  assert.ok(await isStillHeld(lock.mark));
});

test('an owner keeps its lock fresh', async () => {
  const lock = await takeLock(path);
  assert.equal(lock.state, 'taken');
  utimesSync(path, new Date(0), new Date(0));
  while (statSync(path).mtimeMs === 0) await new Promise((resolve) => setTimeout(resolve, 50));
  assert.equal(JSON.parse(readFileSync(path, 'utf8')).pid, process.pid);
});

test('a lock that somebody else took over stays when its earlier owner lets go', async () => {
  const first = await takeLock(path);
  rmSync(path);
  const second = await takeLock(path);
  if (first.state === 'taken') await first.release();
  assert.equal((await takeLock(path)).state, 'held');
  if (second.state === 'taken') await second.release();
  assert.equal((await takeLock(path)).state, 'taken');
});

test('who died while removing a stale lock does not keep others from it', async () => {
  await leaveBehind({ pid: 999_999_999 });
  writeFileSync(`${path}.reclaim`, readFileSync(path));
  assert.equal((await takeLock(path)).state, 'taken');
});

test('a folder that cannot be made is a clear failure', async () => {
  writeFileSync(join(folder, 'locks'), '');
  await assert.rejects(takeLock(path), Failure);
});

test('a lock file that is not one is replaced', async () => {
  for (const text of ['', '{', '[]', '{"pid":"x"}']) {
    const lock = await takeLock(path);
    assert.equal(lock.state, 'taken', text);
    writeFileSync(path, text);
  }
});

test('a lock that cannot be written says how to name another folder', async () => {
  const elsewhere = 'choose another with `HERE`';
  await assert.rejects(takeLock(join(folder, 'x'.repeat(300), 'x.lock'), elsewhere), (error) => {
    assert.ok(error instanceof Failure);
    assert.equal(error.diagnostics[0]?.code, 'output-not-writable');
    assert.ok(error.diagnostics[0].hint?.includes(elsewhere));
    return true;
  });
});
