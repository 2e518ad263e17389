/**
 * Models that know the class of an image: K. Sohn, H. Lee, X. Yan, "Learning structured output representation using deep
 * conditional generative models", 2015. Such a model has a second input, one-hot labels. In programs, labels are the last input.
 */
import type { LayersModel, Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../engine.ts';
import { repeatRows } from './repeat-rows.ts';
import type { Samples } from './samples.ts';

/** A batch for a model: one tensor, or images or latents with their one-hot labels. */
export type ModelInput = Tensor | Tensor[];

/** The number of classes of a conditional model; undefined for others. */
export function classesOf({ inputs }: Pick<LayersModel, 'inputs'>): number | undefined {
  return inputs[1]?.shape[1] ?? undefined;
}

/** The name of the input of a program with labels. */
const LABELS = 'labels';

/** The labels of samples, as samples. */
export function labelSamples({ labels, count }: Samples): Samples {
  if (labels === undefined || labels.length !== count) throw new TypeError('samples without labels');
  const data = labels instanceof Uint8Array ? labels : Float32Array.from(labels);
  return { data, count, shape: [1], scale: 1, offset: 0, name: LABELS };
}

/** The input of a program with labels, without samples. */
export const LABEL_INPUT = { shape: [1], name: LABELS } as const;

/** The samples of a program's inputs: with the labels of the first at the end, for a conditional model. */
export function withLabels(samples: readonly Samples[], classes: number | undefined): readonly Samples[] {
  const [first] = samples;
  return classes === undefined || first === undefined ? samples : [...samples, labelSamples(first)];
}

export interface Conditioned {
  /** The inputs without the labels. */
  readonly rest: readonly Tensor[];
  /** What a model takes for one of them. `repeats` is the number of its rows for each label. */
  join(values: Tensor, repeats?: number): ModelInput;
}

/** Takes the labels off the end of a program's inputs. */
export function conditioned(tf: Tf, inputs: readonly Tensor[], classes: number | undefined): Conditioned {
  if (classes === undefined) return { rest: inputs, join: (values) => values };
  const labels = inputs.at(-1);
  if (labels === undefined) throw new TypeError('a conditional model without labels');
  return {
    rest: inputs.slice(0, -1),
    join(values, repeats = 1) {
      const own = oneHot(tf, labels, classes);
      return [values, repeats === 1 ? own : repeatRows(own, repeats)];
    },
  };
}

/** @param labels [rows, 1] */
function oneHot(tf: Tf, labels: Tensor, classes: number): Tensor {
  const numbers = tf.tensor2d(
    Float32Array.from({ length: classes }, (_, label) => label),
    [1, classes],
  );
  return labels.equal(numbers).cast('float32');
}
