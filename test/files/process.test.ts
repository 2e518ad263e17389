import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { isAlive, processStart } from '../../src/files/process.ts';

test('this process is alive, and numbers of none are not', () => {
  assert.ok(isAlive(process.pid));
  for (const pid of [0, -1, 1.5, Number.NaN, 999_999_999]) assert.ok(!isAlive(pid), String(pid));
  assert.equal(processStart(process.pid), processStart(process.pid));
  assert.equal(processStart(999_999_999), '');
});

test('a process that has ended is not alive, even while nobody has asked about it', async (t) => {
  // The shell becomes `sleep`, which never asks about the child that the shell had started.
  const parent = spawn('sh', ['-c', 'sh -c "exit 0" & echo $!; exec sleep 10']);
  t.after(() => parent.kill('SIGKILL'));
  const [text] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(text.toString());
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(!isAlive(pid));
});
