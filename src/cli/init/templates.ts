/** The templates of `hourglass init --template`. */
import { exampleImages } from './example-images.ts';

export interface Template {
  /** A sentence about it, for the help and for the README of the folder. */
  readonly about: string;
  /** Paths below the package: the pipeline to run first, then those that it extends or that belong to it. */
  readonly pipelines: readonly [string, ...string[]];
  /** The command for the first pipeline. */
  readonly command?: 'run' | 'sweep';
  /** Things to try, one sentence each. */
  readonly tries?: readonly string[];
  /** Other files, by their paths in the new folder; not written if their folder already exists. */
  readonly extra?: () => ReadonlyMap<string, Uint8Array>;
}

const COURSEWORK = 'pipelines/coursework';

/** By name. A new template needs an entry here, and its pipeline. */
export const TEMPLATES = {
  quickstart: {
    about: 'A small convolutional autoencoder learns to remove noise from handwritten digits.',
    pipelines: ['pipelines/quickstart.yaml'],
    tries: ['another `latent_size`', 'more or less noise: `stddev` of the stage `noisy`'],
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
  vae: {
    about: 'Two variational autoencoders of handwritten digits, and digits that nobody wrote.',
    pipelines: ['pipelines/vae.yaml'],
    tries: ['another `latent_size`', '`kl: { weight: 4 }` for the stage `trained`: a beta-VAE'],
  },
  'own-images': {
    about: 'An autoencoder of your own pictures, which go into the folder `images/`.',
    pipelines: ['templates/own-images/own-images.yaml'],
    tries: [
      'your own pictures: replace those in `images/`',
      'how Hourglass reads them: `hourglass data own-images.yaml pictures`',
    ],
    extra: exampleImages,
  },
} as const satisfies Readonly<Record<string, Template>>;

/** The template of a folder for teachers, without a pipeline to run. */
export const ASSIGNMENT = 'assignment';

export type TemplateName = keyof typeof TEMPLATES | typeof ASSIGNMENT;

export const TEMPLATE_NAMES = [...Object.keys(TEMPLATES), ASSIGNMENT] as readonly TemplateName[];
