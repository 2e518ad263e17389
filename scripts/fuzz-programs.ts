/**
 * `node dist/scripts/fuzz-programs.js --runs 10000 --seed 1`: runs random programs on each target and compares what they compute
 * with the reference interpreter. The first difference is printed as the smallest program that shows it, with its values.
 *
 *     --runs N       programs for each target: 1000
 *     --seed S       of the programs: printed if it is not given
 *     --target NAME  only this one
 */
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { compile } from '../src/engine/program/compile.ts';
import { CLEAN_UP } from '../src/engine/program/passes/clean-up.ts';
import { runPasses } from '../src/engine/program/passes/pass.ts';
import type { Program } from '../src/engine/program/program.ts';
import { interpret, type Outputs } from '../src/engine/program/reference/interpret.ts';
import type { Elements } from '../src/engine/program/types.ts';
import { assertOutputs, type Tolerances } from '../test/engine/program/agree.ts';
import { randomPrograms, type RandomOptions } from '../test/engine/program/random-program.ts';

/** What computes programs in another way than the reference. */
interface Target {
  readonly run: (program: Program, values: ReadonlyMap<string, Elements>) => Outputs | Promise<Outputs>;
  readonly tolerances: Tolerances;
  /** Which programs it takes; all where nothing is said. */
  readonly programs?: RandomOptions;
}

const TARGETS: Readonly<Record<string, Target>> = {
  'clean-up': {
    run: (program, values) => interpret(runPasses(program, CLEAN_UP), values),
    tolerances: 'exact',
  },
  compile: {
    run: (program, values) => interpret(compile(program), values),
    tolerances: 'exact',
  },
};

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    target: { type: 'string' },
  },
});
const [numRuns, seed] = [Number(options.runs), Number(options.seed)];

for (const [name, { run, tolerances, programs }] of Object.entries(TARGETS)) {
  if (options.target !== undefined && options.target !== name) continue;
  const property = fc.asyncProperty(randomPrograms(programs), async ({ program, values }) =>
    assertOutputs(program, values, await run(program, values), tolerances),
  );
  const started = performance.now();
  const details = await fc.check(property, { numRuns, seed });
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  if (details.failed) process.exitCode = 1;
  console.log(
    details.failed
      ? `${name}: seed ${seed}\n${await fc.asyncDefaultReportMessage(details)}`
      : `${name}: ${numRuns} programs agree, seed ${seed}, ${seconds} s`,
  );
}
