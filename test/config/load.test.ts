import assert from 'node:assert/strict';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import * as fc from 'fast-check';
import { readPipeline, type PipelineReader } from '../../src/config/load.ts';
import { codeFrame } from '../../src/config/source.ts';
import type { DocumentPath, LoadResult, TrialSetting } from '../../src/config/pipeline.ts';
import type { Json } from '../../src/core/json.ts';
import { found, makeRig, types, VALID } from './rig.ts';

test('a loaded pipeline has its defaults, its text, and all that was given', async (context) => {
  const rig = await makeRig(context);
  const { located, sources } = await rig.load(VALID);
  assert.ok(located !== undefined);
  assert.equal(located.file, join(rig.folder, 'pipeline.yaml'));
  assert.equal(located.folder, rig.folder);
  assert.equal(located.text, VALID);
  assert.deepEqual(
    sources.map(({ text }) => text),
    [VALID],
  );
  assert.deepEqual(located.overrides, []);
  const { pipeline, resolved } = located;
  assert.deepEqual(pipeline.params, { latent_size: 16 });
  assert.deepEqual(pipeline.plugins, []);
  assert.equal(pipeline.threads, undefined);
  assert.deepEqual(pipeline.stages.get('mnist'), {
    type: 'dataset',
    source: 'mnist',
    limit: null,
    normalize: 'minmax',
  });
  const model = pipeline.stages.get('autoencoder');
  assert.deepEqual(resolved['stages'], Object.fromEntries(pipeline.stages));
  const encoder = Array.isArray(model?.['encoder']) ? model['encoder'] : [];
  assert.deepEqual(encoder[0], { Flatten: {} });
  assert.deepEqual(encoder[2], {
    Dense: {
      units: 16,
      activation: 'linear',
      use_bias: true,
      kernel_initializer: 'glorot_uniform',
      bias_initializer: 'zeros',
      kernel_regularizer: null,
      bias_regularizer: null,
    },
  });
  assert.equal((await rig.load(VALID.replace('seed: 7', 'threads: 2'))).located?.pipeline.threads, 2);
  assert.equal((await rig.load(VALID.replace('seed: 7\n', ''))).located?.pipeline.seed, 0);
});

test('loading twice gives equal results, and sets nothing in place', async (context) => {
  const rig = await makeRig(context);
  const [first, second] = [await rig.load(VALID), await rig.load(VALID)];
  assert.deepEqual(first.located?.resolved, second.located?.resolved);
  assert.notEqual(first.located?.resolved, second.located?.resolved);
});

test('values and keys are found after extends, overrides and parameters', async (context) => {
  const rig = await makeRig(context);
  await rig.write({ 'base.yaml': VALID });
  const { located } = await rig.load('extends: base.yaml\nstages:\n  denoiser:\n    epochs: 3\n', {
    overrides: ['stages.autoencoder.encoder.1.Dense.units=3'],
  });
  assert.ok(located !== undefined);
  const at = (path: DocumentPath, part?: 'key' | 'value'): string => {
    const { file, start } = located.locate(path, part);
    return `${file.startsWith('-S') ? '-S' : file.split('/').at(-1)}:${start.line}:${start.column}`;
  };
  assert.equal(at(['stages', 'denoiser', 'epochs']), 'pipeline.yaml:4:13');
  assert.equal(at(['stages', 'denoiser', 'epochs'], 'key'), 'pipeline.yaml:4:5');
  assert.equal(at(['stages', 'denoiser'], 'key'), 'pipeline.yaml:3:3');
  assert.equal(at(['stages', 'denoiser', 'loss']), 'base.yaml:23:11');
  const encoder = ['stages', 'autoencoder', 'encoder'];
  assert.equal(at([...encoder, 2, 'Dense', 'units']), 'base.yaml:15:25');
  assert.equal(at([...encoder, 2, 'Dense'], 'key'), 'base.yaml:15:9');
  assert.equal(at([...encoder, 1, 'Dense', 'units']), '-S:1:42');
  assert.equal(at([...encoder, 1, 'Dense', 'activation']), 'base.yaml:14:41');
  assert.equal(at(['params', 'latent_size']), 'base.yaml:4:16');
  // Not written: the nearest that is.
  assert.equal(at([...encoder, 2, 'Dense', 'activation']), 'base.yaml:15:9');
  assert.equal(at([...encoder, 0, 'Flatten', 'name']), 'base.yaml:13:9');
  assert.equal(at([...encoder, 0]), 'base.yaml:13:9');
  assert.equal(at(['stages', 'denoiser', 'batch_size']), 'pipeline.yaml:3:3');
  assert.equal(at(['stages', 'nothing', 'here']), 'pipeline.yaml:2:1');
  assert.equal(at([]), 'pipeline.yaml:1:1');
});

test('every diagnostic of a broken pipeline can be framed, and none is repeated', async (context) => {
  const rig = await makeRig(context);
  await rig.write({ 'base.yaml': VALID.replaceAll(': ', ':  ').replace('mse', 'nse') });
  const result = await rig.load(
    'extends: base.yaml\nseed: x\nstages: { denoiser: { epochs: -1, x: 1, x: 2 } }\n',
    {
      overrides: ['params.latent_size=none', 'stages.mnist.limit=0', 'stages.mnist.limit=0'],
    },
  );
  assert.deepEqual(found(result), [
    'wrong-type 2:7',
    'out-of-range 3:31',
    'unknown-key 3:35',
    'duplicate-key 3:41',
    'wrong-type base.yaml:15:27',
    'unknown-value base.yaml:23:12',
    'out-of-range -S stages.mnist.limit=0:1:20',
  ]);
  for (const { range } of result.diagnostics) {
    const source = result.sources.find(({ name }) => name === range?.file);
    assert.ok(source !== undefined && range !== undefined);
    assert.match(codeFrame(source, range), /\^/);
  }
});

test('hostile files end in diagnostics, not in exceptions', async (context) => {
  const rig = await makeRig(context);
  const stage = (settings: string): string => `name: x\nstages: { a: { type: model, ${settings} } }\n`;
  const cases: Readonly<Record<string, string>> = {
    'many unknown keys': stage(Array.from({ length: 5000 }, (_, index) => `k${index}: 1`).join(', ')),
    'many duplicate keys': `name: x\n${'a: 1\n'.repeat(10_000)}`,
    'many stages': `name: x\nstages:\n${Array.from({ length: 3000 }, (_, index) => `  s${index}: { type: x }`).join('\n')}`,
    'many layers': stage(
      `input_shape: [1], decoder: [Flatten], encoder: [${'{ Dence: { units: 0 } }, '.repeat(3000)}]`,
    ),
    'a huge key': stage(`? "${'k'.repeat(100_000)}"\n: 1`),
    'a huge value': stage(`encoder: "${'v'.repeat(100_000)}"`),
    'a huge name': `name: ${'n'.repeat(100_000)}\nstages: {}\n`,
    'a huge number': `name: x\nseed: ${'9'.repeat(100_000)}\n`,
    'an almost number': `name: x\nseed: "${'1_'.repeat(50_000)}"\n`,
    'control characters': 'name: "\\e[31m\\u202e\\0"\nstages: {}\n',
    'keys with control characters': 'name: x\nstages: {}\n"\\e]0;x\\a": 1\n',
    'a lone surrogate': 'name: "\\ud800"\nstages: {}\n',
    'a pointer in a key': stage('"a/b~0~1/~": 1, encoder: [{ "x/y": 1 }]'),
    'numbers as keys': stage('encoder: [{ "0": 1 }], "1": 2'),
    'a list as a stage': 'name: x\nstages: { a: [type, model] }\n',
    'types that are not texts':
      'name: x\nstages: { a: { type: [model] }, b: { type: { c: d } }, c: { type: } }\n',
    'names of Object.prototype':
      'name: x\nstages: { toString: { type: valueOf }, hasOwnProperty: { type: toString } }\n',
    'parameters named so': 'name: "${params.toString}"\nparams: { valueOf: 1 }\nstages: {}\n',
  };
  for (const [name, text] of Object.entries(cases)) {
    const { diagnostics, located, sources } = await rig.load(text);
    assert.equal(located, undefined, name);
    assert.ok(diagnostics.length > 0, name);
    for (const { message, hint, code, range } of diagnostics) {
      assert.notEqual(code, 'internal-error', name);
      assert.ok(message.length < 1000, name);
      assert.doesNotMatch(`${message}${hint ?? ''}`, /\p{Cc}|\u202e/u, name);
      assert.ok(range === undefined || sources.some((source) => source.name === range.file), name);
    }
  }
});

test('a pipeline that is read again from its texts is the same, even if its files are gone', async (context) => {
  const rig = await makeRig(context);
  await rig.write({ 'base.yaml': VALID, 'pipeline.yaml': 'extends: base.yaml\nseed: 9\n' });
  const file = join(rig.folder, 'pipeline.yaml');
  const options = { stageTypes: () => Promise.resolve(types()), overrides: ['stages.denoiser.epochs=3'] };
  const first = await readPipeline(file, options);
  const { sources } = await first.load();
  await rig.write({ 'pipeline.yaml': 'name: changed since' });
  await rm(join(rig.folder, 'base.yaml'));
  const texts = sources.filter(({ name }) => !name.startsWith('-S '));
  const again = await readPipeline(file, { ...options, texts });
  const start = { line: 4, column: 3 };
  const range = { file, start, end: start };
  const settings = [{ path: 'params.latent_size', value: 4, range, keyRange: range }];
  for (const given of [[], settings]) {
    const [one, other] = [await first.load(given), await again.load(given)];
    assert.ok(one.located !== undefined && other.located !== undefined);
    assert.deepEqual(other.located.resolved, one.located.resolved);
    assert.deepEqual(other.located.overrides, one.located.overrides);
    assert.deepEqual(other.located.bases, one.located.bases);
    const path = ['stages', 'denoiser'];
    assert.deepEqual(other.located.locate(path, 'key'), one.located.locate(path, 'key'));
  }
});

test('property: trials that come from one reader are as if each were read by itself', async (t) => {
  const rig = await makeRig(t);
  const values: Readonly<Record<string, readonly Json[]>> = {
    'params.units': [4, 8, 'many', null],
    'params.size': ['${params.units}', 16, '${params.wrong}'],
    'params.layers': [['Flatten'], [{ Dense: { units: 3 } }, 'relu'], [{ Dense: {} }]],
    'stages.ae.encoder': [['${params.layers}', { Dense: { units: 2 } }], '${params.layers}'],
    'stages.data.path': ['a.npy', 'b/c.npy'],
    'stages.noisy.stddev': [0.5, '${params.units}'],
    seed: [1, 2],
  };
  await rig.write({
    'pipeline.yaml': `name: p
params: { units: 4, size: '\${params.units}', layers: [Flatten] }
stages:
  data: { type: dataset, source: array, path: a.npy }
  noisy: { type: noise, data: data, kind: gaussian, stddev: 0.1 }
  ae:
    type: model
    input_shape: [4, 4, 1]
    encoder: ['\${params.layers}', { Dense: { units: '\${params.size}' } }]
    decoder: [{ Dense: { units: 16 } }, { Reshape: { target_shape: [4, 4, 1] } }]
`,
  });
  const read = (): Promise<PipelineReader> =>
    readPipeline(join(rig.folder, 'pipeline.yaml'), { stageTypes: () => Promise.resolve(types()) });
  const range = { file: 'x.yaml', start: { line: 1, column: 1 }, end: { line: 1, column: 2 } };
  const setting = fc.constantFrom(
    ...Object.entries(values).flatMap(([path, each]) =>
      each.map((value): TrialSetting => ({
        path,
        value,
        range,
        keyRange: range,
        writtenIn: '/elsewhere/x.yaml',
      })),
    ),
  );
  const seen = ({ located, partial, diagnostics }: LoadResult): unknown => {
    const {
      locate: _locate,
      settingsCalled: _called,
      stageTypes: _types,
      inspected: _inspected,
      ...rest
    } = located ?? partial ?? {};
    return { rest, diagnostics };
  };
  const shared = await read();
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(setting, { selector: ({ path }) => path, maxLength: 4 }),
      async (settings) => {
        const together = seen(await shared.load(settings));
        assert.deepEqual(together, seen(await (await read()).load(settings.map((each) => ({ ...each })))));
      },
    ),
    { numRuns: 150 },
  );
});
