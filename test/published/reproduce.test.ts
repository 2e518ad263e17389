/** `hourglass reproduce`, by the two results that take seconds. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rig } from '../rig.ts';
import { readCatalog } from '../../src/published/catalog.ts';

test('a result is computed, compared with its source, recorded, and taken from the cache the next time', async (t) => {
  const rigged = rig(t);
  const first = await rigged.run(['reproduce', 'pca', '--json']);
  assert.equal(first.code, 0, first.stderr);
  const { status, results } = JSON.parse(first.stdout);
  assert.equal(status, 'done');
  const [{ name, source, seeds, cost, figures }] = results;
  assert.deepEqual([name, seeds, figures.length], ['pca', 1, 1]);
  assert.equal(source, readCatalog().get('pca')?.source);
  assert.equal(figures[0].verdict, 'met');
  assert.ok(Math.abs(figures[0].obtained.mean - 13.87) < 0.005);
  assert.deepEqual(figures[0].obtained.values, [figures[0].obtained.mean]);
  assert.ok(cost.memory > 1e8 && cost.processor > 0 && cost.seconds > 0);

  const { pca } = JSON.parse(rigged.read('outputs/reproduced.json'));
  assert.deepEqual([pca.cost, pca.seeds], [cost, 1]);
  const again = await rigged.run(['reproduce', 'pca']);
  assert.equal(again.code, 0);
  assert.match(again.stdout, /^pca .* 13\.87\*? +13\.87 +met$/m);
  assert.deepEqual(JSON.parse(rigged.read('outputs/reproduced.json')).pca.cost, cost);
});

test('a training gives the published loss', { timeout: 300_000 }, async (t) => {
  const { code, stdout, stderr } = await rig(t).run(['reproduce', 'keras-dense', '--seeds', '1', '--json']);
  assert.equal(code, 0, stderr);
  const [{ figures }] = JSON.parse(stdout).results;
  assert.deepEqual(
    figures.map(({ verdict }: { readonly verdict: string }) => verdict),
    ['met'],
  );
});

test('the list has every figure; an unknown name is told with the one that was meant', async (t) => {
  const rigged = rig(t);
  const { code, stdout } = await rigged.run(['reproduce', '--list']);
  assert.equal(code, 0);
  for (const [name, { figures }] of readCatalog()) {
    assert.match(stdout, new RegExp(`^${name} `, 'm'));
    for (const { text } of figures) assert.ok(stdout.includes(text));
  }
  const wrong = await rigged.run(['reproduce', 'pcaa']);
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /`pca`/);
  assert.equal((await rigged.run(['reproduce', 'pca', '--seeds', '0'])).code, 2);
});
