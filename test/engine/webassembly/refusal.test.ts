/** Invalid input of the module: it refuses, or ends with a typed failure, and reads and writes nothing else. */
import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Philox } from '../../../src/core/philox.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import { encodeProgram } from '../../../src/engine/webassembly/encode.ts';
import { Executor } from '../../../src/engine/webassembly/executor.ts';
import { parametersFor, program } from './compare.ts';

const MEBIBYTE = 2 ** 20;

function executorOf(t: TestContext, threads: number, memoryLimit = 4096 * MEBIBYTE): Executor {
  const executor = new Executor({ threads, memoryLimit });
  t.after(() => executor.dispose());
  return executor;
}

const fails = (code: string) => (error: unknown) => {
  assert.ok(error instanceof Failure, String(error));
  assert.equal(error.diagnostics[0]?.code, code);
  return true;
};

const convolution = program(`
  input x: float32[3, 256, 64, 16]
  input w: float32[3, 3, 16, 16]
  y: float32[3, 256, 64, 16] = convolution x, w {padding: [[1, 1], [1, 1]]}
  return y`);

test('a program whose values do not fit is refused before anything runs', (t) => {
  const executor = executorOf(t, 1, 4 * MEBIBYTE);
  assert.throws(() => executor.load(convolution), fails('model-too-large'));
});

for (const threads of [1, 3]) {
  test(`memory that runs out in a step ends the run, on ${threads} threads`, (t) => {
    // Beside the stack, the images take 3 MiB, and so do the results; a padded image takes 1.04 MiB, for which there is no room.
    const executor = executorOf(t, threads, (7.6 + (threads - 1) / 2) * MEBIBYTE);
    const loaded = executor.load(convolution);
    for (const [name, elements] of parametersFor(convolution, 1)) loaded.write(name, elements);
    assert.throws(() => loaded.run({ steps: 1 }), fails('model-too-large'));
    assert.throws(() => loaded.run({ steps: 1 }), fails('model-too-large'));
  });
}

test('a thread that fails ends the run of the main thread', (t) => {
  const executor = executorOf(t, 2);
  const loaded = executor.load(convolution);
  executor.instance.exports.fail();
  while (executor.instance.exports.serving() === 0);
  assert.throws(() => loaded.run({ steps: 1 }), fails('engine-failed'));
});

const texts = [
  `input a: float32[5, 33]
   input b: float32[33, 17]
   c: float32[5, 17] = matmul a, b {epilogue: [relu]}
   d: float32[17, 5] = transpose c {permutation: [1, 0]}
   e: float32[17] = reduce_sum d {axes: [1]}
   return e`,
  `input x: float32[2, 7, 9, 3]
   input w: float32[3, 3, 3, 5]
   y: float32[2, 7, 9, 5] = convolution x, w {padding: [[1, 1], [1, 1]]}
   g: float32[3, 3, 3, 5], s: float32[5] = convolution_filter_gradient x, y {padding: [[1, 1], [1, 1]], size: [3, 3], sums: gradient}
   p: float32[2, 3, 4, 5] = max_pool y {strides: [2, 2], size: [2, 2]}
   q: float32[2, 6, 8, 5] = upsample_bilinear p {factors: [2, 2]}
   return q, g, s`,
  `variable w: float32[33, 20]
   input x: float32[6, 33]
   input dy: float32[6, 20]
   input rate: float32[]
   n: float32[33, 20] = fused_update x, dy, w, rate {gradient: product} (
     input d: float32[33, 20]
     input w: float32[33, 20]
     input r: float32[]
     s: float32[33, 20] = mul d, r
     t: float32[33, 20] = sub w, s
     return t
   )
   return rate
   update w = n`,
];

test('words with one that is wrong are refused, or are another program within the same memory', (t) => {
  const executor = executorOf(t, 1, 256 * MEBIBYTE);
  const { instance } = executor;
  const variables = new Map([['w', instance.allocate(33 * 20 * 4)]]);
  const allocate = (bytes: number): number => instance.allocate(bytes);
  const odd = [-1, 0, 1, 2, 7, 255, 65_536, 2 ** 20, 2 ** 30, 2 ** 31 - 1, -(2 ** 31)];
  for (const text of texts) {
    const { words } = encodeProgram(program(text), { variables, collected: [], isSummed: false, allocate });
    const at = instance.allocate(words.byteLength);
    const load = (changed: Int32Array): number => {
      instance.integers(at, words.length).set(changed);
      return instance.call(() => instance.exports.load(at, words.length));
    };
    assert.notEqual(load(words), 0);
    let refused = 0;
    const draws = new Float32Array(words.length);
    new Philox([1, 2]).uniform(draws);
    for (const [index, draw] of draws.entries()) {
      const changed = words.slice();
      changed[index] = odd[Math.floor(draw * odd.length)] ?? 0;
      const pointer = load(changed);
      if (pointer === 0) refused += 1;
      else instance.exports.unload(pointer);
    }
    assert.ok(refused > words.length / 3, `${refused} of ${words.length} were refused`);
  }
});
