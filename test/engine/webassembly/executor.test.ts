/** The executor's memory. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { Failure } from '../../../src/core/diagnostic.ts';
import { Executor } from '../../../src/engine/webassembly/executor.ts';
import { program } from './compare.ts';

const executor = new Executor({ threads: 1, memoryLimit: 2 ** 23 });
after(() => executor.dispose());

const small = program(`
  input x: float32[2, 2]
  variable w: float32[2, 2]
  y: float32[2, 2] = transpose x {permutation: [1, 0]}
  return y, w`);

test('a program that finds no memory leaves none behind, and others can be loaded', () => {
  const large = program(`
    input x: float32[2048, 1024]
    variable w: float32[2, 2]
    y: float32[1024, 2048] = transpose x {permutation: [1, 0]}
    return y, w`);
  const before = executor.instance.heldBytes;
  assert.throws(
    () => executor.load(large),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'model-too-large',
  );
  assert.equal(executor.instance.heldBytes, before);
  executor.load(small).dispose();
  assert.equal(executor.instance.heldBytes, before);
});

test('memory of a program before does not show in inputs and variables', () => {
  const used = executor.load(small);
  for (const name of ['x', 'w']) used.write(name, Float32Array.of(1, 2, 3, 4));
  used.dispose();
  const next = executor.load(small);
  next.run({ steps: 1 });
  assert.deepEqual(
    next.results().map((elements) => [...elements]),
    [
      [0, 0, 0, 0],
      [0, 0, 0, 0],
    ],
  );
  next.dispose();
});

test('a program is freed once, however often `dispose` is called', () => {
  const before = executor.instance.heldBytes;
  const [one, other] = [executor.load(small), executor.load(small)];
  one.dispose();
  one.dispose();
  const third = executor.load(small);
  other.write('x', Float32Array.of(1, 2, 3, 4));
  third.write('x', Float32Array.of(5, 6, 7, 8));
  other.run({ steps: 1 });
  third.run({ steps: 1 });
  assert.deepEqual([...(other.results()[0] ?? [])], [1, 3, 2, 4]);
  assert.deepEqual([...(third.results()[0] ?? [])], [5, 7, 6, 8]);
  other.dispose();
  third.dispose();
  assert.equal(executor.instance.heldBytes, before);
});
