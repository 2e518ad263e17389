/** What can be wrong with the initializer of a weight. */
import { type Initializer, initializerOf } from '../schema/initializers.ts';
import type { LayerName } from './layer.ts';
import type { Problem, Weight } from './rule.ts';

/** What is wrong with the initializer of a weight of this layer, if anything is. */
export function initializerProblem(
  layer: LayerName,
  { name: weight, initializer: spec, shape }: Weight,
): Problem | undefined {
  const initializer = initializerOf(spec);
  const name = typeof spec === 'string' ? spec : Object.keys(spec)[0];
  const argument = layer === 'VectorQuantizer' ? 'embeddings_initializer' : `${weight}_initializer`;
  if ('RandomUniform' in initializer) {
    const { minval, maxval } = initializer.RandomUniform;
    if (minval > maxval) {
      return {
        code: 'out-of-range',
        message: `\`minval\` is ${minval}, and larger than \`maxval\`, which is ${maxval}`,
        hint: `write \`{ RandomUniform: { minval: ${maxval}, maxval: ${minval} } }\``,
        argument,
      };
    }
  }
  if (layer === 'VectorQuantizer' && isConstant(initializer)) {
    return {
      code: 'bad-setting',
      message: `with \`${name}\`, all codes of \`VectorQuantizer\` begin equal, and only the first one is ever used`,
      hint: 'leave it out, or use a random distribution',
      argument,
    };
  }
  const isMatrix = 'Identity' in initializer ? shape.length === 2 : shape.length >= 2;
  if (('Identity' in initializer || 'Orthogonal' in initializer) && !isMatrix) {
    const kind = shape.length < 2 ? 'is a vector' : `has ${shape.length} axes`;
    return {
      code: 'bad-setting',
      message: `\`${name}\` is for matrices, but \`${weight}\` of \`${layer}\` ${kind}`,
      hint: `use \`${shape.length < 2 ? 'zeros' : 'orthogonal'}\`, or another distribution`,
      argument,
    };
  }
  return undefined;
}

/** Whether all values are equal. */
function isConstant(initializer: Initializer): boolean {
  if ('RandomUniform' in initializer)
    return initializer.RandomUniform.minval === initializer.RandomUniform.maxval;
  if ('RandomNormal' in initializer) return initializer.RandomNormal.stddev === 0;
  if ('TruncatedNormal' in initializer) return initializer.TruncatedNormal.stddev === 0;
  if ('Orthogonal' in initializer) return initializer.Orthogonal.gain === 0;
  if ('Identity' in initializer) return initializer.Identity.gain === 0;
  return 'Constant' in initializer;
}
