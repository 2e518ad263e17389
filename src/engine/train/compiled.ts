/** The trainer that runs programs: many steps in one call, by whichever target the engine has. */
import type { Tf } from '../engine.ts';
import type { Program } from '../program/program.ts';
import { compile } from '../program/compile.ts';
import { trace } from '../trace/trace.ts';
import { eagerTrainer, measured } from './eager.ts';
import { classesOf, withLabels } from './condition.ts';
import type { MeasureName } from './measures.ts';
import { requireRows, type SamplePair, type Samples } from './samples.ts';
import type { NamedVariable } from './state.ts';
import { trainingStep, type TrainingStep } from './step.ts';
import type { LoadedProgram, Sums, Target } from './target.ts';
import type { Measured, Trainer, TrainerOptions, WorkOptions } from './trainer.ts';

/**
 * Makes a compiled trainer. The last batch of an epoch, if it is smaller than the others, has its own program. If compiling
 * that takes longer than it saves, the batch runs eagerly on the same variables.
 *
 * @throws ProgramError if the step cannot be traced; Error with the target's message
 */
export function compiledTrainer(tf: Tf, options: TrainerOptions, target: Target): Trainer {
  const { batchSize, data, loss } = options;
  const classes = classesOf(options.model);
  const step = trainingStep(tf, options);
  const { measures } = step;
  const eager = eagerTrainer(tf, options, step);
  const loaded: LoadedProgram[] = [];

  const load = (pair: SamplePair, size: number, steps: number, work: Work): LoadedProgram => {
    const samples = withLabels(pair.x === pair.y ? [pair.x] : [pair.x, pair.y], classes);
    const program = traceStep(tf, { samples, state: step.state, batchSize: size, classes, work });
    const made = target.load(compile(program), { batchSize: size, steps, samples, state: step.state });
    loaded.push(made);
    return made;
  };

  /** Programs for the whole batches and for the rest, each made when it is first needed. */
  const programsFor = (pair: SamplePair, most: number, work: Work, runRest: RunRest): Programs => {
    const rests = new Map<number, LoadedProgram>();
    let whole: LoadedProgram | undefined;
    return {
      pair,
      whole: () => (whole ??= load(pair, batchSize, Math.floor(most / batchSize), work)),
      rest: (rows, how) => {
        if (!target.loadsQuickly) return runRest(rows, how);
        const known = rests.get(rows.length) ?? load(pair, rows.length, 1, work);
        rests.set(rows.length, known);
        return known.run(rows, how, rows.length).then(meansOf);
      },
    };
  };
  const meansOf = ({ values, steps }: Sums): Measured =>
    measured(
      measures,
      values.map((sum) => sum / steps),
    );

  /** Whole batches, then the rest. */
  const run = async (programs: Programs, rows: Int32Array, how: WorkOptions): Promise<Measured> => {
    if (rows.length === 0) throw new RangeError(`${loss} of no samples`);
    for (const { count } of Object.values(programs.pair)) requireRows(rows, count);
    const whole = rows.length - (rows.length % batchSize);
    const rest = rows.subarray(whole);
    if (whole === 0) return programs.rest(rest, how);
    const means = meansOf(await programs.whole().run(rows.subarray(0, whole), how, rows.length));
    if (rest.length === 0 || !Number.isFinite(means.loss)) return means;
    // It ends before any progress could be reported.
    const other = { means: await programs.rest(rest, { signal: how.signal }), rows: rest.length };
    return combine(measures, { means, rows: whole }, other);
  };

  const free = (): void => {
    for (const program of loaded) program.dispose();
    target.dispose();
    eager.dispose();
  };
  const training = programsFor(data, data.x.count, step.trainBatch, eager.trainEpoch);
  const measuring = new Map<SamplePair, Programs>();
  try {
    // A step that cannot be compiled fails before the training begins.
    if (data.x.count >= batchSize) training.whole();
  } catch (error) {
    free();
    throw error;
  }
  return {
    measures,
    weights: step.weights,
    state: step.state,
    trainEpoch: (order, how) => run(training, order, how),
    evaluate: async (pair, rows, how) => {
      const known =
        measuring.get(pair) ??
        programsFor(pair, rows.length, step.evaluateBatch, (rest, work) => eager.evaluate(pair, rest, work));
      measuring.set(pair, known);
      return run(known, rows, how);
    },
    dispose: free,
  };
}

type Work = TrainingStep['trainBatch'];

type RunRest = (rows: Int32Array, how: WorkOptions) => Promise<Measured>;

interface Programs {
  readonly pair: SamplePair;
  whole(): LoadedProgram;
  readonly rest: RunRest;
}

export interface TracedStep {
  /** Of x and, if it is not the same, of y; then the labels, for a conditional model. */
  readonly samples: readonly Pick<Samples, 'shape' | 'name'>[];
  readonly classes?: number | undefined;
  readonly state: readonly NamedVariable[];
  readonly batchSize: number;
  readonly work: Work;
}

/**
 * One step on one batch, as a program with the inputs `x` and, if the targets are other samples, `y`.
 *
 * @throws ProgramError if it cannot be traced
 */
export function traceStep(tf: Tf, { samples, state, batchSize, classes, work }: TracedStep): Program {
  return trace(tf, {
    inputs: samples.map(({ shape, name }, index) => ({
      name: name ?? (index === 0 ? 'x' : 'y'),
      type: { dtype: 'float32', shape: [batchSize, ...shape] },
    })),
    variables: state,
    run: (inputs) => {
      const labels = classes === undefined ? undefined : inputs.at(-1);
      const [x, y = x] = labels === undefined ? inputs : inputs.slice(0, -1);
      if (x === undefined || y === undefined) throw new TypeError('a step without samples');
      return [labels === undefined ? work(x, y) : work(x, y, labels)];
    },
  });
}

/** The means of two parts of one epoch, by their rows. */
function combine(measures: readonly MeasureName[], one: Part, other: Part): Measured {
  const mean = (name: MeasureName): number =>
    ((one.means[name] ?? 0) * one.rows + (other.means[name] ?? 0) * other.rows) / (one.rows + other.rows);
  return measured(measures, Float64Array.from(measures.map(mean)));
}

interface Part {
  readonly means: Measured;
  readonly rows: number;
}
