import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../../src/core/diagnostic.ts';
import { Instance } from '../../../src/engine/webassembly/instance.ts';

const fails = (code: string) => (error: unknown) => {
  assert.ok(error instanceof Failure, String(error));
  assert.equal(error.diagnostics[0]?.code, code);
  return true;
};

const MODULE = new URL('../../../src/engine/webassembly/module.js', import.meta.url).href;

for (const threads of [1, 2]) {
  test(`memory of ${threads} threads is aligned, does not overlap, and is used again`, async () => {
    const instance = new Instance({ threads });
    const sizes = [1, 64, 65, 100_000, 3_000_000, 7];
    const places = sizes.map((size) => instance.allocate(size));
    places.forEach((at, index) => {
      assert.equal(at % 64, 0);
      instance.bytes.fill(index + 1, at, at + (sizes[index] ?? 0));
    });
    places.forEach((at, index) => {
      const own = instance.bytes.subarray(at, at + (sizes[index] ?? 0));
      assert.ok(own.every((byte) => byte === index + 1));
    });
    for (const at of [3, 0, 5, 1, 4, 2].map((index) => places[index] ?? 0)) instance.release(at);
    assert.equal(instance.heldBytes, 0);
    // All free memory is one block again.
    const before = instance.bytes.length;
    instance.allocate(3_100_000);
    assert.equal(instance.bytes.length, before);
    await instance.dispose();
  });
}

test('what does not fit into the memory is refused, and what fits is not', async () => {
  const instance = new Instance({ threads: 1, memoryLimit: 2 ** 24 });
  assert.throws(() => instance.allocate(2 ** 24), fails('model-too-large'));
  assert.throws(() => instance.allocate(2 ** 33), fails('model-too-large'));
  const at = instance.allocate(2 ** 23);
  instance.release(at);
  await instance.dispose();
});

test('threads start by themselves and end with the instance', async () => {
  const instance = new Instance({ threads: 3 });
  instance.startThreads();
  while (instance.exports.serving() < 2) await sleep(5);
  await instance.dispose();
  assert.throws(() => instance.call(() => 0), fails('engine-failed'));
});

test('without WebAssembly or its vectors there is a failure with a reason', () => {
  const script = `import(${JSON.stringify(MODULE)}).then(({ whyMissing }) => process.stdout.write(String(whyMissing())))`;
  const reasonWith = (flag: string): string =>
    spawnSync(process.execPath, [flag, '-e', script], { encoding: 'utf8' }).stdout;
  assert.match(reasonWith('--jitless'), /without WebAssembly/);
  assert.equal(reasonWith('--no-warnings'), 'undefined');
});

test('a process ends although threads wait', () => {
  const script = `import(${JSON.stringify(MODULE.replace('module.js', 'instance.js'))}).then(({ Instance }) => {
    const instance = new Instance({ threads: 2 });
    instance.startThreads();
    const timer = setInterval(() => instance.exports.serving() === 1 && clearInterval(timer), 1);
  })`;
  const { status } = spawnSync(process.execPath, ['-e', script], { timeout: 60_000 });
  assert.equal(status, 0);
});
