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
import { ProgramError, type Elements } from '../src/engine/program/types.ts';
import { Executor } from '../src/engine/webassembly/executor.ts';
import { assertOutputs, FLOAT32, type Tolerances } from '../test/engine/program/agree.ts';
import { randomPrograms, type RandomOptions } from '../test/engine/program/random-program.ts';

/** What computes programs in another way than the reference. */
interface Target {
  /** @throws ProgramError for a program that it does not take */
  readonly run: (program: Program, values: ReadonlyMap<string, Elements>) => Outputs | Promise<Outputs>;
  readonly tolerances: Tolerances;
  /** Which programs it gets; all where nothing is said. */
  readonly programs?: RandomOptions;
  readonly dispose?: () => Promise<void>;
}

const TARGETS: Readonly<Record<string, () => Target>> = {
  'clean-up': () => ({
    run: (program, values) => interpret(runPasses(program, CLEAN_UP), values),
    tolerances: 'exact',
  }),
  compile: () => ({
    run: (program, values) => interpret(compile(program), values),
    tolerances: 'exact',
  }),
  webassembly: () => {
    const executor = new Executor({ threads: 2 });
    return {
      run: (program, values) => runInWebAssembly(executor, compile(program), values),
      tolerances: FLOAT32,
      // Not `special`: sums of images, taken with a filter's gradient, are NaN where they should be infinite.
      programs: { numbers: ['whole', 'common'] },
      dispose: () => executor.dispose(),
    };
  },
};

function runInWebAssembly(
  executor: Executor,
  program: Program,
  values: ReadonlyMap<string, Elements>,
): Outputs {
  const loaded = executor.load(program);
  try {
    for (const [name, elements] of values) loaded.write(name, elements);
    loaded.run({ steps: 1 });
    const updated = new Set(program.updates.map(({ variable }) => variable));
    const names = program.parameters.filter(({ value }) => updated.has(value)).map(({ name }) => name);
    return { results: loaded.results(), updates: new Map(names.map((name) => [name, loaded.read(name)])) };
  } finally {
    loaded.dispose();
  }
}

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    target: { type: 'string' },
  },
});
const [numRuns, seed] = [Number(options.runs), Number(options.seed)];

for (const [name, start] of Object.entries(TARGETS)) {
  if (options.target !== undefined && options.target !== name) continue;
  const { run, tolerances, programs, dispose } = start();
  const refused: string[] = [];
  const property = fc.asyncProperty(randomPrograms(programs), async ({ program, values }) => {
    try {
      assertOutputs(program, values, await run(program, values), tolerances);
    } catch (error) {
      if (!(error instanceof ProgramError)) throw error;
      refused.push(error.message);
    }
  });
  const started = performance.now();
  const details = await fc.check(property, { numRuns, seed });
  await dispose?.();
  if (details.failed) {
    process.exitCode = 1;
    const [reason] = String(details.errorInstance).split('\n');
    console.log(`${name}: seed ${seed}: ${reason}\n${await fc.asyncDefaultReportMessage(details)}`);
    continue;
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${name}: ${numRuns - refused.length} programs agree, seed ${seed}, ${seconds} s`);
  if (refused.length > 0) console.log(`${refused.length} are refused, the first with: ${refused[0]}`);
}
