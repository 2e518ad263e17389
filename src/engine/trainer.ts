/** Chooses how a model is trained: op by op, or as a program. */
import { systemFailure } from '../files/atomic.ts';
import type { Engine } from './engine.ts';
import { compiledTrainer } from './train/compiled.ts';
import { eagerTrainer } from './train/eager.ts';
import type { Trainer, TrainerOptions } from './train/trainer.ts';
import { webAssemblyTarget } from './webassembly/target.ts';
import { xlaTarget } from './xla/target.ts';

/** `auto`: compiled. On the portable engine, all training is. */
export type CompileChoice = 'auto' | 'xla' | 'eager';

export interface ChosenTrainer {
  readonly trainer: Trainer;
  readonly mode: 'xla' | 'webassembly' | 'eager';
  /** Why it is not as asked for. */
  readonly fallbackReason?: string;
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
  if (executor !== undefined) {
    const trainer = compiledTrainer(tf, options, webAssemblyTarget(tf, executor));
    const fallbackReason =
      choice === 'auto' ? {} : { fallbackReason: `the portable engine has no \`${choice}\`` };
    return { trainer, mode: 'webassembly', ...fallbackReason };
  }
  const eagerly = (fallbackReason?: string): ChosenTrainer => ({
    trainer: eagerTrainer(tf, options),
    mode: 'eager',
    ...(fallbackReason === undefined ? {} : { fallbackReason }),
  });
  if (choice === 'eager') return eagerly();
  if (!kernels) return eagerly("Hourglass's own kernels are not there");
  try {
    return { trainer: compiledTrainer(tf, options, xlaTarget(tf)), mode: 'xla' };
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
