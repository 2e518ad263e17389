/** What to report about a residual block whose output does not have the shape of its input. */
import type { LayerSpec } from '../schema/generated/settings.ts';
import { type Layer, type Path, type Shape, layerOf, layerPath, sameShape, shapeText } from './layer.ts';
import { pairOf } from './rule.ts';

export interface SumProblem {
  readonly code: 'shape-mismatch';
  readonly message: string;
  readonly hint: string;
  /** The path inside the block's list of layers. */
  readonly at: Path;
}

/**
 * Checks that a block can add its input to its output.
 *
 * @param outputs of each layer of the block
 */
export function sumProblem(
  specs: readonly LayerSpec[],
  input: Shape,
  outputs: readonly Shape[],
): SumProblem | undefined {
  const output = outputs.at(-1) ?? input;
  if (sameShape(input, output)) return undefined;
  const layers = specs.map((spec, index): Inside => ({
    ...{ spec, index, layer: layerOf(spec) },
    ...{ input: outputs[index - 1] ?? input, output: outputs[index] ?? input },
  }));
  const changes = changesOf(layers, input, output);
  const [first] = changes;
  return {
    code: 'shape-mismatch',
    message: `\`Residual\` adds its input, ${shapeText(input)}, to the output of its layers, ${shapeText(output)}: both need the same shape`,
    hint:
      changes.length === 0
        ? `let the layers of the block end with ${shapeText(input)}`
        : changes.map(({ hint }) => hint).join(', and '),
    at: first?.at ?? [],
  };
}

interface Inside {
  readonly spec: LayerSpec;
  readonly index: number;
  readonly layer: Layer;
  readonly input: Shape;
  readonly output: Shape;
}

interface Change {
  readonly hint: string;
  readonly at: Path;
}

function changesOf(layers: readonly Inside[], input: Shape, output: Shape): readonly Change[] {
  const reshaping = layers.find((each) => each.input.length !== each.output.length);
  if (input.length !== output.length && reshaping !== undefined) {
    const { index, layer, spec } = reshaping;
    return [{ hint: `move \`${layer.name}\` out of the block`, at: layerPath([], index, spec) }];
  }
  return [
    ...layers.flatMap((each) => sizeChange(each) ?? []),
    ...(input.at(-1) === output.at(-1) ? [] : widthChange(layers, input.at(-1) ?? 1)),
  ];
}

/** How a layer would keep the size of an image. */
function sizeChange({ spec, index, layer, input, output }: Inside): Change | undefined {
  if (input.length !== 3 || output.length !== 3) return undefined;
  if (sameShape(input.slice(0, 2), output.slice(0, 2))) return undefined;
  const { name, args } = layer;
  if (name !== 'Conv2D' && name !== 'Conv2DTranspose') {
    return { hint: `move \`${name}\` out of the block`, at: layerPath([], index, spec) };
  }
  const strided = Math.max(...pairOf(args.strides)) > 1;
  const wanted = [
    ...(strided ? ['`strides: 1`'] : []),
    ...(args.padding === 'valid' ? ['`padding: same`'] : []),
  ];
  return {
    hint: `write ${wanted.join(' and ')} in this \`${name}\``,
    at: layerPath([], index, spec, strided ? 'strides' : 'padding'),
  };
}

/** The last layer with a width gets that of the input. */
function widthChange(layers: readonly Inside[], width: number): readonly Change[] {
  const last = layers.findLast(({ input, output }) => input.at(-1) !== output.at(-1));
  if (last === undefined) return [];
  const { spec, index, layer } = last;
  const argument = 'filters' in layer.args ? 'filters' : 'units' in layer.args ? 'units' : undefined;
  if (argument === undefined) {
    return [{ hint: `move \`${layer.name}\` out of the block`, at: layerPath([], index, spec) }];
  }
  return [
    {
      hint: `write \`${argument}: ${width}\` in the last \`${layer.name}\``,
      at: layerPath([], index, spec, argument),
    },
  ];
}
