/** Chooses how a model is trained: op by op, in a loop inside a TensorFlow graph, or compiled by XLA. */
import type { LayersModel } from '@tensorflow/tfjs';
import { systemFailure } from '../files/atomic.ts';
import type { Engine } from './engine.ts';
import type { GraphMode } from './compile/loop.ts';
import { compiledTrainer } from './compile/trainer.ts';
import { eagerTrainer } from './train/eager.ts';
import type { Trainer, TrainerOptions } from './train/trainer.ts';

/** `auto`: XLA, but a graph for image layers that Hourglass's kernels do not know. */
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
  engine: Pick<Engine, 'tf' | 'identity' | 'kernels'>,
  options: TrainerOptions,
  choice: CompileChoice,
): ChosenTrainer {
  const refusals: string[] = [];
  const isNative = engine.identity.kind === 'native';
  if (!isNative && choice !== 'auto' && choice !== 'eager') {
    refusals.push('the portable engine has no graphs');
  }
  for (const mode of isNative ? modesFor(engine, options, choice) : []) {
    try {
      return { trainer: compiledTrainer(engine, options, mode), mode, refusals };
    } catch (error) {
      // A temporary folder that is missing is not a matter of the model.
      if (error instanceof Error && 'syscall' in error) throw systemFailure(error);
      const reason = error instanceof Error ? error.message : String(error);
      refusals.push(`${MODE_NAMES[mode]} does not take this training: ${firstLine(reason)}`);
    }
  }
  return { trainer: eagerTrainer(engine.tf, options), mode: 'eager', refusals };
}

const MODE_NAMES: Readonly<Record<GraphMode, string>> = { xla: 'XLA', graph: 'a TensorFlow graph' };

/** What to try, the best first. */
function modesFor(
  { kernels }: Pick<Engine, 'kernels'>,
  { model }: TrainerOptions,
  choice: CompileChoice,
): readonly GraphMode[] {
  if (choice === 'eager') return [];
  if (choice === 'graph') return ['graph'];
  return choice === 'auto' && hasSlowLayers(model, kernels) ? ['graph'] : ['xla', 'graph'];
}

/**
 * Whether XLA is slow at some layer. Its convolutions on a CPU take up to 40 times as long as those of oneDNN, which a graph
 * uses; where Hourglass's own kernels stand in for them, they are faster than either.
 */
function hasSlowLayers({ layers }: LayersModel, kernels: boolean): boolean {
  return layers.some((layer) => {
    if (!/Conv|Pooling|UpSampling/.test(layer.getClassName())) return false;
    const { dilationRate } = layer.getConfig();
    const isDilated =
      dilationRate !== undefined &&
      String(dilationRate)
        .split(',')
        .some((rate) => rate !== '1');
    return !kernels || isDilated || !/^Conv2D(Transpose)?$/.test(layer.getClassName());
  });
}

function firstLine(text: string): string {
  return (text.split('\n', 1)[0] ?? '').slice(0, 300);
}
