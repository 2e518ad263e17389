/** Optimizers: rules, with the variables in which they remember. */
import type { Tensor, Variable } from '@tensorflow/tfjs';
import type { Tf } from '../../engine.ts';
import type { NamedVariable } from '../state.ts';
import { adadelta, type AdadeltaArguments } from './adadelta.ts';
import { adagrad, type AdagradArguments } from './adagrad.ts';
import { adam, type AdamArguments } from './adam.ts';
import { adamax, type AdamaxArguments } from './adamax.ts';
import { clip, type ClippingArguments } from './clipping.ts';
import { startRate } from './learning-rate.ts';
import { nadam, type NadamArguments } from './nadam.ts';
import { rmsprop, type RMSpropArguments } from './rmsprop.ts';
import type { Named, UpdateRule } from './rule.ts';
import type { LearningRate } from './schedules.ts';
import { sgd, type SGDArguments } from './sgd.ts';

/** The arguments that every optimizer has besides its own. */
interface CommonArguments extends ClippingArguments {
  readonly learning_rate: LearningRate;
  /** The share of each weight, times the learning rate, that is subtracted at each step, 0 or more. */
  readonly weight_decay?: number;
}

/** An optimizer by its Keras name, with all of its arguments. */
export type OptimizerChoice =
  | { readonly SGD: SGDArguments & CommonArguments }
  | { readonly RMSprop: RMSpropArguments & CommonArguments }
  | { readonly Adam: AdamArguments & CommonArguments }
  | { readonly AdamW: AdamArguments & CommonArguments }
  | { readonly Nadam: NadamArguments & CommonArguments }
  | { readonly Adamax: AdamaxArguments & CommonArguments }
  | { readonly Adadelta: AdadeltaArguments & CommonArguments }
  | { readonly Adagrad: AdagradArguments & CommonArguments };

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
  return withRule(
    choice,
    ({ slots }) => Object.values<number | undefined>(slots).filter((value) => value !== undefined).length,
  );
}

interface RuleUser<Result> {
  <Slot extends string, Maybe extends string, Shared extends string>(
    rule: UpdateRule<Slot, Maybe, Shared>,
    args: CommonArguments,
  ): Result;
}

function withRule<Result>(choice: OptimizerChoice, use: RuleUser<Result>): Result {
  if ('SGD' in choice) return use(sgd(choice.SGD), choice.SGD);
  if ('RMSprop' in choice) return use(rmsprop(choice.RMSprop), choice.RMSprop);
  if ('Adam' in choice) return use(adam(choice.Adam), choice.Adam);
  if ('AdamW' in choice) return use(adam(choice.AdamW), choice.AdamW);
  if ('Nadam' in choice) return use(nadam(choice.Nadam), choice.Nadam);
  if ('Adamax' in choice) return use(adamax(choice.Adamax), choice.Adamax);
  if ('Adadelta' in choice) return use(adadelta(choice.Adadelta), choice.Adadelta);
  return use(adagrad(choice.Adagrad), choice.Adagrad);
}

/** @param weights the variables to change; their order is that of the slots' names */
export function createOptimizer(tf: Tf, choice: OptimizerChoice, weights: readonly Variable[]): Optimizer {
  return withRule(choice, (rule, args) => start(tf, rule, args, weights));
}

function start<Slot extends string, Maybe extends string, Shared extends string>(
  tf: Tf,
  rule: UpdateRule<Slot, Maybe, Shared>,
  args: CommonArguments,
  weights: readonly Variable[],
): Optimizer {
  const { learning_rate, weight_decay: decay = 0 } = args;
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
    apply(given, step) {
      tf.tidy(() => {
        const gradients = clip(tf, given, args);
        const count = step.add(tf.scalar(1, 'int32')).cast('float32');
        const learningRate = rate.at(step);
        const prepared = rule.prepareStep(tf, { count, learningRate }, tensors(shared));
        // I. Loshchilov, F. Hutter, "Decoupled weight decay regularization", arXiv:1711.05101: before the step, as in Keras.
        const lost = decay === 0 ? undefined : learningRate.mul(decay);
        assign(shared, prepared.shared);
        for (const [index, weight] of weights.entries()) {
          const gradient = gradients[index];
          const own = slots[index];
          if (gradient === undefined || own === undefined) continue;
          tf.tidy(() => {
            const decayed = lost === undefined ? weight : weight.sub(weight.mul(lost));
            const next = prepared.update(decayed, gradient, tensors(own));
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
