/** Other names for kinds of noise and figures, and for data sets. */
import type { Json } from '../../core/json.ts';

/** A kind of noise or of figure. */
export function kindMeant(written: Json): Json | undefined {
  const letters = String(written)
    .toLowerCase()
    .replace(/[^a-z&]/g, '');
  const kinds: Readonly<Record<string, string>> = {
    normal: 'gaussian',
    gauss: 'gaussian',
    randn: 'gaussian',
    gaussiannoise: 'gaussian',
    additive: 'gaussian',
    saltpepper: 'salt_and_pepper',
    'salt&pepper': 'salt_and_pepper',
    's&p': 'salt_and_pepper',
    impulse: 'salt_and_pepper',
    dropout: 'masking',
    mask: 'masking',
    shot: 'poisson',
    cutout: 'occlusion',
    gaussianblur: 'blur',
    reconstruction: 'comparison',
    reconstructions: 'comparison',
    loss: 'history',
    curves: 'history',
    learningcurve: 'history',
    grid: 'images',
    gif: 'animation',
    interpolation: 'traversal',
  };
  return Object.hasOwn(kinds, letters) ? kinds[letters] : undefined;
}

/** A source of images. */
export function sourceMeant(written: string): Json | undefined {
  const letters = (written.split('.').at(-1) ?? written).toLowerCase().replace(/[^a-z]/g, '');
  const sources: Readonly<Record<string, string>> = {
    mnist: 'mnist',
    fashionmnist: 'fashion-mnist',
    fashion: 'fashion-mnist',
    lfw: 'lfw',
    fetchlfwpeople: 'lfw',
    folder: 'images',
    imagefolder: 'images',
    directory: 'images',
    numpy: 'npy',
  };
  return Object.hasOwn(sources, letters) ? sources[letters] : undefined;
}
