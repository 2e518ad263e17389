/** Chooses how a model is trained: op by op, or as a program. */
import { systemFailure } from '../files/atomic.ts';
import type { Engine } from './engine.ts';
import { compiledTrainer } from './train/compiled.ts';
import { eagerTrainer } from './train/eager.ts';
import type { Trainer, TrainerOptions } from './train/trainer.ts';
import { xlaTarget } from './xla/target.ts';

/** `auto`: XLA, where it and Hourglass's kernels are there. */
export type CompileChoice = 'auto' | 'xla' | 'eager';

export interface ChosenTrainer {
  readonly trainer: Trainer;
  readonly mode: 'xla' | 'eager';
  /** Why it is not as asked for. */
  readonly fallbackReason?: string;
}

/**
 * Makes the fastest trainer that serves the model. The choice follows from the engine alone, not from a measurement: another
 * choice gives other last bits.
 */
export function createTrainer(
  engine: Pick<Engine, 'tf' | 'identity' | 'kernels'>,
  options: TrainerOptions,
  choice: CompileChoice,
): ChosenTrainer {
  const eagerly = (fallbackReason?: string): ChosenTrainer => ({
    trainer: eagerTrainer(engine.tf, options),
    mode: 'eager',
    ...(fallbackReason === undefined ? {} : { fallbackReason }),
  });
  if (choice === 'eager') return eagerly();
  if (engine.identity.kind !== 'native')
    return eagerly(choice === 'auto' ? undefined : 'the portable engine has no XLA');
  if (!engine.kernels) return eagerly("Hourglass's own kernels are not there");
  try {
    return { trainer: compiledTrainer(engine.tf, options, xlaTarget(engine.tf)), mode: 'xla' };
  } catch (error) {
    // A temporary folder that is missing is not a matter of the model.
    if (error instanceof Error && 'syscall' in error) throw systemFailure(error);
    const reason = error instanceof Error ? error.message : String(error);
    return eagerly(`XLA does not take this training: ${firstLine(reason)}`);
  }
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, 300);
}
