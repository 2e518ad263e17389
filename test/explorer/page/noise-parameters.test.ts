import assert from 'node:assert/strict';
import { test } from 'node:test';
import { otherNoises, parametersOf } from '../../../src/explorer/page/noise-parameters.ts';
import { isNoise } from '../../../src/explorer/page/noise.ts';
import type { NoiseSettings } from '../../../src/schema/generated/settings.ts';

const images = {
  stage: 'digits',
  split: 'test',
  count: 1,
  places: [0],
  pixels: '',
  scale: 1 / 255,
  offset: 0,
} as const;

const shapes = [
  { input: [28, 28, 1], inputRange: [0, 1], outputRange: [0, 1], images, noise: [] },
  { input: [3, 40, 3], inputRange: [0, 255], outputRange: [0, 255], images, noise: [] },
  { input: [9, 7, 1], inputRange: [-2, 2], outputRange: [-1, 1], images, noise: [] },
] as const;

test('every place of every slider is a setting that a noise stage accepts', () => {
  for (const data of shapes) {
    for (const settings of otherNoises(data)) {
      assert.ok(isNoise(settings, data.input, data.inputRange), settings.kind);
      for (const parameter of parametersOf(settings, data)) {
        assert.ok(parameter.low <= parameter.value && parameter.value <= parameter.high, parameter.label);
        for (const value of [parameter.low, parameter.value, parameter.high]) {
          const changed = parameter.set(settings, value);
          assert.ok(isNoise(changed, data.input, data.inputRange), `${settings.kind} ${parameter.label}`);
        }
        assert.deepEqual(parameter.set(settings, parameter.value), settings);
      }
    }
  }
});

test('the kinds of the pipeline are not offered twice, nor photons where intensities are negative', () => {
  const own: NoiseSettings = {
    type: 'noise',
    data: 'digits',
    kind: 'masking',
    amount: 0.4,
    value: 0,
    clip: null,
  };
  const [first, , negative] = shapes;
  const offered = otherNoises({ ...first, noise: [{ stage: 'holes', settings: own }] });
  const kinds = new Set(offered.map(({ kind }) => kind));
  assert.ok(!kinds.has('masking') && kinds.has('poisson'));
  assert.ok(!otherNoises(negative).some(({ kind }) => kind === 'poisson'));
});

test('a slider reaches the value of the pipeline', () => {
  const settings: NoiseSettings = {
    type: 'noise',
    data: 'digits',
    kind: 'gaussian',
    mean: 0.5,
    stddev: 7,
    clip: null,
    resample: false,
  };
  const [stddev] = parametersOf(settings, shapes[0]);
  assert.deepEqual([stddev?.low, stddev?.high, stddev?.value], [0, 7, 7]);
});
