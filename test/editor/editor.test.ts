/** What an editor shows of the schema: driven through the language server that editors run. */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { after, before, test } from 'node:test';
import { packageRoot } from '../../src/core/package-root.ts';
import { sourceNames, STAGE_TYPES } from '../../src/schema/schemas.ts';
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

test('initializers are offered by name and with arguments, each once', async () => {
  const place = 'stages:\n  a:\n    type: model\n    encoder:\n      - Dense:\n          units: 3\n';
  const offered = await labels(`${place}          kernel_initializer: |`);
  for (const name of ['he_normal', 'RandomNormal', 'RandomNormal: { }', 'Constant'])
    assert.equal(offered.filter((label) => label === name).length, 1, `${name} of ${offered.join()}`);
  const inside = await labels(
    `${place}          kernel_initializer:\n            RandomNormal:\n              |`,
  );
  assert.ok(inside.includes('stddev') && !inside.includes('minval'), inside.join());
  // The language server offers nothing inside braces before the first letter.
  const braces = await labels(`${place}          kernel_initializer: { RandomNormal: { s| } }`);
  assert.deepEqual(braces.toSorted(), ['mean', 'stddev']);
});

test('layers are filled in on one line, and names without arguments stay alone', async () => {
  const completions = await server.complete(
    `${HEAD}stages:\n  a:\n    type: model\n    encoder:\n      - Flatten\n      - |`,
  );
  const texts = completions.map(({ text }) => text.trim());
  assert.ok(texts.includes('Flatten'), texts.join());
  assert.ok(texts.includes('Conv2D: { filters: ${1:32}, kernel_size: ${2:3} }'), texts.join());
  for (const text of texts) assert.ok(!text.includes('\n'), text);
});

test('a new stage is offered with the keys that it must have', async () => {
  const completions = await server.complete(`${HEAD}stages:\n  a:\n    |\n`);
  const train = completions.find(({ label }) => label === 'train')?.text ?? '';
  for (const key of ['type: train', 'model:', 'data:', 'loss:', 'epochs:'])
    assert.ok(train.includes(key), train);
});

test('keys follow the kind of figure', async () => {
  const figure = 'stages:\n  a:\n    type: figure\n';
  const undecided = await labels(`${figure}    |`);
  assert.ok(undecided.includes('kind') && !undecided.includes('rows'), undecided.join());
  const history = await labels(`${figure}    kind: history\n    |`);
  assert.ok(history.includes('quantities') && !history.includes('rows'), history.join());
});

test('sources are offered, and keys follow the source', async () => {
  const dataset = 'stages:\n  a:\n    type: dataset\n';
  const offered = await labels(`${dataset}    source: |`);
  for (const name of sourceNames()) assert.ok(offered.includes(name), `${name} of ${offered.join()}`);
  const undecided = await labels(`${dataset}    |`);
  assert.ok(undecided.includes('source') && !undecided.includes('path'), undecided.join());
  const archive = await labels(`${dataset}    source: npz\n    |`);
  assert.ok(archive.includes('train_images') && !archive.includes('crop'), archive.join());
});

test('values of every key have a readable label', async () => {
  for (const key of ['optimizer', 'validation', 'metrics', 'preview', 'early_stopping', 'shuffle']) {
    const offered = await labels(`stages:\n  a:\n    type: train\n    ${key}: |`);
    assert.ok(
      offered.length > 0 && !offered.some((label) => label.includes('[object')),
      `${key}: ${offered.join()}`,
    );
  }
  const items = await labels('stages:\n  a:\n    type: evaluate\n    metrics: [|]');
  for (const metric of ['binary_crossentropy', 'mae', 'mse', 'psnr', 'squared_error', 'ssim', 'bce']) {
    assert.equal(items.filter((label) => label === metric).length, 1, metric);
  }
});

test('arguments are offered inside braces, too', async () => {
  const offered = await labels(
    'stages:\n  a:\n    type: model\n    encoder:\n      - Conv2D: { filters: 3, k| }',
  );
  assert.ok(offered.includes('kernel_size') && !offered.includes('units'), offered.join());
});

test('schedules are offered as learning rates, with their arguments', async () => {
  const train = 'stages:\n  a:\n    type: train\n';
  const offered = await labels(`${train}    optimizer:\n      SGD:\n        learning_rate: |`);
  assert.ok(offered.includes('CosineDecay') && offered.includes('ExponentialDecay'), offered.join());
  const inside = await labels(
    `${train}    optimizer:\n      SGD:\n        learning_rate:\n          CosineDecay:\n            |`,
  );
  assert.ok(inside.includes('warmup_steps') && !inside.includes('decay_rate'), inside.join());
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
  const bare = await server.hover(`${HEAD}stages:\n  a:\n    type: model\n    encoder: [Flat|ten]\n`);
  assert.match(bare, /Flatten`: Flattens/);
});

test('a mistake is underlined at its place', async () => {
  const problems = await server.diagnose(
    `${HEAD}stages:\n  a:\n    type: noise\n    data: b\n    kind: gaussian\n    stdev: 1\n`,
  );
  assert.ok(
    problems.some(({ line, column, message }) => line === 7 && column === 4 && message.includes('stdev')),
    JSON.stringify(problems),
  );
});

test('mistakes in values are reported with what would fit', async () => {
  const stack = `${HEAD}stages:\n  a:\n    type: model\n    input_shape: [784]\n    decoder: [Flatten]\n    encoder:\n`;
  const cases: readonly (readonly [layer: string, column: number, message: RegExp])[] = [
    ['Dense: { units: -1 }', 24, /1/],
    ['Dense: { units: sixteen }', 24, /params/],
    ['Dens: { units: 3 }', 8, /Dens/],
    ['Flaten', 8, /"Flatten"/],
    ['Conv2D: { filters: 3, kernel_size: [3] }', 43, /2/],
    ['Conv2D: { filters: 3, kernel_size: 3, padding: sam }', 55, /"same"/],
  ];
  for (const [layer, column, message] of cases) {
    const problems = await server.diagnose(`${stack}      - ${layer}\n`);
    assert.deepEqual(
      problems.map((problem) => [problem.line, problem.column, message.test(problem.message)]),
      [[8, column, true]],
      `${layer}: ${JSON.stringify(problems)}`,
    );
  }
});

test('a file that extends another may leave out inherited keys', async () => {
  const text = HEAD.replace('name: x', 'extends: base.yaml');
  assert.deepEqual(await server.diagnose(`${text}stages:\n  denoiser: { epochs: 3 }\n`), []);
});

test('the pipelines of the package have no problem, although parameters replace numbers', async () => {
  const folder = join(packageRoot, 'pipelines');
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  for (const file of files.filter((name) => name.endsWith('.yaml'))) {
    const text = readFileSync(join(folder, file), 'utf8');
    assert.deepEqual(await server.diagnose(text, dirname(join('pipelines', file))), [], file);
  }
});
