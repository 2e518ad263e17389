import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ModelSettings } from '../../../src/schema/generated/settings.ts';
import { deriveSeed } from '../../../src/core/seed.ts';
import type { Finding, OutputDescription } from '../../../src/core/stage-type.ts';
import { loadEngine } from '../../../src/engine/load.ts';
import { modelNode } from '../../../src/nodes/model/node.ts';
import { denoiser, layer } from '../../layers/specs.ts';

const settings: ModelSettings = { type: 'model', ...denoiser };

function analyze(of: ModelSettings): { output: OutputDescription | undefined; findings: readonly Finding[] } {
  const findings: Finding[] = [];
  const report = (finding: Finding): void => void findings.push(finding);
  const output = modelNode.analyze({ stage: 'model', settings: of, inputs: {}, references: {}, report });
  return { output, findings };
}

test('analysis describes the model without TensorFlow', () => {
  const { output, findings } = analyze(settings);
  assert.ok(output?.kind === 'model');
  const { layers, ...rest } = output;
  assert.deepEqual(
    layers?.encoder.map((entry) => entry.map(({ label }) => label)),
    [['conv2d'], ['conv2d_1'], ['flatten'], ['dense']],
  );
  assert.deepEqual(
    { output: rest, findings },
    {
      output: {
        kind: 'model',
        inputShape: [28, 28, 1],
        latentShape: [16],
        outputShape: [28, 28, 1],
        outputActivation: 'sigmoid',
        lastLayer: [4],
        variational: false,
        quantized: false,
      },
      findings: [],
    },
  );
  const loaded = Object.keys(createRequire(import.meta.url).cache);
  assert.ok(!loaded.some((path) => path.includes('@tensorflow')));
});

test('a model that does not fit together has no description', () => {
  const { output, findings } = analyze({ ...settings, decoder: [layer('Dense', { units: 784 })] });
  assert.equal(output, undefined);
  assert.equal(findings.length, 1);
});

test('a run leaves the architecture, three models and their tables', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hourglass-model-'));
  try {
    const result = await modelNode.run({
      stage: 'autoencoder',
      settings,
      inputs: {},
      folder,
      pipelineFolder: folder,
      seed: (purpose) => deriveSeed(1, 'autoencoder', purpose),
      engine: () => loadEngine({ choice: 'portable', threads: 1 }),
      signal: new AbortController().signal,
      progress: () => undefined,
      log: () => undefined,
    });
    assert.deepEqual(result, { metrics: { parameters: 101_729 }, highlights: ['summary.txt'] });
    assert.deepEqual(readdirSync(folder).sort(), [
      'architecture.json',
      'autoencoder',
      'decoder',
      'encoder',
      'summary.txt',
    ]);
    const summary = readFileSync(join(folder, 'summary.txt'), 'utf8');
    assert.deepEqual(
      [...summary.matchAll(/^Model: "(\w+)"$/gm)].map((match) => match[1]),
      ['encoder', 'decoder', 'autoencoder'],
    );
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});
