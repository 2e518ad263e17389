/** Random programs: their text, their types, and what passes may not change. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { checkProgram } from '../../../src/engine/program/check.ts';
import { PASSES } from '../../../src/engine/program/compile.ts';
import { parseProgram } from '../../../src/engine/program/parse.ts';
import { runPasses } from '../../../src/engine/program/passes/pass.ts';
import { printProgram } from '../../../src/engine/program/print.ts';
import { interpret } from '../../../src/engine/program/reference/interpret.ts';
import { elementsOf, type Elements, type Type } from '../../../src/engine/program/types.ts';
import { assertSameOutputs, FLOAT32 } from './agree.ts';
import { allInstructions, OP_NAMES, randomPrograms } from './random-program.ts';

const programs = randomPrograms();

test('random programs make sense, and have every instruction', () => {
  const seen = new Set(
    fc
      .sample(programs, { numRuns: 400, seed: 1 })
      .flatMap(({ program }) => allInstructions(checkProgram(program)).map(({ op }) => op)),
  );
  assert.deepEqual(
    OP_NAMES.filter((op) => !seen.has(op)),
    [],
  );
});

test('a printed program is read back as the same program', () => {
  fc.assert(
    fc.property(programs, ({ program, values }) => {
      const text = printProgram(program);
      const read = checkProgram(parseProgram(text));
      assert.equal(printProgram(read), text);
      assertSameOutputs(program, read, values);
    }),
  );
});

test('the interpreter returns values of the declared types', () => {
  fc.assert(
    fc.property(programs, ({ program, values }) => {
      const { results, updates } = interpret(program, values);
      program.results.forEach(({ type }, at) => assertHasType(results[at], type));
      assert.equal(updates.size, program.updates.length);
      for (const { name, value } of program.parameters)
        if (updates.has(name)) assertHasType(updates.get(name), value.type);
    }),
  );
});

function assertHasType(elements: Elements | undefined, type: Type): void {
  const model = elementsOf(type);
  assert.equal(elements?.constructor, model.constructor);
  assert.equal(elements?.length, model.length);
}

for (const pass of new Set(PASSES)) {
  test(`${pass.name} changes no output`, () => {
    fc.assert(
      fc.property(programs, ({ program, values }) =>
        assertSameOutputs(program, runPasses(program, [pass]), values),
      ),
    );
  });
}

test('each program is within the bounds of its own errors', () => {
  fc.assert(
    fc.property(programs, ({ program, values }) => assertSameOutputs(program, program, values, FLOAT32)),
  );
});
