import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { ensureEngine } from '../../../src/engine/tensorflow/install.ts';

const program = fileURLToPath(
  new URL(`./train-on-threads.${import.meta.url.endsWith('.ts') ? 'ts' : 'js'}`, import.meta.url),
);

async function train(threads: number): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [program, String(threads)], {
    maxBuffer: 2 ** 26,
  });
  assert.ok(stdout.includes('bits'));
  return stdout;
}

test('whole batches are trained on to the same bits on 1 thread and on 4', async () => {
  await ensureEngine('native', () => undefined, new AbortController().signal);
  assert.equal(await train(4), await train(1));
});
