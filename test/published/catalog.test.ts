/** The published results that come with Hourglass, and their pipelines. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { Ajv } from 'ajv';
import { loadChecked } from '../../src/cli/commands/load.ts';
import { canonicalJson, type JsonObject } from '../../src/core/json.ts';
import { pipelineOf, readCatalog } from '../../src/published/catalog.ts';
import { settingsHash } from '../../src/published/settings.ts';
import { readSchema } from '../../src/schema/schemas.ts';

const catalog = readCatalog();
const folder = dirname(pipelineOf('any'));

test('the table fits its schema', () => {
  const ajv = new Ajv({ allErrors: true });
  const text = readFileSync(join(folder, 'published.json'), 'utf8');
  const { $schema: _schema, ...table } = JSON.parse(text) as JsonObject;
  assert.equal(ajv.validate({ ...readSchema('published') }, table), true, ajv.errorsText());
});

test('each result has a pipeline of its name, and each pipeline a result', () => {
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  assert.deepEqual(files.sort(), [...catalog.keys()].map((name) => `${name}.yaml`).sort());
});

for (const [name, { figures }] of catalog) {
  test(`${name}: its pipeline is valid, and measures each figure with every seed`, async () => {
    const { located, trials, diagnostics } = await loadChecked(pipelineOf(name), { trials: true });
    assert.deepEqual(diagnostics, []);
    assert.equal(located?.pipeline.name, name);
    const seeds = located?.pipeline.sweep?.replicates ?? 0;
    for (const { metric, parameters = {}, text, value } of figures) {
      const own = trials?.filter((trial) => canonicalJson(trial.parameters) === canonicalJson(parameters));
      assert.equal(own?.length, seeds, `${metric}: no trial has ${JSON.stringify(parameters)}`);
      const asked = await loadChecked(pipelineOf(name), { trials: true, metric: `${metric}:min` });
      assert.deepEqual(asked.diagnostics, []);
      const numbers = [...text.matchAll(/\d+(?:\.\d+)?/g)].map(Number);
      assert.ok(numbers.includes(value), `${text} does not name ${value}`);
    }
  });
}

test('the settings of a result are told apart from others, and do not depend on the engine', async () => {
  const [name = ''] = catalog.keys();
  const hashOf = async (set: readonly string[]): Promise<string> => {
    const { located, trials } = await loadChecked(pipelineOf(name), { trials: true, set });
    assert.ok(located !== undefined && trials !== undefined);
    return settingsHash(located, trials);
  };
  assert.equal(await hashOf([]), await hashOf([]));
  assert.notEqual(await hashOf([]), await hashOf(['seed=7']));
  assert.notEqual(await hashOf([]), await hashOf(['sweep.replicates=2']));
});
