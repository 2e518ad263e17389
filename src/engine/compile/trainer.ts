/** The trainer that runs many steps inside one graph. */
import type { Tensor } from '@tensorflow/tfjs';
import { nativeBackend } from '../addon.ts';
import type { Engine } from '../engine.ts';
import { eagerTrainer, measured } from '../train/eager.ts';
import type { LossName } from '../train/losses.ts';
import type { SamplePair } from '../train/samples.ts';
import { trainingStep } from '../train/step.ts';
import type { Measured, Trainer, TrainerOptions, WorkOptions } from '../train/trainer.ts';
import type { GraphMode } from './loop.ts';
import { Program } from './program.ts';
import { ResidentData } from './resident.ts';

/**
 * Makes a compiled trainer. The last batch of an epoch, if it is smaller than the others, is run eagerly on the same
 * variables: compiling a graph of its own would take longer than it saves.
 *
 * @throws Untraceable if the step cannot be compiled; Error with what TensorFlow says of the graph
 */
export function compiledTrainer(
  { tf, kernels }: Pick<Engine, 'tf' | 'kernels'>,
  options: TrainerOptions,
  mode: GraphMode,
): Trainer {
  const { batchSize, data, metrics } = options;
  const step = trainingStep(tf, options);
  const eager = eagerTrainer(tf, options, step);
  const resident = new ResidentData(nativeBackend(tf));
  const programs = new Map<SamplePair, Program>();

  const compile = (
    pair: SamplePair,
    rows: number,
    work: (x: Tensor, y: Tensor) => Tensor,
  ): Program | undefined => {
    const steps = Math.floor(rows / batchSize);
    if (steps === 0) return undefined;
    return new Program(tf, resident, {
      mode,
      kernels,
      batchSize,
      steps,
      samples: pair.x === pair.y ? [pair.x] : [pair.x, pair.y],
      state: step.state,
      run: ([x, y]) => {
        if (x === undefined) throw new TypeError('a step without samples');
        return work(x, y ?? x);
      },
    });
  };

  /** Whole batches by the program, the rest eagerly. */
  const run = async (
    program: Program | undefined,
    rows: Int32Array,
    how: WorkOptions,
    runRest: (rest: Int32Array) => Promise<Measured>,
  ): Promise<Measured> => {
    if (program === undefined) return runRest(rows);
    const whole = rows.length - (rows.length % batchSize);
    const sums = await program.run(rows.subarray(0, whole), how, rows.length);
    const means = measured(
      metrics,
      sums.values.map((sum) => sum / sums.steps),
    );
    if (whole === rows.length || !Number.isFinite(means.loss)) return means;
    const rest = rows.subarray(whole);
    const other = { means: await runRest(rest), rows: rest.length };
    return combine(metrics, { means, rows: whole }, other);
  };

  const free = (): void => {
    for (const program of programs.values()) program.dispose();
    resident.dispose();
    eager.dispose();
  };
  let training: Program | undefined;
  try {
    training = compile(data, data.x.count, step.take);
  } catch (error) {
    free();
    throw error;
  }
  return {
    weights: step.weights,
    state: step.state,
    trainEpoch: (order, how) => run(training, order, how, (rest) => eager.trainEpoch(rest, quietly(how))),
    evaluate: async (pair, rows, how) => {
      const known = programs.get(pair) ?? compile(pair, rows.length, step.measure);
      if (known !== undefined) programs.set(pair, known);
      return run(known, rows, how, (rest) => eager.evaluate(pair, rest, quietly(how)));
    },
    dispose() {
      training?.dispose();
      free();
    },
  };
}

/** The rest of an epoch is over before anything could be told of it. */
function quietly({ signal }: WorkOptions): WorkOptions {
  return { signal };
}

/** The means of two parts of one epoch, by their rows. */
function combine(metrics: readonly LossName[], one: Part, other: Part): Measured {
  const mean = (name: LossName | 'loss'): number =>
    ((one.means[name] ?? 0) * one.rows + (other.means[name] ?? 0) * other.rows) / (one.rows + other.rows);
  return measured(metrics, Float64Array.from([mean('loss'), ...metrics.map(mean)]));
}

interface Part {
  readonly means: Measured;
  readonly rows: number;
}
