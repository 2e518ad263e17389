/** What `check` finds in a `figure` stage. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FigureSettings } from '../../../src/schema/generated/settings.ts';
import type { Finding, OutputDescription } from '../../../src/core/stage-type.ts';
import { figureNode } from '../../../src/nodes/figure/node.ts';

const IMAGES: FigureSettings = {
  type: 'figure',
  kind: 'images',
  data: 'mnist',
  split: 'test',
  random: true,
  rows: 4,
  columns: 4,
  labels: false,
};

const COMPARISON: FigureSettings = {
  type: 'figure',
  kind: 'comparison',
  data: 'noisy',
  target: 'mnist',
  model: 'denoiser',
  split: 'test',
  random: true,
  samples: 10,
};

const HISTORY: FigureSettings = { type: 'figure', kind: 'history', model: 'denoiser' };

type Images = Extract<OutputDescription, { kind: 'images' }>;

const CLEAN: Images = { kind: 'images', shape: [28, 28, 1], range: [0, 1], splits: ['train', 'test'] };
const NOISY: Images = { ...CLEAN, corruptionOf: 'mnist' };
const DENOISER: OutputDescription = {
  kind: 'trained-model',
  inputShape: [28, 28, 1],
  latentShape: [16],
  outputShape: [28, 28, 1],
  data: 'noisy',
  target: 'mnist',
  denoiser: true,
};

/** Code, severity and place of each finding. */
function found(
  settings: FigureSettings,
  inputs: Readonly<Record<string, OutputDescription>>,
): readonly string[] {
  const findings: Finding[] = [];
  const output = figureNode.analyze({
    stage: 'figure',
    settings,
    inputs,
    references: Object.fromEntries(Object.keys(inputs).map((key) => [key, `the-${key}`])),
    report: (finding) => findings.push(finding),
  });
  assert.deepEqual(output, { kind: 'figure' });
  return findings.map(({ code, severity, at }) => `${severity ?? 'error'} ${code} ${at.join('.')}`);
}

test('figures that fit are fine', () => {
  assert.deepEqual(found(IMAGES, { data: CLEAN }), []);
  assert.deepEqual(found(COMPARISON, { data: NOISY, target: CLEAN, model: DENOISER }), []);
  assert.deepEqual(found(HISTORY, { model: DENOISER }), []);
});

test('unknown properties are not checked', () => {
  const { shape: _, ...unknown } = CLEAN;
  assert.deepEqual(found(IMAGES, { data: unknown }), []);
  assert.deepEqual(found(COMPARISON, {}), []);
});

test('a split that the images lack', () => {
  assert.deepEqual(found(IMAGES, { data: { ...CLEAN, splits: ['train'] } }), ['error missing-split split']);
  const half: Images = { ...CLEAN, splits: ['train'] };
  assert.deepEqual(found(COMPARISON, { data: NOISY, target: half, model: DENOISER }), [
    'error missing-split split',
  ]);
});

test('images of two channels cannot be drawn', () => {
  assert.deepEqual(found(IMAGES, { data: { ...CLEAN, shape: [28, 28, 2] } }), ['error shape-mismatch data']);
});

test('images that do not fit the model', () => {
  const small: Images = { ...CLEAN, shape: [14, 14, 1] };
  assert.deepEqual(
    found(COMPARISON, { data: { ...small, corruptionOf: 'mnist' }, target: CLEAN, model: DENOISER }),
    ['error shape-mismatch model'],
  );
  assert.deepEqual(found(COMPARISON, { data: NOISY, target: small, model: DENOISER }), [
    'error shape-mismatch target',
  ]);
});

test('a denoiser without noise, and noise in the place of originals', () => {
  assert.deepEqual(found(COMPARISON, { data: CLEAN, target: CLEAN, model: DENOISER }), [
    'warning clean-evaluation data',
  ]);
  assert.deepEqual(found(COMPARISON, { data: NOISY, model: DENOISER }), ['warning bad-setting data']);
});

test('TensorFlow is needed by comparisons alone', () => {
  const { engine } = figureNode;
  assert.ok(typeof engine === 'function');
  assert.deepEqual([IMAGES, COMPARISON, HISTORY].map(engine), [false, true, false]);
});

test('images: a second set must have the split, and be drawable', () => {
  assert.deepEqual(found(IMAGES, { data: CLEAN, before: CLEAN }), []);
  assert.deepEqual(
    found(IMAGES, { data: CLEAN, before: { ...CLEAN, shape: [28, 28, 4], splits: ['train'] } }),
    ['error shape-mismatch before', 'error missing-split split'],
  );
});

test('figures of latent spaces: their inputs', () => {
  const latent: FigureSettings = { type: 'figure', kind: 'latent', data: 'map', split: 'test' };
  const vectors = { kind: 'vectors', size: 2, splits: ['test'] } as const;
  assert.deepEqual(found(latent, { data: vectors, thumbnails: CLEAN }), []);
  assert.deepEqual(found(latent, { data: { ...vectors, size: 16, splits: ['train'] } }), [
    'error shape-mismatch data',
    'error missing-split split',
  ]);
  assert.deepEqual(found(latent, { data: CLEAN }), ['error wrong-stage-kind data']);
  assert.deepEqual(found(IMAGES, { data: vectors }), ['error wrong-stage-kind data']);
  assert.deepEqual(found(latent, { data: vectors, thumbnails: { ...CLEAN, shape: [8, 8, 2] } }), [
    'error shape-mismatch thumbnails',
  ]);

  const manifold: FigureSettings = {
    type: 'figure',
    kind: 'manifold',
    data: 'mnist',
    model: 'trained',
    split: 'test',
    rows: 3,
    columns: 3,
  };
  assert.deepEqual(found(manifold, { data: CLEAN, model: DENOISER }), ['error shape-mismatch model']);
  const plane = { ...DENOISER, latentShape: [2] };
  assert.deepEqual(found(manifold, { data: CLEAN, model: plane }), []);
  assert.deepEqual(found(manifold, { data: { ...CLEAN, splits: ['train'] }, model: plane }), [
    'error missing-split split',
  ]);

  const animation: FigureSettings = { type: 'figure', kind: 'animation', model: 'trained', delay: 100 };
  assert.deepEqual(found(animation, { model: { ...DENOISER, previews: true } }), []);
  assert.deepEqual(found(animation, { model: { ...DENOISER, previews: false } }), [
    'error bad-setting model',
  ]);
});

test('curves of unmeasured quantities, and missing labels, are refused', () => {
  const model: OutputDescription = { ...DENOISER, measured: ['loss', 'mae'] };
  assert.deepEqual(found({ ...HISTORY, quantities: ['loss', 'mae'] }, { model }), []);
  assert.deepEqual(found({ ...HISTORY, quantities: ['loss', 'val_loss', 'learning_rate'] }, { model }), [
    'error bad-setting quantities.1',
    'error bad-setting quantities.2',
  ]);
  assert.deepEqual(found({ ...IMAGES, labels: true }, { data: { ...CLEAN, labeled: false } }), [
    'error bad-setting labels',
  ]);
  assert.deepEqual(found({ ...IMAGES, labels: true }, { data: { ...CLEAN, labeled: true } }), []);
});
