/** Chooses how a model is trained: op by op, in a loop inside a TensorFlow graph, or compiled by XLA. */
import type { LayersModel } from '@tensorflow/tfjs';
import type { Engine } from './engine.ts';
import type { GraphMode } from './compile/loop.ts';
import { compiledTrainer } from './compile/trainer.ts';
import { eagerTrainer } from './train/eager.ts';
import type { Trainer, TrainerOptions } from './train/trainer.ts';

/** `auto`: XLA for models without convolutions, a graph for those with, and for mixed precision. */
export type CompileChoice = 'auto' | 'eager' | GraphMode;

export interface ChosenTrainer {
  readonly trainer: Trainer;
  readonly mode: 'eager' | GraphMode;
  /** Why it is not as asked for; for each mode that was tried in vain. */
  readonly refusals: readonly string[];
}

/**
 * Makes the fastest trainer that serves the model. The choice follows from the model and the engine alone, not from a
 * measurement: another choice gives other last bits.
 */
export function createTrainer(
  { tf, identity }: Pick<Engine, 'tf' | 'identity'>,
  options: TrainerOptions,
  choice: CompileChoice,
): ChosenTrainer {
  const refusals: string[] = [];
  const isNative = identity.kind === 'native';
  if (!isNative && choice !== 'auto' && choice !== 'eager') {
    refusals.push('the portable engine has no graphs');
  }
  for (const mode of isNative ? modesFor(options, choice) : []) {
    try {
      return { trainer: compiledTrainer(tf, options, mode), mode, refusals };
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      refusals.push(`${MODE_NAMES[mode]} does not take this training: ${firstLine(reason)}`);
    }
  }
  if (options.precision === 'mixed') refusals.push('mixed precision is for compiled training only');
  return { trainer: eagerTrainer(tf, options), mode: 'eager', refusals };
}

const MODE_NAMES: Readonly<Record<GraphMode, string>> = { xla: 'XLA', graph: 'a TensorFlow graph' };

/** What to try, the best first. */
function modesFor({ model, precision }: TrainerOptions, choice: CompileChoice): readonly GraphMode[] {
  if (choice === 'eager') return [];
  if (choice === 'graph') return ['graph'];
  // In XLA's products on a CPU, bfloat16 is slower than float32.
  const isForGraph = hasImageLayers(model) || precision === 'mixed';
  return choice === 'auto' && isForGraph ? ['graph'] : ['xla', 'graph'];
}

/** XLA's convolutions on a CPU take up to 40 times as long as those of oneDNN, which a graph uses. */
function hasImageLayers({ layers }: LayersModel): boolean {
  return layers.some((layer) => /Conv|Pooling|UpSampling/.test(layer.getClassName()));
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, 300);
}
