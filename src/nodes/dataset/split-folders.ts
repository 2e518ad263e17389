/** Where the source `images` reads its splits. */
import { resolve } from 'node:path';
import type { ImagesDatasetSettings } from '../../schema/generated/settings.ts';
import type { Split } from '../../core/stage-type.ts';

export interface SplitFolder {
  readonly split: Split;
  /** As the settings name it. */
  readonly path: string;
  /** Absolute path. */
  readonly folder: string;
  /** Absolute path of the other split's folder, which may lie in this one. */
  readonly without?: string;
}

export function foldersOf(
  { path, test_path: testPath }: ImagesDatasetSettings,
  pipelineFolder: string,
): readonly SplitFolder[] {
  const folder = resolve(pipelineFolder, path);
  if (testPath === undefined) return [{ split: 'train', path, folder }];
  const test = resolve(pipelineFolder, testPath);
  return [
    { split: 'train', path, folder, without: test },
    { split: 'test', path: testPath, folder: test, without: folder },
  ];
}
