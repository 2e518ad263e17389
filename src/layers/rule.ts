/** The interface of layer rules: see `rules.ts` for the rules themselves. */
import type { InitializerSpec, Pair } from '../schema/generated/settings.ts';
import type { DiagnosticCode } from '../core/diagnostic.ts';
import type { LayerArguments, LayerName, Shape } from './layer.ts';

/** A weight that a layer has, by its Keras name. */
export interface Weight {
  readonly name: 'kernel' | 'bias' | 'alpha' | 'gamma' | 'beta' | 'moving_mean' | 'moving_variance';
  readonly shape: Shape;
  /** False for running statistics, which no optimizer changes. */
  readonly trainable: boolean;
  readonly initializer: InitializerSpec;
  /** Weights that are side by side along the last axis, each initialized separately. */
  readonly heads?: number;
}

/** Something wrong with a layer. */
export interface Problem {
  readonly code: DiagnosticCode;
  readonly message: string;
  readonly hint?: string;
  /** The invalid argument; absent for the layer as a whole. */
  readonly argument?: string;
}

/** What a rule knows about the position of its layer. */
export interface Site {
  readonly input: Shape;
  /** Begins a clause that ends with the input's shape: "`Dense` outputs", "the input is". */
  readonly giver: string;
  /** The last image before the input, if there was one. */
  readonly lastImage?: Shape;
  /** May be called more than once. */
  readonly report: (problem: Problem) => void;
}

export interface LayerRule<Args> {
  /** Whether the input must be [height, width, channels]; checked before `output` is called. */
  readonly image?: boolean;
  /** The output's shape; undefined if there is none, which is then reported. */
  output(args: Args, site: Site): Shape | undefined;
  /** The weights in the order of Keras, for an input for which there is an output. */
  weights?(args: Args, input: Shape): readonly Weight[];
}

export type LayerRules<Names extends LayerName = LayerName> = {
  readonly [Name in Names]: LayerRule<LayerArguments[Name]>;
};

/** The weights of dense and convolution layers. */
export function kernelAndBias(
  args: {
    readonly use_bias: boolean;
    readonly kernel_initializer: InitializerSpec;
    readonly bias_initializer: InitializerSpec;
  },
  kernel: Shape,
  channels: number,
): readonly Weight[] {
  return [
    { name: 'kernel', shape: kernel, trainable: true, initializer: args.kernel_initializer },
    ...(args.use_bias
      ? [{ name: 'bias', shape: [channels], trainable: true, initializer: args.bias_initializer } as const]
      : []),
  ];
}

/** A setting for both directions as [vertical, horizontal]. */
export function pairOf(pair: Pair): readonly [number, number] {
  return typeof pair === 'number' ? [pair, pair] : pair;
}
