/** Values that losses and models cannot take are found as soon as they are known: by `check`, or before the first epoch. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Failure } from '../../../src/core/diagnostic.ts';
import { checkRecordedRange, checkTargetValues } from '../../../src/nodes/train/targets.ts';
import { npy } from '../../formats/numpy-files.ts';
import { rig, type DiagnosticOutput } from '../../rig.ts';

const of = (...values: readonly number[]) => ({ data: Float32Array.from(values), scale: 1, offset: 0 });

const codeOf = (work: () => void): string => {
  try {
    work();
    return '';
  } catch (error) {
    assert.ok(error instanceof Failure, String(error));
    const [{ code, at = [] } = {}] = error.diagnostics;
    return [code, ...at].join(' ');
  }
};

test('a cross-entropy takes targets from 0 to 1, in every split', () => {
  const check = (
    entropyAt: readonly string[] | undefined,
    ...targets: readonly ReturnType<typeof of>[]
  ): string =>
    codeOf(() =>
      checkTargetValues(targets, {
        ...{ stage: 'faces', activation: 'linear', log: () => assert.fail('no warning') },
        ...(entropyAt === undefined ? {} : { entropyAt }),
      }),
    );
  assert.equal(check(['loss'], of(0, 1), of(0.5, 1 + 1e-7, -1e-7)), '');
  assert.equal(check(['loss'], of(0, 255)), 'loss-output-mismatch loss');
  assert.equal(check(['loss'], of(0, 1), of(-0.1, 0)), 'loss-output-mismatch loss');
  assert.equal(check(['loss'], of(0, 1), of(0, 1.02)), 'loss-output-mismatch loss');
  assert.equal(check(['metrics', '0'], of(-1, 1)), 'loss-output-mismatch metrics 0');
  assert.equal(check(undefined, of(0, 255)), '');
  const bytes = { data: Uint8Array.of(0, 255), scale: 1 / 255, offset: 0 };
  assert.equal(
    codeOf(() =>
      checkTargetValues([bytes], {
        stage: 'a',
        entropyAt: ['loss'],
        activation: 'sigmoid',
        log: () => assert.fail(),
      }),
    ),
    '',
  );
});

test('values that are hardly too large do not look allowed', () => {
  const check = (): void =>
    checkTargetValues([of(0, 1.0001)], {
      ...{ stage: 'faces', activation: 'sigmoid', entropyAt: ['loss'], log: () => undefined },
    });
  assert.throws(check, (error) => error instanceof Failure && /1\.0001/.test(error.message));
});

test('targets that the last activation cannot give are warned of', () => {
  const warnings = (activation: string, ...values: readonly number[]): number => {
    let count = 0;
    checkTargetValues([of(...values)], { stage: 'faces', activation, log: () => void (count += 1) });
    return count;
  };
  assert.deepEqual(
    [
      warnings('sigmoid', 0, 1),
      warnings('sigmoid', 0, 255),
      warnings('sigmoid', -1, 1),
      warnings('tanh', -1, 1),
    ],
    [0, 1, 1, 0],
  );
  assert.deepEqual([warnings('relu', 0, 255), warnings('relu', -1, 0), warnings('linear', -9, 9)], [0, 1, 0]);
});

test('images with other values than their record says are refused', () => {
  assert.equal(
    codeOf(() => checkRecordedRange({ stage: 'mine' }, [0, 1], of(0, 255))),
    'data-corrupt',
  );
  assert.equal(
    codeOf(() => checkRecordedRange({ stage: 'mine' }, [0, 255], of(0, 255.0001))),
    '',
  );
});

const floats = (shape: string, ...values: readonly number[]): Buffer =>
  npy('<f4', shape, new Uint8Array(Float32Array.from(values).buffer));

const pipeline = (data: string, stages: string, name = 'ranges'): string => `name: ${name}
threads: 1
stages:
${data}
  model:
    type: model
    input_shape: [2, 2, 1]
    encoder: [Flatten, Dense: { units: 2 }]
    decoder: [Dense: { units: 4, activation: sigmoid }, Reshape: { target_shape: [2, 2, 1] }]
${stages}
`;

const places = (diagnostics: readonly DiagnosticOutput[] | undefined): readonly string[] =>
  (diagnostics ?? []).map(({ code, line }) => `${code} ${line}`);

test('`check` reads arrays, and says what is wrong with them or with their range', async (t) => {
  const { write, runJson } = rig(t);
  write('bright.npy', floats('(2, 2, 2)', 0, 255, 30, 7, 0, 255, 3, 9));
  write('deep.npy', npy('|u1', '(6, 2, 4, 4, 3)', 576));
  write('mask.npy', npy('|u1', '(2, 2, 2)', Uint8Array.of(0, 1, 1, 0, 0, 0, 1, 1)));
  const train = (loss: string): string =>
    `  t: { type: train, model: model, data: x, loss: ${loss}, epochs: 1 }`;
  const cases: Readonly<Record<string, readonly [string, string, readonly string[]]>> = {
    bright: [
      '{ type: dataset, source: npy, train_images: bright.npy, normalize: none }',
      'binary_crossentropy',
      ['loss-output-mismatch 10'],
    ],
    squared: [
      '{ type: dataset, source: npy, train_images: bright.npy, normalize: none }',
      'mse',
      ['loss-output-mismatch 10'],
    ],
    scaled: [
      '{ type: dataset, source: npy, train_images: bright.npy, white_level: 255 }',
      'binary_crossentropy',
      [],
    ],
    deep: ['{ type: dataset, source: npy, train_images: deep.npy }', 'mse', ['data-corrupt 4']],
    mask: [
      '{ type: dataset, source: npy, train_images: mask.npy }',
      'binary_crossentropy',
      ['bad-setting 4'],
    ],
    masks: [
      '{ type: dataset, source: npy, train_images: mask.npy, white_level: 1 }',
      'binary_crossentropy',
      [],
    ],
    raw: [
      '{ type: dataset, source: npy, train_images: mask.npy, normalize: none }',
      'binary_crossentropy',
      [],
    ],
    both: [
      '{ type: dataset, source: npy, train_images: mask.npy, normalize: none, white_level: 1 }',
      'mse',
      ['bad-setting 4'],
    ],
  };
  for (const [name, [x, loss]] of Object.entries(cases))
    write(`${name}.yaml`, pipeline(`  x: ${x}`, train(loss), name));
  const { json } = await runJson(['check', ...Object.keys(cases).map((name) => `${name}.yaml`)]);
  Object.entries(cases).forEach(([name, [, , wanted]], index) => {
    assert.deepEqual(places(json.files[index]?.diagnostics), wanted, name);
  });
});

test('if only a run finds the range, training and evaluation refuse it at the line of the loss', async (t) => {
  const { write, runJson, exists } = rig(t);
  write('x.npy', floats('(4, 2, 2)', ...Array.from({ length: 16 }, (_, index) => index / 15)));
  const data = `  raw: { type: dataset, source: npy, train_images: x.npy }
  x: { type: normalize, data: raw, method: standard }`;
  write(
    'train.yaml',
    pipeline(
      data,
      `  t:
    type: train
    model: model
    data: x
    loss: binary_crossentropy
    epochs: 1
    validation: none
    preview: null`,
    ),
  );
  const first = await runJson(['run', 'train.yaml']);
  assert.equal(first.code, 1);
  assert.deepEqual(places(first.json.diagnostics), ['loss-output-mismatch 15']);
  assert.equal(exists('outputs/ranges/t/history.csv'), false);
  write(
    'evaluate.yaml',
    pipeline(
      data,
      `  t: { type: train, model: model, data: raw, loss: mse, epochs: 1, validation: none, preview: null }
  q:
    type: evaluate
    model: t
    data: x
    split: train
    metrics: [mse, binary_crossentropy]`,
      'measured',
    ),
  );
  const second = await runJson(['run', 'evaluate.yaml']);
  assert.deepEqual(places(second.json.diagnostics), ['loss-output-mismatch 17']);
});
