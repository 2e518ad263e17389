import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overrideSources } from '../../src/config/override.ts';
import { found, hints, makeRig, VALID } from './rig.ts';

test('an override replaces the value in the file, with its type in YAML', async (context) => {
  const rig = await makeRig(context);
  const overrides = [
    'params.latent_size=8',
    'seed=1e3',
    'stages.denoiser.optimizer={ SGD: { learning_rate: 0.5 } }',
    'stages.denoiser.shuffle=false',
    'stages.denoiser.preview.rows=2',
    'stages.autoencoder.encoder.1.Dense.units=3',
    'stages.autoencoder.encoder[1].Dense.activation=tanh',
    'stages.autoencoder.input_shape[0]=32',
    'description=a text = another',
  ];
  const { located, diagnostics } = await rig.load(VALID, { overrides });
  assert.deepEqual(diagnostics, []);
  assert.deepEqual(located?.overrides, overrides);
  assert.deepEqual(located?.pipeline.params, { latent_size: 8 });
  assert.equal(located?.pipeline.seed, 1000);
  assert.equal(located?.pipeline.description, 'a text = another');
  const denoiser = located?.pipeline.stages.get('denoiser');
  assert.deepEqual(denoiser?.['optimizer'], { SGD: { learning_rate: 0.5, momentum: 0, nesterov: false } });
  assert.equal(denoiser?.['shuffle'], false);
  assert.deepEqual(denoiser?.['preview'], { rows: 2, columns: 4, every: 1, split: 'test' });
  const resolved = JSON.stringify(located?.resolved);
  assert.match(resolved, /"Dense":\{"units":3,"activation":"tanh"/);
  assert.match(resolved, /"units":8/);
  assert.match(resolved, /"input_shape":\[32,28,1\]/);
  assert.match(VALID, /latent_size: 16/);
  assert.deepEqual(located?.locate(['params', 'latent_size']), {
    file: '-S params.latent_size=8',
    start: { line: 1, column: 20 },
    end: { line: 1, column: 21 },
  });
});

test('later overrides win, and null replaces', async (context) => {
  const rig = await makeRig(context);
  const { located } = await rig.load(VALID, {
    overrides: ['seed=1', 'seed=2', 'stages.denoiser.preview={ rows: 2 }', 'stages.denoiser.preview='],
  });
  assert.equal(located?.pipeline.seed, 2);
  assert.equal(located?.pipeline.stages.get('denoiser')?.['preview'], null);
});

test('mistakes in an override are shown in its own text', async (context) => {
  const rig = await makeRig(context);
  const cases: readonly (readonly [override: string, expected: string, hint?: RegExp])[] = [
    ['params.latent_sise=8', 'bad-override 1:8', /`latent_size`/],
    ['parms.latent_size=8', 'bad-override 1:1', /`params`/],
    ['stages.denoyser.epochs=8', 'bad-override 1:8', /`denoiser`/],
    ['stages.denoiser.epoch=8', 'unknown-key 1:17', /`epochs`/],
    ['stages.denoiser.preveiw.rows=8', 'unknown-key 1:17', /`preview`/],
    ['stages.denoiser.epochs=0', 'out-of-range 1:24'],
    ['stages.denoiser.epochs=many', 'wrong-type 1:24'],
    ['stages.denoiser.loss=mes', 'unknown-value 1:22', /`mse`/],
    ['stages.denoiser.type=trian', 'unknown-value 1:22', /`train`/],
    ['stages.denoiser.epochs.x=1', 'bad-override 1:24'],
    ['stages.autoencoder.encoder.9=Flatten', 'bad-override 1:28'],
    ['stages.autoencoder.encoder.x=Flatten', 'bad-override 1:28'],
    ['stages.autoencoder.encoder.0.Flatten.name=x', 'bad-override 1:30'],
    ['seed', 'bad-override 1:1'],
    ['=3', 'bad-override 1:1'],
    ['', 'bad-override 1:1'],
    ['stages..epochs=3', 'bad-override 1:1'],
    ['stages.=3', 'bad-override 1:1'],
    [`${'a.'.repeat(1000)}a=3`, 'bad-override 1:1'],
    ['extends=other.yaml', 'bad-override 1:1'],
    ['__proto__.x=1', 'bad-override 1:1'],
    ['stages.denoiser.__proto__.x=1', 'bad-override 1:17'],
    ['stages.denoiser.constructor=1', 'bad-override 1:17'],
    ['stages.denoiser.preview={ __proto__: { rows: 1 } }', 'reserved-name 1:27'],
    ['sede=3', 'unknown-key 1:1', /`seed`/],
    ['seed=[1', 'yaml-syntax 1:8'],
    ['seed=*x', 'yaml-syntax 1:6'],
    ['seed=!!int 3', 'yaml-syntax 1:12'],
    [`seed=${'['.repeat(65)}${']'.repeat(65)}`, 'yaml-syntax 1:70'],
  ];
  for (const [override, expected, hint] of cases) {
    const result = await rig.load(VALID, { overrides: ['seed=5', override] });
    const { range, code } = result.diagnostics[0] ?? {};
    assert.equal(result.diagnostics.length, 1, override);
    assert.equal(`${code} ${range?.start.line}:${range?.start.column}`, expected, override);
    const source = result.sources.find(({ name }) => name === range?.file);
    assert.equal(source?.text, override);
    if (hint !== undefined) assert.match(hints(result), hint, override);
  }
  assert.equal(Object.hasOwn(Object.prototype, 'x'), false);
});

test('a setting without its path gets the paths it can belong to, which are valid', async (context) => {
  const rig = await makeRig(context);
  const twice = `${VALID}  second:\n    type: train\n    model: autoencoder\n    data: mnist\n    loss: mse\n    epochs: 2\n`;
  const bare = VALID.replace(/params:\n.*\n/, '')
    .replace('"${params.latent_size}"', '16')
    .replace('{ Adam: { learning_rate: 1e-3 } }', 'sgd');
  const cases: readonly (readonly [text: string, override: string, place: string, ...meant: string[]])[] = [
    [VALID, 'epochs=3', 'unknown-key 1:1', 'stages.denoiser.epochs=3'],
    [twice, 'epochs=3', 'unknown-key 1:1', 'stages.denoiser.epochs=3', 'stages.second.epochs=3'],
    [VALID, 'Epochs=3', 'unknown-key 1:1', 'stages.denoiser.epochs=3'],
    [VALID, 'num_epochs=3', 'unknown-key 1:1', 'stages.denoiser.epochs=3'],
    [VALID, 'latent_size=4', 'unknown-key 1:1', 'params.latent_size=4'],
    [VALID, 'latent_dim=4', 'unknown-key 1:1', 'params.latent_size=4'],
    [bare, 'latent_dim=4', 'unknown-key 1:1', 'stages.autoencoder.encoder.2.Dense.units=4'],
    [VALID, 'lr=0.1', 'unknown-key 1:1', 'stages.denoiser.optimizer.Adam.learning_rate=0.1'],
    [bare, 'lr=0.1', 'unknown-key 1:1', 'stages.denoiser.optimizer={SGD: {learning_rate: 0.1}}'],
    [VALID, 'limit=100', 'unknown-key 1:1', 'stages.mnist.limit=100'],
    [VALID, 'batch_size=8', 'unknown-key 1:1', 'stages.denoiser.batch_size=8'],
    [VALID, 'random_state=8', 'unknown-key 1:1', 'seed=8'],
    [VALID, 'denoiser.epochs=3', 'bad-override 1:1', 'stages.denoiser.epochs=3'],
    [VALID, 'optimizer.Adam.beta_1=0.5', 'bad-override 1:1', 'stages.denoiser.optimizer.Adam.beta_1=0.5'],
    [VALID, 'stages.epochs=3', 'bad-override 1:8', 'stages.denoiser.epochs=3'],
    [VALID, 'stages.latent_size=3', 'bad-override 1:8', 'params.latent_size=3'],
    [VALID, 'params.epochs=3', 'bad-override 1:8', 'stages.denoiser.epochs=3'],
    [VALID, 'params.seed=3', 'bad-override 1:8', 'seed=3'],
    [VALID, 'params.stages.denoiser.epochs=3', 'bad-override 1:8', 'stages.denoiser.epochs=3'],
  ];
  for (const [text, override, place, ...meant] of cases) {
    const result = await rig.load(text, { overrides: [override] });
    assert.deepEqual(found(result), [`${place.replace(' ', ` -S ${override}:`)}`], override);
    const [{ hint = '', edits } = {}] = result.diagnostics;
    for (const each of meant) {
      assert.ok(hint.includes(each), `${override}: ${hint}`);
      assert.deepEqual(found(await rig.load(text, { overrides: [each] })), [], each);
    }
    assert.deepEqual(
      edits?.map((edit) => edit.text),
      meant.length === 1 ? meant : undefined,
      override,
    );
  }
  for (const unknown of ['nothing=3', 'params.nothing=3', 'stages.nothing=3']) {
    const result = await rig.load(VALID, { overrides: [unknown] });
    assert.doesNotMatch(hints(result), /write `-S/, unknown);
  }
});

test('a setting of many stages names some of them', async (context) => {
  const rig = await makeRig(context);
  const stage = (index: number): string =>
    `  t${index}: { type: train, model: autoencoder, data: mnist, loss: mse, epochs: 2 }\n`;
  const result = await rig.load(VALID + Array.from({ length: 7 }, (_, index) => stage(index)).join(''), {
    overrides: ['epochs=3'],
  });
  assert.deepEqual(found(result), ['unknown-key -S epochs=3:1:1']);
  assert.equal(hints(result).match(/-S stages/g)?.length, 4);
});

test('a wrong parameter of the command line is pointed to', async (context) => {
  const rig = await makeRig(context);
  const result = await rig.load(VALID, { overrides: ['params.latent_size=0'] });
  assert.deepEqual(found(result), ['out-of-range 15:25']);
  assert.equal(result.diagnostics[0]?.related?.[0]?.range.file, '-S params.latent_size=0');
});

test('each override is a source of its own', () => {
  const sources = overrideSources(['a=1', 'a=1', 'b=x  y', 'b=x y', 'b=x\ny']);
  assert.deepEqual(
    sources.map(({ name }) => name),
    ['-S a=1', '-S a=1', '-S b=x y', '-S b=x y (2)', '-S b=x y (3)'],
  );
});
