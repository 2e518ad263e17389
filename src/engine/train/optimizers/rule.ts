/** What an optimizer is: how one step changes one weight. Pure functions of tensors, so that a step can be traced. */
import type { Tensor } from '@tensorflow/tfjs';
import type { Tf } from '../../engine.ts';

/** Scalars that one step has in common for all weights; float32. */
export interface StepScalars {
  /** The number of the step, from 1. */
  readonly count: Tensor;
  readonly learningRate: Tensor;
}

/** Tensors by name; those of `Maybe` only where the optimizer's arguments ask for them. */
export type Named<Name extends string, Maybe extends string = never> = Readonly<
  Record<Name, Tensor> & Partial<Record<Maybe, Tensor>>
>;

/** Makes a weight's next value, and those of its slots, from the present ones and the weight's gradient. */
export type Update<Slot extends string, Maybe extends string = never> = (
  weight: Tensor,
  gradient: Tensor,
  slots: Named<Slot, Maybe>,
) => { readonly weight: Tensor; readonly slots: Named<Slot, Maybe> };

/**
 * The rule of one optimizer with its arguments. `Slot` and `Maybe` name what is remembered for each weight, `Shared` the
 * scalars that are remembered once; by Keras's names.
 */
export interface UpdateRule<
  Slot extends string,
  Maybe extends string = never,
  Shared extends string = never,
> {
  /** What the slots of a weight are filled with before the first step; a slot that is not here is not kept. */
  readonly slots: Readonly<Record<Slot, number> & Partial<Record<Maybe, number>>>;
  readonly shared: Readonly<Record<Shared, number>>;
  /** Computes once a step what does not depend on the weight. */
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
