/** A plugin: a stage type `blur` that softens images with a box filter. */
import {
  readImages,
  readImageSet,
  toFloat32,
  writeImageSet,
  type ImageArray,
  type ImageShape,
  type NodeDefinition,
  type Split,
} from 'hourglass-autoencoders/plugin';

interface BlurSettings {
  readonly type: 'blur';
  readonly data: string;
  readonly radius: number;
}

const blur: NodeDefinition<BlurSettings> = {
  type: 'blur',
  version: 1,
  schema: {
    type: 'object',
    additionalProperties: false,
    required: ['type', 'data'],
    properties: {
      type: { description: 'Softens images.', const: 'blur' },
      data: { description: 'Name of the stage whose images are blurred.', type: 'string' },
      radius: {
        description: 'Pixels on each side that are averaged, 1 to 16.',
        type: 'integer',
        minimum: 1,
        maximum: 16,
        default: 1,
      },
    },
  },
  inputs: { data: { accepts: ['images'] } },
  outputs: 'images',
  draws: false,
  engine: false,

  // Blurred images have the shape, the range and the splits of the sharp ones, and are a corruption of them.
  analyze({ inputs, references }) {
    const { data } = inputs;
    if (data?.kind !== 'images') return undefined;
    // What steps made of the clean images is told apart by `identity`; these images are others.
    const { identity, ...rest } = data;
    if (data.corruptionOf !== undefined) return rest;
    return { ...rest, corruptionOf: references['data'], cleanIdentity: identity };
  },

  async run({ inputs, settings, folder }) {
    const source = inputs['data']?.folder ?? '';
    const record = await readImageSet(source);
    const splits: Partial<Record<Split, ImageArray>> = {};
    for (const split of ['train', 'test'] as const) {
      if (record.splits[split] === undefined) continue;
      const images = await readImages(source, split);
      const data = boxFilter(toFloat32(images), record.shape, settings.radius);
      splits[split] = { ...images, data, scale: 1, offset: 0 };
    }
    await writeImageSet(folder, { shape: record.shape, range: record.range, splits });
    return {};
  },
};

export default blur;

/** The mean over a square of side `2 radius + 1`; at the border, over the part of it that lies inside. */
function boxFilter(
  pixels: Float32Array,
  [height, width, channels]: ImageShape,
  radius: number,
): Float32Array {
  const result = new Float32Array(pixels.length);
  const size = height * width * channels;
  for (let start = 0; start < pixels.length; start += size) {
    for (let row = 0; row < height; row++) {
      for (let column = 0; column < width; column++) {
        for (let channel = 0; channel < channels; channel++) {
          let sum = 0;
          let count = 0;
          for (let y = Math.max(0, row - radius); y <= Math.min(height - 1, row + radius); y++) {
            for (let x = Math.max(0, column - radius); x <= Math.min(width - 1, column + radius); x++) {
              sum += pixels[start + (y * width + x) * channels + channel] ?? 0;
              count += 1;
            }
          }
          result[start + (row * width + column) * channels + channel] = sum / count;
        }
      }
    }
  }
  return result;
}
