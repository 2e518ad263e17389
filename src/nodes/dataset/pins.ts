/** SHA-256 of the files of known data sets. */
import type { LfwDatasetSettings } from '../../schema/generated/settings.ts';
import type { Split } from '../../core/stage-type.ts';

/** As scikit-learn pins the archives. */
const LFW = {
  funneled: 'b47c8422c8cded889dc5a13418c4bc2abbda121092b3533a83306f90d900100a',
  original: '055f7d9c632d7370e6fb4afc7468d40f970c34a80d4c6f50ffec63f5a8d536c0',
} as const;

/** Of the archive that the settings ask for. */
export function lfwSha256({ sha256, funneled }: LfwDatasetSettings): string {
  return sha256 ?? (funneled ? LFW.funneled : LFW.original);
}

/** A gzipped IDX file. `sha256` is that of its content: Debian and the authors have packed the same bytes in different ways. */
export interface IdxPin {
  readonly split: Split;
  readonly part: 'images' | 'labels';
  readonly name: string;
  readonly sha256: string;
}

export const FASHION_MNIST_FILES: readonly IdxPin[] = [
  {
    split: 'train',
    part: 'images',
    name: 'train-images-idx3-ubyte.gz',
    sha256: 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
  },
  {
    split: 'train',
    part: 'labels',
    name: 'train-labels-idx1-ubyte.gz',
    sha256: 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
  },
  {
    split: 'test',
    part: 'images',
    name: 't10k-images-idx3-ubyte.gz',
    sha256: '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
  },
  {
    split: 'test',
    part: 'labels',
    name: 't10k-labels-idx1-ubyte.gz',
    sha256: '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
  },
];
