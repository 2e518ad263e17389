/** Chooses how a model is trained: op by op, or as a program. */
import { refusalOf, targetOf } from './choose-target.ts';
import type { Engine } from './engine.ts';
import { asFailure } from './tensorflow/failure.ts';
import { compiledTrainer } from './train/compiled.ts';
import { eagerTrainer } from './train/eager.ts';
import type { Trainer, TrainerOptions } from './train/trainer.ts';

/** `auto`: compiled. On the portable engine, all training is compiled. */
export type CompileChoice = 'auto' | 'xla' | 'eager';

/** How a training runs: as a program, or one operation at a time. */
export interface Mode {
  readonly mode: 'xla' | 'webassembly' | 'eager';
  /** Why the mode is not the requested one. */
  readonly fallbackReason?: string;
}

export interface ChosenTrainer extends Mode {
  readonly trainer: Trainer;
}

/** How an engine runs a training that its target supports. */
export function modeOf(engine: 'portable' | Pick<Engine, 'kernels'>, choice: CompileChoice): Mode {
  if (engine === 'portable') {
    const fallbackReason = `the portable engine has no \`${choice}\``;
    return choice === 'auto' ? { mode: 'webassembly' } : { mode: 'webassembly', fallbackReason };
  }
  if (choice === 'eager') return { mode: 'eager' };
  return engine.kernels
    ? { mode: 'xla' }
    : { mode: 'eager', fallbackReason: "Hourglass's kernels are not available" };
}

/**
 * Makes the fastest trainer that supports the model. The choice depends only on the engine, not on a measurement: another choice
 * changes the low-order bits.
 */
export function createTrainer(
  engine: Pick<Engine, 'tf' | 'kernels' | 'executor'>,
  options: TrainerOptions,
  choice: CompileChoice,
): ChosenTrainer {
  const { tf, kernels, executor } = engine;
  const chosen = modeOf(executor === undefined ? { kernels } : 'portable', choice);
  const target = chosen.mode === 'eager' ? undefined : targetOf(engine);
  if (target === undefined) return { ...chosen, trainer: withFailures(eagerTrainer(tf, options)) };
  try {
    const trainer = compiledTrainer(tf, options, target);
    return { ...chosen, trainer: executor === undefined ? withFailures(trainer) : trainer };
  } catch (error) {
    if (executor !== undefined) throw error;
    const fallbackReason = `XLA cannot run this training: ${refusalOf(error)}`;
    return { trainer: withFailures(eagerTrainer(tf, options)), mode: 'eager', fallbackReason };
  }
}

/** Rewords what TensorFlow throws in the middle of a step. */
function withFailures(trainer: Trainer): Trainer {
  const rethrow = (error: unknown): never => {
    throw asFailure(error);
  };
  return {
    ...trainer,
    trainEpoch: (order, work) => trainer.trainEpoch(order, work).catch(rethrow),
    evaluate: (data, rows, work) => trainer.evaluate(data, rows, work).catch(rethrow),
  };
}
