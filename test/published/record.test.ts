/** `reproduced.json` is read again as it was written; anything else in it is left out. */
import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  addReproduced,
  parseReproduced,
  readReproduced,
  reproducedFile,
  type Obtained,
} from '../../src/published/record.ts';

const OBTAINED: Obtained = {
  hourglass: '0.2.0',
  date: '2026-11-27',
  engine: { kind: 'portable' },
  settings: 'abc',
  seeds: 2,
  cost: { seconds: 1.5, processor: 2.5, memory: 1e8 },
  figures: [{ metric: 'trained.loss', parameters: { digit: 3 }, values: [1, 2] }],
};

test('what was written is read, also into a folder that does not exist yet', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'hourglass-reproduced-'));
  t.after(() => rm(folder, { recursive: true }));
  assert.deepEqual(await readReproduced(folder), {});
  const outputs = join(folder, 'outputs');
  await addReproduced(outputs, 'vae', OBTAINED);
  assert.deepEqual(await readReproduced(outputs), { vae: OBTAINED });
  const newer = { ...OBTAINED, seeds: 3 };
  await addReproduced(outputs, 'vae', newer);
  assert.deepEqual(await readReproduced(outputs), { vae: newer });
  await writeFile(reproducedFile(outputs), '{ "vae": ');
  assert.deepEqual(await readReproduced(outputs), {});
});

test('results that are added at the same time are all kept', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'hourglass-reproduced-'));
  t.after(() => rm(folder, { recursive: true }));
  const names = Array.from({ length: 12 }, (_, index) => `result-${index}`);
  await Promise.all(names.map((name) => addReproduced(folder, name, OBTAINED)));
  assert.deepEqual(Object.keys(await readReproduced(folder)).sort(), names.sort());
  assert.deepEqual(await readdir(folder), ['reproduced.json']);
});

test('entries that do not have the form of results are left out', () => {
  const damaged: readonly Partial<Record<keyof Obtained, unknown>>[] = [
    { settings: 1 },
    { seeds: 'two' },
    { cost: {} },
    { cost: { seconds: 1, memory: '1 GB' } },
    { figures: {} },
    { figures: [{ metric: 'a.b', parameters: {}, values: ['1'] }] },
    { figures: [{ metric: 'a.b', values: [1] }] },
  ];
  for (const change of damaged) {
    const text = JSON.stringify({ good: OBTAINED, bad: { ...OBTAINED, ...change } });
    assert.deepEqual(parseReproduced(text), { good: OBTAINED });
  }
});

test('no text is an error', () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json()), (text) => {
      assert.equal(typeof parseReproduced(text), 'object');
    }),
  );
});
