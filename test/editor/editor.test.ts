/** What an editor shows of the schema: driven through the language server that editors run. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { packageRoot } from '../../src/core/package-root.ts';
import { STAGE_TYPES } from '../../src/core/schemas.ts';
import { LanguageServer } from './language-server.ts';

let server: LanguageServer;
before(async () => {
  server = await LanguageServer.start();
});
after(() => server.stop());

/** The line by which the shipped pipelines name the schema. */
const HEAD = '# yaml-language-server: $schema=../schemas/pipeline.schema.json\nname: x\n';

async function labels(text: string): Promise<readonly string[]> {
  return (await server.complete(`${HEAD}${text}`)).map(({ label }) => label);
}

test('stage types are offered', async () => {
  const offered = await labels('stages:\n  a:\n    type: |');
  for (const type of STAGE_TYPES) assert.ok(offered.includes(type), `${type} of ${offered.join()}`);
});

test('keys of the stage type are offered, and none of other types', async () => {
  const offered = await labels('stages:\n  a:\n    type: train\n    |');
  for (const key of ['model', 'data', 'loss', 'epochs', 'early_stopping'])
    assert.ok(offered.includes(key), key);
  assert.ok(!offered.includes('encoder') && !offered.includes('source'));
});

test('choices are offered', async () => {
  const offered = await labels('stages:\n  a:\n    type: train\n    loss: |');
  assert.ok(offered.includes('binary_crossentropy') && offered.includes('mse'), offered.join());
});

test('layers are offered by name, with their required arguments filled in', async () => {
  const completions = await server.complete(`${HEAD}stages:\n  a:\n    type: model\n    encoder:\n      - |`);
  const byLabel = new Map(completions.map((completion) => [completion.label, completion]));
  for (const name of ['Dense', 'Conv2D', 'Conv2DTranspose', 'Flatten', 'BatchNormalization']) {
    assert.ok(byLabel.has(name), `${name} of ${[...byLabel.keys()].join()}`);
  }
  assert.match(byLabel.get('Dense')?.text ?? '', /units/);
  assert.match(byLabel.get('Conv2D')?.documentation ?? '', /onvolution/);
});

test('arguments of a layer are offered', async () => {
  const offered = await labels(
    'stages:\n  a:\n    type: model\n    encoder:\n      - Conv2D:\n          filters: 3\n          |',
  );
  for (const key of ['kernel_size', 'strides', 'padding', 'activation'])
    assert.ok(offered.includes(key), key);
  assert.ok(!offered.includes('units'));
});

test('resting on a key explains it, with its default', async () => {
  const text = `${HEAD}stages:\n  a:\n    type: model\n    encoder:\n      - Conv2D: { filters: 3, kernel|_size: 3 }\n`;
  assert.match(await server.hover(text), /window|kernel/i);
  assert.match(await server.hover(`${HEAD}stages:\n  a:\n    type: train\n    batch|_size: 3\n`), /32/);
});

test('a mistake is underlined where it stands', async () => {
  const problems = await server.diagnose(
    `${HEAD}stages:\n  a:\n    type: noise\n    data: b\n    kind: gaussian\n    stdev: 1\n`,
  );
  assert.ok(
    problems.some(({ line, column, message }) => line === 7 && column === 4 && message.includes('stdev')),
    JSON.stringify(problems),
  );
});

test('the shipped pipelines have no problem, with parameters in place of numbers', async () => {
  const folder = join(packageRoot, 'pipelines');
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
    assert.deepEqual(await server.diagnose(readFileSync(join(folder, file), 'utf8')), [], file);
  }
});
