/** Optimizers: rules, with the variables in which they remember. */
import type { Tensor, Variable } from '@tensorflow/tfjs';
import type { Tf } from '../../engine.ts';
import type { NamedVariable } from '../state.ts';
import { adagrad, type AdagradArguments } from './adagrad.ts';
import { adam, type AdamArguments, type AdamWArguments } from './adam.ts';
import { adamax, type AdamaxArguments } from './adamax.ts';
import { startRate } from './learning-rate.ts';
import { nadam, type NadamArguments } from './nadam.ts';
import { rmsprop, type RMSpropArguments } from './rmsprop.ts';
import type { Named, UpdateRule } from './rule.ts';
import type { LearningRate } from './schedules.ts';
import { sgd, type SGDArguments } from './sgd.ts';

/** An optimizer by its Keras name, with all of its arguments. */
export type OptimizerChoice =
  | { readonly SGD: SGDArguments }
  | { readonly RMSprop: RMSpropArguments }
  | { readonly Adam: AdamArguments }
  | { readonly AdamW: AdamWArguments }
  | { readonly Nadam: NadamArguments }
  | { readonly Adamax: AdamaxArguments }
  | { readonly Adagrad: AdagradArguments };

/**
 * Changes weights by their gradients. Everything that changes from step to step, including the learning rate, is in variables or
 * follows from the number of the step. So a traced step contains no number that is valid only once.
 */
export interface Optimizer {
  /**
   * `learning_rate`, unless a schedule gives it, and the optimizer's state; the names do not depend on the
   * process. Between two steps, the learning rate may be set to another.
   */
  readonly variables: readonly NamedVariable[];
  /**
   * Takes one step.
   *
   * @param gradients one for each weight, in their order; undefined if the loss does not depend on the weight, which
   *   then stays as it is
   * @param step int32 scalar: the number of steps taken before
   */
  apply(gradients: readonly (Tensor | undefined)[], step: Tensor): void;
  dispose(): void;
}

/** The learning rate of any optimizer. */
export function learningRateOf(choice: OptimizerChoice): LearningRate {
  const [args] = Object.values<{ readonly learning_rate: LearningRate }>(choice);
  if (args === undefined) throw new TypeError('an optimizer without a name');
  return args.learning_rate;
}

/** How many numbers an optimizer remembers for each number of a weight. */
export function slotCount(choice: OptimizerChoice): number {
  return Object.values<number | undefined>(slotsOf(choice)).filter((value) => value !== undefined).length;
}

function slotsOf(choice: OptimizerChoice): Readonly<Record<string, number | undefined>> {
  if ('SGD' in choice) return sgd(choice.SGD).slots;
  if ('RMSprop' in choice) return rmsprop(choice.RMSprop).slots;
  if ('Adam' in choice) return adam(choice.Adam).slots;
  if ('AdamW' in choice) return adam(choice.AdamW).slots;
  if ('Nadam' in choice) return nadam(choice.Nadam).slots;
  if ('Adamax' in choice) return adamax(choice.Adamax).slots;
  return adagrad(choice.Adagrad).slots;
}

/** @param weights the variables to change; their order is that of the slots' names */
export function createOptimizer(tf: Tf, choice: OptimizerChoice, weights: readonly Variable[]): Optimizer {
  if ('SGD' in choice) return start(tf, sgd(choice.SGD), choice.SGD, weights);
  if ('RMSprop' in choice) return start(tf, rmsprop(choice.RMSprop), choice.RMSprop, weights);
  if ('Adam' in choice) return start(tf, adam(choice.Adam), choice.Adam, weights);
  if ('AdamW' in choice)
    return start(tf, adam(choice.AdamW, choice.AdamW.weight_decay), choice.AdamW, weights);
  if ('Nadam' in choice) return start(tf, nadam(choice.Nadam), choice.Nadam, weights);
  if ('Adamax' in choice) return start(tf, adamax(choice.Adamax), choice.Adamax, weights);
  return start(tf, adagrad(choice.Adagrad), choice.Adagrad, weights);
}

function start<Slot extends string, Maybe extends string, Shared extends string>(
  tf: Tf,
  rule: UpdateRule<Slot, Maybe, Shared>,
  { learning_rate }: { readonly learning_rate: LearningRate },
  weights: readonly Variable[],
): Optimizer {
  const filled = (shape: number[], value: number): Variable =>
    tf.tidy(() => tf.variable(tf.fill(shape, value), false));
  const rate = startRate(tf, learning_rate);
  const shared = mapValues(rule.shared, (value) => filled([], value));
  const slots = weights.map((weight) => mapValues(rule.slots, (value) => filled(weight.shape, value)));
  const variables: NamedVariable[] = [
    ...rate.variables,
    ...named('', shared),
    ...slots.flatMap((slotsOfWeight, index) => named(`${index}/`, slotsOfWeight)),
  ];
  return {
    variables,
    apply(gradients, step) {
      tf.tidy(() => {
        const count = step.add(tf.scalar(1, 'int32')).cast('float32');
        const prepared = rule.prepareStep(tf, { count, learningRate: rate.at(step) }, tensors(shared));
        assign(shared, prepared.shared);
        for (const [index, weight] of weights.entries()) {
          const gradient = gradients[index];
          const own = slots[index];
          if (gradient === undefined || own === undefined) continue;
          tf.tidy(() => {
            const next = prepared.update(weight, gradient, tensors(own));
            weight.assign(next.weight);
            assign(own, next.slots);
          });
        }
      });
    },
    dispose() {
      for (const { variable } of variables) variable.dispose();
    },
  };
}

type Variables = ReadonlyMap<string, Variable>;

function mapValues(
  values: Readonly<Record<string, number | undefined>>,
  make: (value: number) => Variable,
): Variables {
  return new Map(
    Object.entries(values).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, make(value)] as const],
    ),
  );
}

function named(prefix: string, variables: Variables): NamedVariable[] {
  return [...variables].map(([name, variable]) => ({ name: `${prefix}${name}`, variable }));
}

/** Typed as a rule sees them. The names are the rule's own: the only cast of this file. */
function tensors<Name extends string, Maybe extends string>(variables: Variables): Named<Name, Maybe> {
  return Object.fromEntries(variables) as unknown as Named<Name, Maybe>;
}

function assign(variables: Variables, values: Readonly<Record<string, Tensor | undefined>>): void {
  for (const [name, variable] of variables) {
    const value = values[name];
    if (value !== undefined) variable.assign(value);
  }
}
