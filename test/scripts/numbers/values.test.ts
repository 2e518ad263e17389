/** Values that documents quote are read from the outputs of runs and sweeps. */
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readValue } from '../../../scripts/numbers/values.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'numbers-'));
  const trial = (size: number, accuracy: number) => ({
    parameters: { size },
    metrics: { probe: { accuracy } },
  });
  const files = {
    'metrics.json': { quality: { mse: 0.25 } },
    'summary.json': { train: { shape: [60000, 28], mean: 33.3 } },
    'sweep.json': { answer: 'sixteen', trials: [trial(8, 0.5), trial(8, 0.7), trial(16, 0.9)] },
  };
  for (const [name, content] of Object.entries(files)) {
    await writeFile(join(folder, name), JSON.stringify(content));
  }
});
after(() => rm(folder, { recursive: true }));

test('metrics, values of files, and answers and means of sweeps', async () => {
  assert.equal(await readValue(folder, 'quality.mse'), 0.25);
  assert.equal(await readValue(folder, 'summary.json#train.mean'), 33.3);
  assert.equal(await readValue(folder, 'summary.json#train.shape.0'), 60000);
  assert.equal(await readValue(folder, 'answer'), 'sixteen');
  assert.equal(await readValue(folder, 'trials?size=8#probe.accuracy'), 0.6);
});

test('a missing value is an error', async () => {
  for (const source of ['quality.ssim', 'other.mse', 'summary.json#train', 'trials?size=9#probe.accuracy']) {
    await assert.rejects(readValue(folder, source), RangeError, source);
  }
});
