/** The data sources, by the names that `source` has in pipelines. */
import type { DatasetSettings } from '../../../schema/generated/settings.ts';
import { csv } from './csv.ts';
import { fashionMnist } from './fashion-mnist.ts';
import { idx } from './idx.ts';
import { images } from './images.ts';
import { lfw } from './lfw.ts';
import { mnist } from './mnist.ts';
import { npy } from './npy.ts';
import { npz } from './npz.ts';
import { pairs } from './pairs.ts';
import type { SettingsOf, Source, SourceName } from './source.ts';

export const SOURCES: { readonly [Name in SourceName]: Source<SettingsOf<Name>> } = {
  csv,
  'fashion-mnist': fashionMnist,
  idx,
  images,
  lfw,
  mnist,
  npy,
  npz,
  pairs,
};

/** The source that settings name. It accepts only these settings. */
export function sourceOf({ source }: DatasetSettings): Source {
  return SOURCES[source];
}
