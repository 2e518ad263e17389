/** A variational autoencoder through its stages: what `check` finds, what a training writes, warns of and measures. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test, type TestContext } from 'node:test';
import type { EvaluateSettings, TrainSettings } from '../../../src/schema/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import { deriveSeed } from '../../../src/core/seed.ts';
import type { Finding, OutputDescription } from '../../../src/core/stage-type.ts';
import type { Engine } from '../../../src/engine/engine.ts';
import { likelihoodConstant } from '../../../src/engine/train/elbo.ts';
import { buildAutoencoder, disposeAutoencoder } from '../../../src/layers/build.ts';
import { layerOf, type Architecture } from '../../../src/layers/layer.ts';
import { loadModel, loadVariational } from '../../../src/layers/save.ts';
import { evaluateNode } from '../../../src/nodes/evaluate/node.ts';
import { modelNode } from '../../../src/nodes/model/node.ts';
import { inspectTrained } from '../../../src/nodes/train/inspect.ts';
import { tellActiveUnits, watchDivergence } from '../../../src/nodes/train/kl.ts';
import { trainNode } from '../../../src/nodes/train/node.ts';
import { testEngine } from '../../engine/train/engine.ts';
import { layer } from '../../layers/specs.ts';
import { fakeContext, temporaryFolder } from '../context.ts';
import { imageStage, modelStage, SHAPE, squares, TRAIN } from './rig.ts';

const vae: Architecture = {
  input_shape: [...SHAPE],
  encoder: ['Flatten', layer('Dense', { units: 8, activation: 'relu' }), layer('Variational', { units: 3 })],
  decoder: [
    layer('Dense', { units: 144, activation: 'sigmoid' }),
    layer('Reshape', { target_shape: [...SHAPE] }),
  ],
};

const EVALUATE: EvaluateSettings = {
  type: 'evaluate',
  model: 'trained',
  data: 'clean',
  split: 'test',
  metrics: ['mse', 'active_units', 'reconstruction', 'kl', 'elbo', 'nll'],
  importance_samples: 20,
  batch_size: 7,
};

let engine: Engine;
before(async () => {
  engine = await testEngine();
});

async function train(t: TestContext, settings: Partial<TrainSettings>) {
  const root = temporaryFolder(t);
  const inputs = {
    model: await modelStage(engine, root, vae),
    data: await imageStage(root, 'clean', { train: squares(100, 1), test: squares(20, 2) }),
  };
  const full: TrainSettings = { ...TRAIN, loss: 'binary_crossentropy', ...settings };
  const options = { stage: 'trained', inputs, engine: async () => engine };
  const context = fakeContext(root, full, options);
  const { metrics = {} } = await trainNode.run(context);
  const trained = { stage: 'trained', kind: 'trained-model', folder: context.folder } as const;
  return { root, inputs, settings: full, metrics, logs: context.logs, folder: context.folder, trained };
}

test('a training writes the parts of its loss, whose measures are found again', async (t) => {
  const held = engine.tf.memory().numTensors;
  const { root, inputs, settings, metrics, folder, trained } = await train(t, {
    epochs: 4,
    metrics: ['mse'],
    kl: { weight: 0.5, warmup_epochs: 2, free_bits: 0 },
    tensorboard: true,
  });
  const [columns, ...lines] = readFileSync(join(folder, 'history.csv'), 'utf8').trim().split('\n');
  const names = [
    'loss',
    'val_loss',
    'reconstruction',
    'val_reconstruction',
    'kl',
    'val_kl',
    'mse',
    'val_mse',
  ];
  assert.deepEqual(columns?.split(','), ['epoch', ...names]);
  assert.deepEqual(Object.keys(metrics), [...names, 'epochs', 'best_epoch']);
  for (const line of lines) {
    const [, loss = NaN, validation = NaN, one = NaN, other = NaN, kl = NaN, own = NaN] = line
      .split(',')
      .map(Number);
    assert.ok(Math.abs(loss - one - 0.5 * kl) < 1e-3 && Math.abs(validation - other - 0.5 * own) < 1e-3);
  }
  const events = readFileSync(join(folder, 'tensorboard/train/events.out.tfevents.0.hourglass'), 'latin1');
  assert.ok(events.includes('epoch_kl') && events.includes('epoch_reconstruction'));

  const inspection = { stage: 'trained', train: settings, seed: 0 };
  const inspected = await inspectTrained(
    fakeContext(
      root,
      { ...inspection },
      {
        stage: 'inspection',
        inputs: { ...inputs, trained },
        engine: async () => engine,
      },
    ),
  );
  for (const name of ['val_loss', 'val_kl'])
    assert.ok(Math.abs((inspected.metrics?.[name] ?? NaN) / (metrics[name] ?? NaN) - 1) < 1e-5, name);

  const measure = async (given: Partial<EvaluateSettings>) => {
    const full = { ...EVALUATE, ...given };
    const options = {
      stage: 'quality',
      inputs: { model: trained, data: inputs.data },
      engine: async () => engine,
    };
    return (await evaluateNode.run(fakeContext(root, full, options))).metrics ?? {};
  };
  const measured = await measure({});
  assert.deepEqual(Object.keys(measured), EVALUATE.metrics);
  const { reconstruction = NaN, kl = NaN, elbo = NaN, nll = NaN, active_units: active = NaN } = measured;
  assert.ok(Math.abs(kl / (metrics['val_kl'] ?? NaN) - 1) < 1e-5);
  assert.ok(Math.abs(elbo + reconstruction + kl) < 1e-3);
  assert.ok(nll < -elbo && active >= 1 && active <= 3);
  // Draws belong to images, not to batches.
  const other = await measure({ batch_size: 20, importance_samples: 21, metrics: ['nll', 'reconstruction'] });
  assert.ok(Math.abs((other['reconstruction'] ?? NaN) - reconstruction) < 1e-3);
  const errors = await measure({ by: ['image'] });
  const rows = readFileSync(join(root, 'quality/images.csv'), 'utf8').trim().split('\n');
  assert.equal(rows[0], 'image,class,mse,reconstruction,kl,elbo,nll');
  for (const [index, name] of (rows[0] ?? '').split(',').entries()) {
    if (index < 2) continue;
    const values = rows.slice(1).map((row) => Number(row.split(',')[index]));
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    assert.ok(Math.abs(mean / (measured[name] ?? NaN) - 1) < 1e-9, name);
    assert.ok((errors[`${name}_standard_error`] ?? NaN) > 0);
  }
  assert.equal(errors['active_units_standard_error'], undefined);
  assert.ok(other['nll'] !== nll && Math.abs((other['nll'] ?? NaN) - nll) < 2);
  assert.equal(engine.tf.memory().numTensors, held, 'tensors are left behind');
});

test('the likelihood of a model that was trained with the loss of Huber has its constant', async (t) => {
  const loss = { Huber: { delta: 0.1 } };
  const { root, inputs, trained } = await train(t, { epochs: 1, loss });
  const measured = await evaluateNode.run(
    fakeContext(root, EVALUATE, {
      stage: 'quality',
      inputs: { model: trained, data: inputs.data },
      engine: async () => engine,
    }),
  );
  const { reconstruction = NaN, kl = NaN, elbo = NaN, nll = NaN } = measured.metrics ?? {};
  const constant = 144 * likelihoodConstant(loss);
  assert.ok(Math.abs(elbo + reconstruction + constant + kl) < 1e-6 * Math.abs(elbo));
  assert.ok(nll < -elbo);
});

test('a saved encoder returns means, and records which layer has the variances', async (t) => {
  const root = temporaryFolder(t);
  const { folder } = await modelStage(engine, root, vae);
  const { tf } = engine;
  const encoder = await loadModel(tf, join(folder, 'encoder'));
  const parts = (await loadVariational(tf, folder)) ?? assert.fail();
  tf.tidy(() => {
    const x = tf.randomUniform([2, ...SHAPE], 0, 1, 'float32', 3);
    const [means, heads] = [encoder, parts.distributions].map((model) => {
      const output = model.predict(x);
      return Array.isArray(output) ? assert.fail() : output;
    });
    assert.deepEqual(means?.shape, [2, 3]);
    assert.deepEqual(heads?.shape, [2, 6]);
    assert.deepEqual([...(means?.dataSync() ?? [])], [...(heads?.slice([0, 0], [2, 3]).dataSync() ?? [])]);
  });
  encoder.dispose();
  parts.dispose();
  const file = join(folder, 'encoder', 'model.json');
  const text = readFileSync(file, 'utf8');
  for (const label of ['"dense"', '"variational_mean"', '3', '{}']) {
    writeFileSync(file, text.replace('"variational": "variational"', `"variational": ${label}`));
    const refused = loadVariational(tf, folder).then((other) => other?.distributions.outputShape);
    // Another dense layer of an even width is nothing to tell by: its numbers are wrong, and no more.
    if (label === '"dense"') assert.deepEqual(await refused, [null, 8]);
    else await assert.rejects(refused, Failure);
  }
  const plain = await modelStage(engine, temporaryFolder(t));
  assert.equal(await loadVariational(tf, plain.folder), undefined);
});

/** Compiling would take longer than these trainings. */
const EAGER = { compile: 'eager' } as const;

test('a latent that carries nothing is pointed out, and a divergence that is not finite ends the training', async (t) => {
  const heavy = await train(t, { ...EAGER, epochs: 8, kl: { weight: 1000, warmup_epochs: 0, free_bits: 0 } });
  assert.ok(heavy.logs.some((text) => text.includes('collapsed')));
  await assert.rejects(
    train(t, { ...EAGER, optimizer: { SGD: { learning_rate: 1e6, momentum: 0, nesterov: false } } }),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'not-finite',
  );
  // The parts are finite, so it is the factor.
  await assert.rejects(
    train(t, { ...EAGER, kl: { weight: 1e38, warmup_epochs: 0, free_bits: 10 } }),
    (error) => {
      assert.ok(error instanceof Failure);
      const { code, message, hint } = error.diagnostics[0] ?? {};
      assert.equal(code, 'not-finite');
      assert.match(`${message}`, /epoch 1/);
      assert.match(`${hint}`, /`weight` of `kl`/);
      return true;
    },
  );
});

test('a latent that is far from the prior has not collapsed', async () => {
  const { tf } = engine;
  const models = buildAutoencoder(tf, vae, (purpose) => deriveSeed(0, 'vae', purpose));
  models.encoder.setWeights(models.encoder.getWeights().map((weight) => tf.zerosLike(weight)));
  const warnings = async (divergence?: number, images = 9): Promise<readonly string[]> => {
    const logs: string[] = [];
    const log = (level: string, text: string): void => void (level === 'warn' && logs.push(text));
    const { signal } = new AbortController();
    await tellActiveUnits(engine, models.encoder, squares(images, 1), { log, signal, divergence });
    return logs;
  };
  const [equal, near, far] = [await warnings(), await warnings(2), await warnings(1e6)];
  assert.deepEqual([equal.length, far.length], [1, 1]);
  assert.deepEqual(near, equal);
  assert.notDeepEqual(far, equal);
  assert.match(`${far[0]}`, /learning_rate/);
  assert.deepEqual(await warnings(2, 1), [], 'a single image says nothing of how latents vary');
  disposeAutoencoder(models);
});

test('a warm-up leaves the divergence out of the first epoch, and free bits its lower part', async (t) => {
  const settings = { ...EAGER, epochs: 1, validation: 'none' } as const;
  const weights = async (kl: TrainSettings['kl']): Promise<Buffer> => {
    const { folder } = await train(t, { ...settings, kl });
    return readFileSync(join(folder, 'model/autoencoder/weights.bin'));
  };
  const without = await weights({ weight: 0, warmup_epochs: 0, free_bits: 0 });
  assert.deepEqual(await weights({ weight: 1, warmup_epochs: 1, free_bits: 0 }), without);
  assert.deepEqual(await weights({ weight: 1, warmup_epochs: 0, free_bits: 1e6 }), without);
  const plain = await weights(undefined);
  assert.notDeepEqual(plain, without);
  assert.deepEqual(plain, await weights({ weight: 1, warmup_epochs: 0, free_bits: 0 }));
});

test('several samples of each image train the importance-weighted bound', async (t) => {
  const held = engine.tf.memory().numTensors;
  const kl = { weight: 1, warmup_epochs: 0, free_bits: 0 };
  const { root, inputs, settings, metrics, folder, trained } = await train(t, {
    ...EAGER,
    kl: { ...kl, importance_samples: 4 },
  });
  const names = ['loss', 'reconstruction', 'kl', 'iwae'].flatMap((name) => [name, `val_${name}`]);
  assert.deepEqual(Object.keys(metrics), [...names, 'epochs', 'best_epoch']);
  assert.equal(metrics['loss'], metrics['iwae']);
  assert.equal(metrics['val_loss'], metrics['val_iwae']);
  // Tighter than the bound of one sample.
  assert.ok(
    (metrics['val_iwae'] ?? NaN) < (metrics['val_reconstruction'] ?? NaN) + (metrics['val_kl'] ?? NaN),
  );
  const inspection = { stage: 'trained', train: settings, seed: 0 };
  const given = { stage: 'inspection', inputs: { ...inputs, trained }, engine: async () => engine };
  const inspected = await inspectTrained(fakeContext(root, { ...inspection }, given));
  for (const name of ['val_loss', 'val_kl'])
    assert.ok(Math.abs((inspected.metrics?.[name] ?? NaN) / (metrics[name] ?? NaN) - 1) < 1e-5, name);
  assert.equal(engine.tf.memory().numTensors, held, 'tensors are left behind');

  const weights = (from: string): Buffer => readFileSync(join(from, 'model/autoencoder/weights.bin'));
  const again = await train(t, { ...EAGER, kl: { ...kl, importance_samples: 4 } });
  assert.deepEqual(weights(again.folder), weights(folder));
  const [one, plain] = [
    await train(t, { ...EAGER, kl: { ...kl, importance_samples: 1 } }),
    await train(t, EAGER),
  ];
  assert.deepEqual(weights(one.folder), weights(plain.folder));
});

test('a divergence beyond all sense is pointed out once', () => {
  const logs: string[] = [];
  const watch = watchDivergence(3, (level, message) => logs.push(`${level} ${message}`));
  for (const [index, kl] of [20, 299, 301, 1e9].entries())
    watch({ epoch: index + 1, training: { loss: kl, kl } });
  watch({ epoch: 5, training: { loss: 1 } });
  assert.equal(logs.length, 1);
  assert.ok(logs[0]?.startsWith('warn ') && logs[0].includes('epoch 3'));
});

function found(run: (report: (finding: Finding) => void) => void): readonly string[] {
  const findings: string[] = [];
  run(({ code, severity, at }) => findings.push(`${severity ?? 'error'} ${code} ${at.join('.')}`));
  return findings;
}

test('latents in the wrong place or of the wrong shape are found', () => {
  const check = (encoder: Architecture['encoder'], decoder = vae.decoder): readonly string[] =>
    found((report) =>
      modelNode.analyze({
        stage: 'vae',
        settings: { type: 'model', ...vae, encoder, decoder },
        inputs: {},
        references: {},
        report,
      }),
    );
  const latent = layer('Variational', { units: 3 });
  assert.deepEqual(check(vae.encoder), []);
  assert.deepEqual(check([latent]), ['error shape-mismatch encoder.0']);
  assert.deepEqual(check(['Flatten', latent, 'ReLU']), ['error bad-setting encoder.1']);
  assert.deepEqual(check(['Flatten', latent, latent]), ['error bad-setting encoder.1']);
  assert.deepEqual(check(['Flatten'], [latent, ...vae.decoder]), ['error bad-setting decoder.0']);
  const other = layer('Reshape', { target_shape: [2, 2, 1] });
  assert.deepEqual(check(vae.encoder, [other, ...vae.decoder]), [
    'error shape-mismatch decoder.0.Reshape.target_shape',
  ]);
  assert.equal(layerOf(latent).name, 'Variational');
});

const MODEL: OutputDescription = {
  kind: 'model',
  inputShape: SHAPE,
  latentShape: [3],
  outputShape: SHAPE,
  outputActivation: 'sigmoid',
};
const IMAGES: OutputDescription = { kind: 'images', shape: SHAPE, range: [0, 1], splits: ['train', 'test'] };

test('`kl` is for variational models, and a warm-up ends', () => {
  const check = (kl: TrainSettings['kl'], variational?: boolean): readonly string[] =>
    found((report) =>
      trainNode.analyze({
        stage: 'trained',
        settings: { ...TRAIN, kl },
        inputs: { model: { ...MODEL, ...(variational === undefined ? {} : { variational }) }, data: IMAGES },
        references: { model: 'vae', data: 'clean' },
        report,
      }),
    );
  const plain = { weight: 1, warmup_epochs: 0, free_bits: 0 };
  assert.deepEqual(check(plain, true), []);
  assert.deepEqual(check(plain, false), ['error bad-setting kl']);
  assert.deepEqual(check(plain), []);
  assert.deepEqual(check(undefined, false), []);
  assert.deepEqual(check({ ...plain, warmup_epochs: 3 }, true), ['warning bad-setting kl.warmup_epochs']);
  assert.deepEqual(check({ ...plain, warmup_epochs: 2 }, true), []);
  const several = { ...plain, importance_samples: 5 };
  assert.deepEqual(check(several, true), []);
  assert.deepEqual(check(several, false), ['error bad-setting kl']);
  assert.deepEqual(check({ ...several, weight: 4, warmup_epochs: 1, free_bits: 0.1 }, true), [
    'error bad-setting kl.weight',
    'error bad-setting kl.warmup_epochs',
    'error bad-setting kl.free_bits',
  ]);
  assert.deepEqual(check({ ...plain, importance_samples: 1, weight: 4 }, true), []);
});

test('metrics of a latent need a variational one', () => {
  const check = (settings: Partial<EvaluateSettings>, variational: boolean, range = [0, 1] as const) =>
    found((report) =>
      evaluateNode.analyze({
        stage: 'quality',
        settings: { ...EVALUATE, ...settings },
        inputs: {
          model: {
            ...{ kind: 'trained-model', inputShape: SHAPE, latentShape: [3], outputShape: SHAPE },
            ...{ data: 'clean', target: 'clean', denoiser: false, variational, loss: 'binary_crossentropy' },
          },
          data: { ...IMAGES, range },
        },
        references: { model: 'trained', data: 'clean' },
        report,
      }),
    );
  assert.deepEqual(check({}, true), []);
  assert.deepEqual(check({}, false), ['error bad-setting metrics.1']);
  assert.deepEqual(check({ metrics: ['kl'] }, true), ['error bad-setting importance_samples']);
});
