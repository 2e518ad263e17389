/** The shape and the weights of one layer at its position, and what can be wrong with it there. */
import { sizeOf } from '../core/shape.ts';
import { type Layer, type LayerArguments, type LayerName, type Shape, shapeText } from './layer.ts';
import type { LayerRule, Site, Weight } from './rule.ts';
import { layerRules } from './rules.ts';

/**
 * Numbers in one weight or in one layer's output for one image: 2^28, which is 1 GiB. A larger number is probably a typo,
 * and would only fail later, when memory is exhausted.
 */
const LARGEST = 2 ** 28;

/** The output and the weights of one layer; undefined (and reported) if it does not accept the input. */
export function inferLayer<Name extends LayerName>(
  { name, args }: Layer<Name>,
  site: Site,
): { readonly output: Shape; readonly weights: readonly Weight[] } | undefined {
  const rule: LayerRule<typeof args> = layerRules[name];
  if (rule.image === true && site.input.length !== 3) {
    site.report({
      code: 'shape-mismatch',
      message: `\`${name}\` needs height x width x channels, but ${site.giver} ${shapeText(site.input)}`,
      hint: imageHint(site),
    });
    return undefined;
  }
  const output = rule.output(args, site);
  if (output === undefined) return undefined;
  checkActivity(name, args, site);
  const weights = rule.weights?.(args, site.input) ?? [];
  const large = [output, ...weights.map(({ shape }) => shape)].find((shape) => sizeOf(shape) > LARGEST);
  if (large === undefined) return { output, weights };
  site.report({
    code: 'out-of-range',
    message: `\`${name}\` would need ${shapeText(large)} numbers, more than fit in memory`,
    hint: 'use smaller numbers in it, or make its input smaller in the layers before',
  });
  return undefined;
}

/** The divergence of Bernoulli distributions needs outputs that are shares. */
function checkActivity(name: LayerName, args: object, { report }: Site): void {
  const { activity_regularizer: penalty, activation } = args as Partial<LayerArguments['Dense']>;
  if (
    penalty?.kl === undefined ||
    ['sigmoid', 'hard_sigmoid', 'sparse_sigmoid', 'softmax'].includes(activation ?? '')
  )
    return;
  report({
    code: 'bad-setting',
    message: `the \`kl\` of an \`activity_regularizer\` needs outputs between 0 and 1, but this \`${name}\` has ${activation === undefined || activation === 'linear' ? 'no activation' : `\`activation: ${activation}\``}`,
    hint: 'use `activation: sigmoid`, or `l1`',
    argument: 'activity_regularizer',
  });
}

/** How to turn a vector into an image: with the size of the image before it, if there was one. */
function imageHint({ input, lastImage }: Site): string {
  if (input.length === 2) {
    const gray = `[${input.join(', ')}, 1]`;
    return `gray images have one channel: write \`input_shape: ${gray}\`, or put \`Reshape: { target_shape: ${gray} }\` before it`;
  }
  if (lastImage === undefined) return 'put a `Reshape` before it';
  const size = sizeOf(lastImage);
  const dense = size === sizeOf(input) ? '' : `\`Dense: { units: ${size} }\` and `;
  return `put ${dense}\`Reshape: { target_shape: [${lastImage.join(', ')}] }\` before it`;
}
