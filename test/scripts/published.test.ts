/** The curves of a shortened training, beside what the long one reached. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rig } from '../rig.ts';
import { readCatalog } from '../../src/published/catalog.ts';
import { iwaeCurves } from '../../scripts/published/curves.ts';

test('the bounds are drawn once both trainings are done', async (t) => {
  const rigged = rig(t);
  const publication = readCatalog().get('iwae');
  assert.ok(publication !== undefined);
  const trial = (id: string, samples: number, state: string) => ({
    ...{ id, state, parameters: { samples }, replicate: 1, seed: 1, seconds: 1, metrics: {}, stages: {} },
  });
  const write = (state: string): void => {
    const trials = [trial('a1', 1, 'done'), trial('b5', 5, state)];
    rigged.write('sweep.json', JSON.stringify({ status: 'done', pipeline: 'iwae', sweep: {}, trials }));
  };
  for (const id of ['a1', 'b5']) {
    const rows = Array.from({ length: 20 }, (_, index) => `${index + 1},${90 + 50 / (index + 1)}`);
    rigged.write(`trials/${id}/trained/history.csv`, `epoch,loss\n${rows.join('\n')}\n`);
  }
  write('pending');
  assert.equal(await iwaeCurves(rigged.folder, publication), undefined);
  write('done');
  const figure = await iwaeCurves(rigged.folder, publication);
  for (const { text } of publication.figures) assert.ok(figure?.svg.includes(text));
});
