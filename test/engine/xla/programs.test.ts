/** Random programs, compiled by XLA, beside the reference interpreter. `scripts/fuzz-programs.ts` runs thousands. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compile } from '../../../src/engine/program/compile.ts';
import { assertOutputs, XLA } from '../program/agree.ts';
import { randomPrograms } from '../program/random-program.ts';
import { nativeEngine } from './rig.ts';
import { runByXla } from './run-programs.ts';

test('XLA computes what the interpreter computes', async () => {
  const { tf } = await nativeEngine();
  // The same each time: XLA compiles them all as one function, which takes seconds.
  const list = fc.sample(randomPrograms(), { numRuns: 40, seed: 1 });
  const runs = list.map(({ program, values }) => ({ program: compile(program), values }));
  for (const [index, outputs] of runByXla(tf, runs).entries()) {
    const random = list[index];
    assert.ok(random !== undefined);
    if (outputs instanceof Error) assert.fail(outputs);
    assertOutputs(random.program, random.values, outputs, XLA);
  }
});
