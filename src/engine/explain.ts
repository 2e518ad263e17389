/** Tells what runs a program on this machine, from files alone: nothing is loaded, and nothing has to be installed. */
import type { EngineChoice, EngineIdentity } from './engine.ts';
import { engineIdentity } from './identity.ts';
import { willHaveKernels } from './tensorflow/install/compile-kernels.ts';
import { readEngineRecord } from './tensorflow/location.ts';
import { compile } from './program/compile.ts';
import { printProgram } from './program/print.ts';
import type { Instruction, Program } from './program/program.ts';
import { modeOf, type CompileChoice, type Mode } from './choose-trainer.ts';
import { kernelsOf } from './lowering/kernels-of.ts';
import { xlaTargetOf } from './xla/target-of.ts';

/** The result of a pass that changed the program. */
export interface PassMade {
  readonly name: string;
  readonly program: Program;
}

export interface Explained extends Mode {
  readonly engine: EngineIdentity;
  /** The program that runs: after all passes or, where it runs one operation at a time, as it was traced. */
  readonly program: Program;
  /** The passes that change it, in order. */
  readonly passes: readonly PassMade[];
  /** What computes an instruction: a kernel, or XLA; undefined if TensorFlow runs one operation at a time. */
  readonly targetOf: (instruction: Instruction) => string | undefined;
}

const TARGETS = { xla: xlaTargetOf, webassembly: kernelsOf } as const;

/**
 * Tells how a traced program runs.
 *
 * @param choice of the engine: `--engine`
 * @param compiling how a training should run; other programs are compiled if they have many rows
 */
export async function explain(
  traced: Program,
  choice: EngineChoice,
  compiling: CompileChoice = 'auto',
): Promise<Explained> {
  const engine = await engineIdentity(choice);
  const passes: PassMade[] = [];
  let text = printProgram(traced);
  const compiled = compile(traced, (name, program) => {
    const next = printProgram(program);
    if (next !== text) passes.push({ name, program });
    text = next;
  });
  const eagerly = (mode: Omit<Mode, 'mode'>): Explained => ({
    ...mode,
    ...{ mode: 'eager', engine, program: traced, passes, targetOf: () => undefined },
  });
  const isPortable = engine.kind === 'portable';
  const planned = modeOf(isPortable ? 'portable' : { kernels: await hasKernels() }, compiling);
  if (planned.mode === 'eager') return eagerly(planned);
  const targetOf = TARGETS[planned.mode];
  const foreign = compiled.instructions.find((instruction) => targetOf(instruction) === undefined);
  // TensorFlow then runs the training as it was traced.
  return foreign !== undefined && planned.mode === 'xla'
    ? eagerly({ fallbackReason: `XLA has no operation for \`${foreign.op}\`` })
    : { ...planned, engine, program: compiled, passes, targetOf };
}

/** If TensorFlow is not installed yet, it will be installed with kernels. */
async function hasKernels(): Promise<boolean> {
  const record = await readEngineRecord();
  return record === undefined || willHaveKernels(record);
}
