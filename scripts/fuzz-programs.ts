/**
 * `node dist/scripts/fuzz-programs.js --runs 10000 --seed 1`: runs random programs on each target and compares the results with
 * the reference interpreter. The first difference is printed as the smallest program that shows it, with its values.
 *
 *     --runs N       approximate number of programs for each target: 1000
 *     --seed S       seed of the programs: printed if not given
 *     --target NAME  only this target
 *     --numbers KIND only this kind of numbers: whole, common or special
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
import { assertOutputs, FLOAT32, XLA, type Tolerances } from '../test/engine/program/agree.ts';
import { randomPrograms, type RandomProgram } from '../test/engine/program/random-program.ts';
import type { Numbers } from '../test/engine/program/random-writer.ts';
import { assertSameBits, computed, computedWithCare } from '../test/engine/webassembly/compare.ts';
import { nativeEngine } from '../test/engine/xla/rig.ts';
import { runByXla } from '../test/engine/xla/run-programs.ts';

/** The results of a program, or why it is refused. */
type Ran = Outputs | ProgramError;

/** A target that computes programs differently from the reference. */
interface Target {
  readonly run: (programs: readonly RandomProgram[]) => readonly Ran[];
  /** Maximum number of programs per call. */
  readonly together: number;
  readonly tolerances: Tolerances;
  readonly dispose?: () => Promise<void>;
}

const TARGETS: Readonly<Record<string, () => Target | Promise<Target>>> = {
  'clean-up': () => ({
    run: oneByOne((program, values) => interpret(runPasses(program, CLEAN_UP), values)),
    together: 1,
    tolerances: 'exact',
  }),
  compile: () => ({
    run: oneByOne((program, values) => interpret(compile(program), values)),
    together: 1,
    tolerances: 'exact',
  }),
  webassembly: () => {
    const executor = new Executor({ threads: 2 });
    return {
      run: oneByOne((program, values) => runInWebAssembly(executor, compile(program), values)),
      together: 1,
      tolerances: FLOAT32,
      dispose: () => executor.dispose(),
    };
  },
  xla: async () => {
    const { tf } = await nativeEngine();
    return {
      run: (programs) =>
        runByXla(
          tf,
          programs.map(({ program, values }) => ({ program: compile(program), values })),
        ),
      together: 80,
      tolerances: XLA,
    };
  },
};

function oneByOne(
  run: (program: Program, values: ReadonlyMap<string, Elements>) => Outputs,
): (programs: readonly RandomProgram[]) => readonly Ran[] {
  return (programs) =>
    programs.map(({ program, values }) => {
      try {
        return run(program, values);
      } catch (error) {
        if (error instanceof ProgramError) return error;
        throw error;
      }
    });
}

/** Runs normally, and again with all values separated in memory, to check that nothing beside them affects results. */
function runInWebAssembly(
  executor: Executor,
  program: Program,
  values: ReadonlyMap<string, Elements>,
): Outputs {
  const outputs = computed(executor, program, values);
  assertSameBits(computedWithCare(executor, program, values), outputs);
  const results = program.results.map((_, index) => outputs.get(`result ${index}`) ?? new Float32Array());
  return {
    results,
    updates: new Map([...outputs].filter(([name]) => !name.startsWith('result '))),
  };
}

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '1000' },
    seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
    target: { type: 'string' },
    numbers: { type: 'string' },
  },
});
const [runs, seed] = [Number(options.runs), Number(options.seed)];
const kinds: readonly Numbers[] = ['whole', 'common', 'special'];
const numbers = kinds.filter((kind) => options.numbers === undefined || options.numbers === kind);

for (const [name, start] of Object.entries(TARGETS)) {
  if (options.target !== undefined && options.target !== name) continue;
  const { run, together, tolerances, dispose } = await start();
  const refused: string[] = [];
  let agreed = 0;
  const programs = fc.array(randomPrograms({ numbers }), { minLength: 1, maxLength: together, size: 'max' });
  const property = fc.property(programs, (list) => {
    // Lists have random lengths, so there may already be enough.
    if (agreed + refused.length >= runs) return;
    run(list).forEach((ran, index) => {
      const random = list[index];
      if (ran instanceof ProgramError) return refused.push(ran.message);
      if (random !== undefined) assertOutputs(random.program, random.values, ran, tolerances);
      return (agreed += 1);
    });
  });
  const started = performance.now();
  const details = fc.check(property, { numRuns: runs, seed });
  await dispose?.();
  if (details.failed) {
    process.exitCode = 1;
    const [reason] = String(details.errorInstance).split('\n');
    console.log(`${name}: seed ${seed}: ${reason}\n${fc.defaultReportMessage(details)}`);
    continue;
  }
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${name}: ${agreed} programs agree, seed ${seed}, ${seconds} s`);
  if (refused.length > 0) console.log(`${refused.length} are refused, the first with: ${refused[0]}`);
}
