/** The templates of `hourglass init --template`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../core/package-root.ts';
import { exampleImages } from './example-images.ts';

export interface Template {
  /** A sentence about it, for the help and for the README of the folder. */
  readonly about: string;
  /** Paths below the package: the pipeline to run first, then those that it extends or that belong to it. */
  readonly pipelines: readonly [string, ...string[]];
  /** The command for the first pipeline. */
  readonly command?: 'run' | 'sweep';
  /** An option that every command needs. */
  readonly option?: string;
  /** Things to try, one sentence each. */
  readonly tries?: readonly string[];
  /** Other files, by their paths in the new folder; those of `images/` are not written if that folder already exists. */
  readonly extra?: () => ReadonlyMap<string, Uint8Array>;
  /** What the README says about other files, by path. */
  readonly extraFiles?: Readonly<Record<string, string>>;
}

const COURSEWORK = 'pipelines/coursework';

const examplePlugin = (): ReadonlyMap<string, Uint8Array> =>
  new Map([['blur.ts', readFileSync(join(packageRoot, 'examples', 'blur', 'blur.ts'))]]);

/** By name. A new template needs an entry here, and its pipeline. */
export const TEMPLATES = {
  quickstart: {
    about: 'A small convolutional autoencoder learns to remove noise from handwritten digits.',
    pipelines: ['pipelines/quickstart.yaml'],
    tries: [
      'another `latent_size`',
      'more or less noise: `stddev` of the stage `noisy`',
      'a digit of your own: `hourglass apply quickstart.yaml digit.png`, with `--invert` for black ink on white',
    ],
  },
  autoencoder: {
    about: 'A deep dense autoencoder of handwritten digits.',
    pipelines: [`${COURSEWORK}/mnist-autoencoder.yaml`],
    tries: ['a first look in seconds: `-S params.images=5000 -S params.epochs=3`', 'another `latent_size`'],
  },
  denoising: {
    about:
      'Noise on handwritten digits, what a dense autoencoder makes of it, and a convolutional one that removes it.',
    pipelines: [
      `${COURSEWORK}/mnist-denoising.yaml`,
      `${COURSEWORK}/mnist-autoencoder.yaml`,
      `${COURSEWORK}/mnist-denoising-strided.yaml`,
    ],
    tries: ['a first look: `-S params.images=5000 -S params.epochs=3 -S params.denoiser_epochs=2`'],
  },
  faces: {
    about: 'Faces of Labeled Faces in the Wild (a download of 230 MB), reconstructed and denoised.',
    pipelines: [`${COURSEWORK}/faces-autoencoder.yaml`],
    tries: [
      'a first look: `-S params.images=2000 -S params.epochs=3`',
      'colour: `color: rgb`, and 3 channels',
    ],
  },
  'latent-sweep': {
    about: 'How small can the latent vector be? Six sizes, three seeds each.',
    pipelines: ['pipelines/latent-sweep.yaml'],
    command: 'sweep',
    tries: ['a first look: `-S params.images=5000 -S params.epochs=5`', 'other sizes: `sweep.parameters`'],
  },
  'adaptive-sweep': {
    about: 'Five parameters of an autoencoder at once, chosen by the results so far.',
    pipelines: ['pipelines/adaptive-sweep.yaml'],
    command: 'sweep',
    tries: [
      'random values: `-S sweep.method=random`',
      'many short trainings, the best of them longer: `-S sweep.method=halving`',
    ],
  },
  'latent-space': {
    about:
      'What the latent vectors of handwritten digits say about the digits: classifiers, maps and traversals.',
    pipelines: ['pipelines/latent-space.yaml'],
    tries: ['a first look: `-S params.images=5000 -S params.points=1000`', 'another `latent_size`'],
  },
  vae: {
    about:
      'Two variational autoencoders of handwritten digits, and digits that nobody wrote; then a VQ-VAE and a Wasserstein autoencoder.',
    pipelines: ['pipelines/vae.yaml', 'pipelines/vq-vae.yaml', 'pipelines/wae.yaml'],
    tries: ['another `latent_size`', '`kl: { weight: 4 }` for the stage `trained`: a beta-VAE'],
  },
  structures: {
    about:
      'Autoencoders with residual blocks, with tied weights, with a sparse code, and with the class of the image as a condition.',
    pipelines: ['pipelines/structures.yaml'],
    tries: ['more blocks', 'another `latent_size`'],
  },
  anomaly: {
    about: 'An autoencoder that has only seen one digit finds the others.',
    pipelines: ['pipelines/anomaly.yaml'],
    tries: ['another `digit`', 'another score: `score: latent_distance` for the stage `anomalies`'],
  },
  coursework: {
    about: 'A coursework of 18 exercises on autoencoders. The first pipeline answers exercises 1 to 6.',
    pipelines: [
      `${COURSEWORK}/mnist-autoencoder.yaml`,
      `${COURSEWORK}/mnist-denoising.yaml`,
      `${COURSEWORK}/mnist-denoising-strided.yaml`,
      `${COURSEWORK}/faces-autoencoder.yaml`,
      'pipelines/latent-sweep.yaml',
    ],
    tries: ['your student number at `seed`', 'a first look: `-S params.images=5000 -S params.epochs=3`'],
  },
  'own-images': {
    about: 'An autoencoder of your own pictures, which go into the folder `images/`.',
    pipelines: ['templates/own-images/own-images.yaml'],
    tries: [
      'your own pictures: replace those in `images/`',
      'how Hourglass reads them: `hourglass data own-images.yaml pictures`',
    ],
    extra: exampleImages,
    extraFiles: { 'images/': 'the pictures: put yours here' },
  },
  plugin: {
    about:
      'A stage type of your own, in TypeScript: it blurs images, and an autoencoder learns to sharpen them.',
    pipelines: ['examples/blur/deblurring.yaml'],
    option: '--allow-plugins',
    tries: ['another `radius`', 'a setting of your own, in the `schema` of `blur.ts`'],
    extra: examplePlugin,
    extraFiles: { 'blur.ts': 'the plugin: the stage type `blur`' },
  },
} as const satisfies Readonly<Record<string, Template>>;

/** The template of a folder for teachers, without a pipeline to run. */
export const ASSIGNMENT = 'assignment';

export type TemplateName = keyof typeof TEMPLATES | typeof ASSIGNMENT;

export const TEMPLATE_NAMES = [...Object.keys(TEMPLATES), ASSIGNMENT] as readonly TemplateName[];
