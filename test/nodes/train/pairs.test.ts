/** How a stage reads its images and targets. */
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { writeImageSet } from '../../../src/formats/images.ts';
import { imageSource } from '../../../src/nodes/train/pairs.ts';
import { temporaryFolder } from '../context.ts';
import { corrupted, imageStage, SHAPE, squares } from './rig.ts';

test('targets are in memory once, also with resampled noise', async (t) => {
  const root = temporaryFolder(t);
  const clean = squares(20, 1);
  const target = await imageStage(root, 'clean', { train: clean });
  const data = { stage: 'noisy', kind: 'images', folder: join(root, 'noisy') } as const;
  mkdirSync(data.folder);
  const noise = { mean: 0, stddev: 0.5, clip: [0, 1] } as const;
  const splits = { train: corrupted(clean, 2) };
  await writeImageSet(data.folder, { shape: SHAPE, range: [0, 1], splits, resample: { clean, noise } });
  const source = await imageSource({ data, target }, { inputShape: SHAPE, outputShape: SHAPE });
  const training = await source.readTraining({ radius: [1, 2], angle: [3, 4] });
  const validation = await source.read('train');
  assert.ok(training.x !== validation.x);
  assert.equal(training.y, validation.y);
});
