/** Chooses how a model is trained: op by op, or as a program. */
import { systemFailure } from '../files/atomic.ts';
import type { Engine } from './engine.ts';
import { asFailure } from './tensorflow/failure.ts';
import { compiledTrainer } from './train/compiled.ts';
import { eagerTrainer } from './train/eager.ts';
import type { Trainer, TrainerOptions } from './train/trainer.ts';
import { webAssemblyTarget } from './webassembly/target.ts';
import { xlaTarget } from './xla/target.ts';

/** `auto`: compiled. On the portable engine, all training is. */
export type CompileChoice = 'auto' | 'xla' | 'eager';

/** How a training runs: as a program, or one operation at a time. */
export interface Mode {
  readonly mode: 'xla' | 'webassembly' | 'eager';
  /** Why it is not as asked for. */
  readonly fallbackReason?: string;
}

export interface ChosenTrainer extends Mode {
  readonly trainer: Trainer;
}

/** How an engine runs a training that its target takes. */
export function modeOf(engine: 'portable' | Pick<Engine, 'kernels'>, choice: CompileChoice): Mode {
  if (engine === 'portable') {
    const fallbackReason = `the portable engine has no \`${choice}\``;
    return choice === 'auto' ? { mode: 'webassembly' } : { mode: 'webassembly', fallbackReason };
  }
  if (choice === 'eager') return { mode: 'eager' };
  return engine.kernels
    ? { mode: 'xla' }
    : { mode: 'eager', fallbackReason: "Hourglass's own kernels are not there" };
}

/**
 * Makes the fastest trainer that serves the model. The choice follows from the engine alone, not from a measurement: another
 * choice gives other last bits.
 */
export function createTrainer(
  { tf, kernels, executor }: Pick<Engine, 'tf' | 'kernels' | 'executor'>,
  options: TrainerOptions,
  choice: CompileChoice,
): ChosenTrainer {
  const chosen = modeOf(executor === undefined ? { kernels } : 'portable', choice);
  if (executor !== undefined)
    return { ...chosen, trainer: compiledTrainer(tf, options, webAssemblyTarget(tf, executor)) };
  if (chosen.mode === 'eager') return { ...chosen, trainer: withFailures(eagerTrainer(tf, options)) };
  try {
    return { ...chosen, trainer: withFailures(compiledTrainer(tf, options, xlaTarget(tf))) };
  } catch (error) {
    // A temporary folder that is missing is not a matter of the model.
    if (error instanceof Error && 'syscall' in error) throw systemFailure(error);
    const reason = error instanceof Error ? error.message : String(error);
    return {
      trainer: withFailures(eagerTrainer(tf, options)),
      mode: 'eager',
      fallbackReason: `XLA does not take this training: ${firstLine(reason)}`,
    };
  }
}

/** Says in words of ours what TensorFlow throws in the middle of a step. */
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

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, 300);
}
