/** `tied_to`: a `Dense` of the decoder whose kernel is the transpose of an encoder's. Its size, and what can be wrong with it. */
import type { DenseArguments } from '../schema/generated/settings.ts';
import { type Layer, type Shape, shapeText } from './layer.ts';
import type { Problem } from './rule.ts';

/** A layer of the encoder's list. */
export interface EncoderLayer {
  readonly layer: Layer;
  /** Its name in the model. */
  readonly label: string;
  readonly input: Shape;
  readonly output: Shape;
  /** Whether the label is appended to its input. */
  readonly conditioned?: boolean;
}

export interface Tied {
  /** The layer with its units. */
  readonly args: DenseArguments & { readonly units: number };
  /** The name of the encoder's layer. */
  readonly to: string;
}

interface Place {
  /** The encoder's list; undefined for a layer of the encoder itself. */
  readonly encoder: readonly EncoderLayer[] | undefined;
  readonly input: Shape;
  /** Begins a clause that ends with the input's shape. */
  readonly giver: string;
}

/** Follows `tied_to`: the layer's units, or what is wrong. */
export function tie(
  args: DenseArguments,
  number: number,
  place: Place,
): Tied | { readonly problem: Problem } {
  const { encoder, input, giver } = place;
  const wrong = (code: Problem['code'], message: string, hint: string, argument = 'tied_to') => ({
    problem: { code, message, hint, argument },
  });
  if (encoder === undefined) {
    return wrong(
      'bad-setting',
      '`tied_to` is for layers of the decoder, but this `Dense` is in the encoder',
      'remove it here, and write it in the `Dense` of the decoder that undoes this layer',
    );
  }
  const source = encoder[number - 1];
  if (source === undefined) {
    const count = encoder.length === 1 ? '1 layer' : `${encoder.length} layers`;
    return wrong('out-of-range', `there is no layer ${number}: the encoder has ${count}`, choices(encoder));
  }
  if (source.layer.name !== 'Dense') {
    return wrong(
      'bad-setting',
      `layer ${number} of the encoder is \`${source.layer.name}\`, and only \`Dense\` layers can be tied`,
      choices(encoder),
    );
  }
  if (source.conditioned === true) {
    return wrong(
      'bad-setting',
      `layer ${number} of the encoder also takes the label, which the decoder does not output`,
      'tie another layer, or remove `tied_to`, and write `units`',
    );
  }
  const [given, taken, units] = [input.at(-1) ?? 0, source.output.at(-1) ?? 0, source.input.at(-1) ?? 0];
  if (given !== taken) {
    return wrong(
      'shape-mismatch',
      `tied to layer ${number}, this \`Dense\` takes the ${taken} values that it outputs, but ${giver} ${shapeText(input)}`,
      otherChoice(encoder, given) ??
        `let the layer before it output ${taken} values: tied layers undo those of the encoder, the last one first`,
    );
  }
  if (args.units !== undefined && args.units !== units) {
    return wrong(
      'shape-mismatch',
      `tied to layer ${number}, this \`Dense\` has ${units} units, as many as that layer has inputs, but \`units\` is ${args.units}`,
      'leave `units` out',
      'units',
    );
  }
  const unused = args.kernel_regularizer === null ? unusedInitializer(args) : 'kernel_regularizer';
  if (unused !== undefined) {
    return wrong(
      'bad-setting',
      `\`${unused}\` has no effect on a tied layer, whose kernel belongs to layer ${number} of the encoder`,
      'set it there',
      unused,
    );
  }
  return { args: { ...args, units }, to: source.label };
}

/** The default cannot be told from the same value in the file. */
function unusedInitializer({ kernel_initializer: initializer }: DenseArguments): string | undefined {
  return initializer === 'glorot_uniform' ? undefined : 'kernel_initializer';
}

/** "layers 2 and 3 are `Dense`" */
function choices(encoder: readonly EncoderLayer[]): string {
  const numbers = encoder.flatMap(({ layer }, index) => (layer.name === 'Dense' ? [index + 1] : []));
  const last = numbers.at(-1);
  if (last === undefined) return 'the encoder has no `Dense` to tie to: remove `tied_to`, and write `units`';
  if (numbers.length === 1) return `layer ${last} is a \`Dense\`; numbers count the encoder's list from 1`;
  return `layers ${numbers.slice(0, -1).join(', ')} and ${last} are \`Dense\`; numbers count the encoder's list from 1`;
}

function otherChoice(encoder: readonly EncoderLayer[], given: number): string | undefined {
  const index = encoder.findLastIndex(
    ({ layer, output }) => layer.name === 'Dense' && output.at(-1) === given,
  );
  return index === -1 ? undefined : `layer ${index + 1} outputs ${given}: write \`tied_to: ${index + 1}\``;
}
