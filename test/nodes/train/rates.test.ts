/** Learning rates that change, from the pipeline file to the history. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { rig, TINY, type Rig } from '../../rig.ts';

/** The pipeline of `tiny.yaml` with more settings of its train stage: three steps an epoch. */
function withSettings(settings: string): string {
  return TINY.replace('    loss: mse\n', `    loss: mse\n${settings}`);
}

/** What `run` leaves of the stage, and of a figure of its history. */
async function train(folder: Rig, settings: string, epochs: number): Promise<readonly (readonly string[])[]> {
  folder.write('tiny.yaml', withSettings(settings));
  const args = ['run', 'tiny.yaml', 'trained', '-S', `params.epochs=${epochs}`];
  const { code, stderr } = await folder.run(args);
  assert.equal(code, 0, stderr);
  const text = folder.read('outputs/tiny/trained/history.csv').trimEnd();
  return text.split('\n').map((line) => line.split(','));
}

test('a schedule changes the rate step by step; the history has that of each last step', async (t) => {
  const folder = rig(t);
  const [head = [], ...rows] = await train(
    folder,
    '    optimizer: { SGD: { learning_rate: { PiecewiseConstantDecay: { boundaries: [1, 2, 4], values: [1, 0.5, 0.25, 0] } } } }\n',
    3,
  );
  assert.deepEqual(head, ['epoch', 'loss', 'val_loss', 'mae', 'val_mae', 'learning_rate']);
  assert.deepEqual(
    rows.map((row) => row[5]),
    ['0.5', '0', '0'],
  );
  // At a rate of 0, nothing changes: validation uses no resampled noise.
  assert.equal(rows[2]?.[2], rows[1]?.[2]);
  assert.notEqual(rows[1]?.[2], rows[0]?.[2]);
  const history: unknown = JSON.parse(folder.read('outputs/tiny/trained/history.json'));
  assert.deepEqual(Object.entries(Object(history)).at(-1), ['learning_rate', [0.5, 0, 0]]);
});

test('a plateau lowers a constant rate after the epoch that shows it', async (t) => {
  const folder = rig(t);
  // No epoch improves by this much.
  const plateau = 'reduce_lr_on_plateau: { factor: 0.5, patience: 1, min_delta: 100, min_lr: 0.125 }';
  const [head, ...rows] = await train(
    folder,
    `    optimizer: { SGD: { learning_rate: 0.5 } }\n    ${plateau}\n`,
    5,
  );
  assert.equal(head?.at(-1), 'learning_rate');
  assert.deepEqual(
    rows.map((row) => row.at(-1)),
    ['0.5', '0.5', '0.25', '0.125', '0.125'],
  );
  assert.match(
    folder.read('outputs/tiny/log.jsonl'),
    /epoch 2: the learning rate changes from 0\.5 to 0\.25/,
  );
});

test('a rate that stays the same has no column', async (t) => {
  const [head] = await train(rig(t), '', 1);
  assert.deepEqual(head, ['epoch', 'loss', 'val_loss', 'mae', 'val_mae']);
});

/** Each `^` is before a mistake. */
const MISTAKES: readonly (readonly [code: string, settings: string])[] = [
  ['out-of-range', rate('{ CosineDecay: { initial_learning_rate: 0.1, decay_steps: ^0 } }')],
  ['unknown-value', rate('{ ^CosineDecy: {} }')],
  ['wrong-type', rate('^fast')],
  ['out-of-range', rate('^-1')],
  ['missing-key', rate('{ ^ExponentialDecay: { decay_steps: 9, decay_rate: 0.5 } }')],
  ['unknown-key', rate('{ CosineDecay: { initial_learning_rate: 0.1, decay_steps: 9, ^alhpa: 0 } }')],
  [
    'out-of-range',
    rate('{ CosineDecay: { initial_learning_rate: 0.1, decay_steps: 9 }, ^PolynomialDecay: {} }'),
  ],
  ['bad-setting', rate('{ PiecewiseConstantDecay: { boundaries: [3, ^2], values: [1, 2, 3] } }')],
  ['bad-setting', rate('{ PiecewiseConstantDecay: { boundaries: [2, 3], values: ^[1, 2] } }')],
  [
    'bad-setting',
    `${rate('{ CosineDecay: { initial_learning_rate: 0.1, decay_steps: 9 } }')}    reduce_lr_on_plateau: ^{ patience: 3 }\n`,
  ],
  ['out-of-range', '    reduce_lr_on_plateau: { factor: ^1 }\n'],
  ['bad-setting', '    reduce_lr_on_plateau: { min_lr: ^0.1 }\n'],
];

function rate(text: string): string {
  return `    optimizer:\n      Adam:\n        learning_rate: ${text}\n`;
}

/** The findings for several files. */
async function check(folder: Rig, files: readonly string[]): Promise<readonly (readonly string[])[]> {
  const { json } = await folder.runJson(['check', ...files]);
  return json.files.map(({ diagnostics }) =>
    diagnostics.map(({ code, line, column }) => `${code} ${line}:${column}`),
  );
}

test('mistakes are shown at their places', async (t) => {
  const folder = rig(t);
  const files = MISTAKES.map((_, index) => `${index}.yaml`);
  const expected = MISTAKES.map(([code, marked], index) => {
    const text = withSettings(marked);
    folder.write(`${index}.yaml`, text.replace('^', ''));
    const before = text.split('^', 1).join('').split('\n');
    return [`${code} ${before.length}:${(before.at(-1)?.length ?? 0) + 1}`];
  });
  assert.deepEqual(await check(folder, files), expected);
});

test('a plateau of a loss that is not measured is shown at the plateau', async (t) => {
  const folder = rig(t);
  folder.write(
    'tiny.yaml',
    TINY.replace('    validation: test\n', '    reduce_lr_on_plateau: { patience: 3 }\n'),
  );
  const line = folder.read('tiny.yaml').split('reduce_lr_on_plateau', 1).join('').split('\n').length;
  assert.deepEqual(await check(folder, ['tiny.yaml']), [[`bad-setting ${line}:5`]]);
});
