import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from '../../../src/core/diagnostic.ts';
import { ThreadedInstance } from '../../../src/engine/webassembly/threaded-instance.ts';

const fails = (code: string) => (error: unknown) => {
  assert.ok(error instanceof Failure, String(error));
  assert.equal(error.diagnostics[0]?.code, code);
  return true;
};

function moduleOf(name: string): string {
  return new URL(`../../../src/engine/webassembly/${name}.js`, import.meta.url).href;
}

function outputOf(script: string, flags: readonly string[] = []): string {
  return spawnSync(process.execPath, [...flags, '-e', script], { encoding: 'utf8' }).stdout;
}

for (const threads of [1, 2]) {
  test(`memory of ${threads} threads is aligned, does not overlap, and is used again`, async () => {
    const instance = new ThreadedInstance({ threads });
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

test('tasks that do not fit into the memory are refused, and others are not', async () => {
  const instance = new ThreadedInstance({ threads: 1, memoryLimit: 2 ** 24 });
  assert.throws(() => instance.allocate(2 ** 24), fails('model-too-large'));
  assert.throws(() => instance.allocate(2 ** 33), fails('model-too-large'));
  const at = instance.allocate(2 ** 23);
  instance.release(at);
  await instance.dispose();
});

test('threads start by themselves and end with the instance', async () => {
  const instance = new ThreadedInstance({ threads: 3 });
  instance.startThreads();
  while (instance.exports.serving() < 2) await sleep(5);
  await instance.dispose();
  assert.throws(() => instance.call(() => 0), fails('engine-failed'));
});

test('without WebAssembly or its vectors there is a failure with a reason', () => {
  const script = `import(${JSON.stringify(moduleOf('binary'))}).then(({ whyMissing }) => process.stdout.write(String(whyMissing())))`;
  const reasonWith = (flag: string): string => outputOf(script, [flag]);
  assert.match(reasonWith('--jitless'), /without WebAssembly/);
  assert.equal(reasonWith('--no-warnings'), 'undefined');
  // V8 has vectors on every other processor that Hourglass supports.
  if (process.arch === 'x64') assert.match(reasonWith('--no-enable-sse4-1'), /no vector instructions/);
});

const ALONE = `import(${JSON.stringify(moduleOf('executor'))}).then(({ Executor }) => {
  const { instance } = new Executor({ threads: 4 });
  instance.release(instance.allocate(100));
  process.stdout.write(instance.threads + ' ' + instance.exports.serving());
})`;

test('without shared memory one thread computes', () => {
  assert.equal(outputOf(`delete globalThis.SharedArrayBuffer; ${ALONE}`), '1 0');
});

test('threads that may not start are done without', () => {
  const [major = 0] = process.versions.node.split('.').map(Number);
  const permission = major < 24 ? '--experimental-permission' : '--permission';
  assert.equal(outputOf(ALONE, [permission, '--allow-fs-read=*']), '4 0');
});

test('a process ends although threads wait', () => {
  const script = `import(${JSON.stringify(moduleOf('threaded-instance'))}).then(({ ThreadedInstance }) => {
    const instance = new ThreadedInstance({ threads: 2 });
    instance.startThreads();
    const timer = setInterval(() => instance.exports.serving() === 1 && clearInterval(timer), 1);
  })`;
  const { status } = spawnSync(process.execPath, ['-e', script], { timeout: 60_000 });
  assert.equal(status, 0);
});
