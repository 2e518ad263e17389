/** Which layers of a model take the trained weights of which layers of another, and which layers a training does not change. */
import { sizeOf } from '../core/shape.ts';
import type { Freeze } from '../schema/generated/settings.ts';
import { type Part, type Shape, sameShape, shapeText } from './layer.ts';

/** A layer whose weights can be taken, or replaced. */
export interface Holder {
  /** Its name in the model, such as `dense_1`. */
  readonly label: string;
  /** Such as `Dense`; absent if only its weights are known. */
  readonly kind?: string;
  readonly weights: readonly { readonly name: string; readonly shape: Shape }[];
}

/** The layers of both parts, in order. */
export type Holders<Each extends Holder = Holder> = Readonly<Record<Part, readonly Each[]>>;

export interface Match<From extends Holder, To extends Holder> {
  readonly part: Part;
  readonly from: From;
  readonly to: To;
}

/**
 * Pairs the layers that have weights: in the encoder from the first layer on, in the decoder from the last layer back. So a model
 * can have more layers around its latent than the one it starts from.
 *
 * @param only the part of the model whose layers are paired; both by default
 */
export function matchLayers<From extends Holder, To extends Holder>(
  start: Holders<From>,
  model: Holders<To>,
  only?: Part,
): readonly Match<From, To>[] {
  const pairs = (part: Part, from: readonly From[], to: readonly To[]): Match<From, To>[] =>
    from.flatMap((layer, index) => {
      const other = to[index];
      return other === undefined ? [] : [{ part, from: layer, to: other }];
    });
  const matches = [
    ...pairs('encoder', weighted(start.encoder), weighted(model.encoder)),
    ...pairs('decoder', weighted(start.decoder).reverse(), weighted(model.decoder).reverse()).reverse(),
  ];
  return matches.filter(({ part }) => only === undefined || part === only);
}

function weighted<Each extends Holder>(layers: readonly Each[]): Each[] {
  return layers.filter(({ weights }) => weights.length > 0);
}

/** Whether one layer can take the weights of the other. */
export function isFit({ from, to }: Match<Holder, Holder>): boolean {
  if (from.kind !== undefined && to.kind !== undefined && from.kind !== to.kind) return false;
  return (
    from.weights.length === to.weights.length &&
    to.weights.every(({ name, shape }) => {
      const other = from.weights.find((weight) => weight.name === name);
      // A saved `PReLU` can have its slopes in another order of axes.
      const isSame = name === 'alpha' ? sizeOf(other?.shape ?? []) === sizeOf(shape) : undefined;
      return isSame ?? sameShape(other?.shape ?? [], shape);
    })
  );
}

/** What is wrong with layers that do not fit, and what to do. */
export function misfitText(
  { part, from, to }: Match<Holder, Holder>,
  names: { readonly start: string; readonly model: string },
  only?: Part,
): { readonly message: string; readonly hint: string } {
  const order =
    part === 'encoder' ? 'in the encoder from the first layer on' : 'in the decoder from the last layer back';
  return {
    message:
      `${layerText(from)} in the ${part} of \`${names.start}\` does not fit ` +
      `${layerText(to)} in that of \`${names.model}\``,
    hint: `layers with weights are matched ${order}: make these two equal, or ${
      only === undefined
        ? `take only the other part, with \`start_part: ${part === 'encoder' ? 'decoder' : 'encoder'}\``
        : 'train without `start_from`'
    }`,
  };
}

/** `dense_1` (Dense, kernel 128x32, bias 32) */
function layerText({ label, kind, weights }: Holder): string {
  const parts = weights.map(({ name, shape }) => `${name} ${shapeText(shape)}`);
  return `\`${label}\` (${[...(kind === undefined ? [] : [kind]), ...parts].join(', ')})`;
}

/** The entries of the two lists that `freeze` names; numbers beyond the last one are skipped. */
export function frozenEntries<Entry>(
  freeze: Freeze | undefined,
  { encoder, decoder }: Readonly<Record<Part, readonly Entry[]>>,
): readonly Entry[] {
  if (freeze === undefined) return [];
  if (typeof freeze === 'string') return freeze === 'encoder' ? encoder : decoder;
  const all = [...encoder, ...decoder];
  return freeze.flatMap((number) => {
    const entry = all[number - 1];
    return entry === undefined ? [] : [entry];
  });
}

export const NOTHING_TO_TRAIN = {
  message: '`freeze` leaves no weight to train',
  hint: 'leave at least one layer with weights out of `freeze`',
} as const;
