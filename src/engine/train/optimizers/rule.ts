/** What an optimizer is: how one step changes one weight. Pure functions of tensors, so that a step can be traced. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../../engine.ts';

/** Scalars of one step that all weights share; float32. */
export interface StepScalars {
  /** The number of the step, from 1. */
  readonly count: Tensor;
  readonly learningRate: Tensor;
}

/** Tensors by name; those of `Maybe` only if the optimizer's arguments need them. */
export type Named<Name extends string, Maybe extends string = never> = Readonly<
  Record<Name, Tensor> & Partial<Record<Maybe, Tensor>>
>;

/** Computes a weight's next value, and those of its slots, from the current ones and the weight's gradient. */
export type Update<Slot extends string, Maybe extends string = never> = (
  weight: Tensor,
  gradient: Tensor,
  slots: Named<Slot, Maybe>,
) => { readonly weight: Tensor; readonly slots: Named<Slot, Maybe> };

/**
 * The rule of one optimizer with its arguments. `Slot` and `Maybe` name the state of each weight, `Shared` the scalars
 * that are kept once; by Keras's names.
 */
export interface UpdateRule<
  Slot extends string,
  Maybe extends string = never,
  Shared extends string = never,
> {
  /** The initial values of a weight's slots; a slot that is missing here is not kept. */
  readonly slots: Readonly<Record<Slot, number> & Partial<Record<Maybe, number>>>;
  readonly shared: Readonly<Record<Shared, number>>;
  /** Computes once per step what does not depend on the weight. */
  prepareStep(
    tf: Tf,
    scalars: StepScalars,
    shared: Named<Shared>,
  ): { readonly shared: Named<Shared>; readonly update: Update<Slot, Maybe> };
}

/** A running mean: moves `mean` towards `value` by the share `1 - kept`. */
export function movingAverage(mean: Tensor, value: Tensor, kept: number): Tensor {
  return mean.add(value.sub(mean).mul(1 - kept));
}
