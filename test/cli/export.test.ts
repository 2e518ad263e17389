/** `hourglass export`, as far as the command line goes; `test/export/` has what other programs make of the files. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { after, test } from 'node:test';
import { decodeTensors } from '../../src/formats/safetensors.ts';
import { rig } from '../rig.ts';
import { idxImages } from '../submission/pipelines.ts';

const PIPELINE = `name: small
stages:
  own: { type: dataset, source: idx, train_images: data/own.idx, normalize: minmax }
  model:
    type: model
    input_shape: [4, 4, 1]
    encoder: [Flatten, { Dense: { units: 3 } }]
    decoder: [{ Dense: { units: 16, activation: sigmoid } }, { Reshape: { target_shape: [4, 4, 1] } }]
  trained: { type: train, model: model, data: own, loss: mse, epochs: 1 }
`;

const rigged = rig({ after });

test('export writes the three models of a stage, of the last run or of an earlier one', async () => {
  rigged.write('data/own.idx', idxImages(8));
  rigged.write('small.yaml', PIPELINE);
  assert.equal((await rigged.run(['export', 'small.yaml', '--to', 'onnx'])).code, 2);
  for (const epochs of [1, 2]) {
    const set = `stages.trained.epochs=${epochs}`;
    const { code, stderr } = await rigged.run(['run', 'small.yaml', '--engine', 'portable', '-S', set]);
    assert.equal(code, 0, stderr);
  }
  const { json } = await rigged.runJson(['export', 'small.yaml', '--to', 'safetensors']);
  const { files } = json as unknown as { readonly files: readonly { readonly file: string }[] };
  assert.deepEqual(
    files.map(({ file }) => file),
    ['encoder', 'decoder', 'autoencoder'].map((name) => `trained/${name}.safetensors`),
  );
  const kernelOf = (file: string): Float32Array | Int32Array | undefined =>
    decodeTensors(readFileSync(rigged.path(file)), file).arrays.find(({ name }) => name === 'dense/kernel')
      ?.data;
  const { code } = await rigged.run(['export', 'small@1', 'trained', '--to', 'safetensors', '-o', 'first']);
  assert.equal(code, 0);
  const [last, first] = ['trained/encoder.safetensors', 'first/encoder.safetensors'].map(kernelOf);
  assert.equal(last?.length, 48);
  assert.notDeepEqual(last, first);
});

test('export replaces files only on request', async () => {
  const [file, args] = ['again/decoder.onnx', ['export', 'small.yaml', '--to', 'onnx', '-o', 'again']];
  rigged.write(file, 'my own');
  const { code, stderr } = await rigged.run(args);
  assert.notEqual(code, 0);
  assert.match(stderr, /again\/decoder\.onnx[^]*--overwrite/);
  assert.equal(readFileSync(rigged.path(file), 'utf8'), 'my own');
  assert.equal(existsSync(rigged.path('again/encoder.onnx')), false);
  // Another format has other names.
  assert.equal((await rigged.run([...args.with(3, 'keras')])).code, 0);
  assert.equal((await rigged.run([...args, '--overwrite'])).code, 0);
  assert.notEqual(readFileSync(rigged.path(file), 'utf8'), 'my own');
});

test('export says what the second input of a conditional model is', async () => {
  rigged.write('data/labels.idx', Buffer.from([0, 0, 8, 1, 0, 0, 0, 8, 0, 1, 2, 0, 1, 2, 0, 1]));
  const labelled = PIPELINE.replace('name: small', 'name: labelled')
    .replace('data/own.idx,', 'data/own.idx, train_labels: data/labels.idx,')
    .replace('encoder:', 'condition: labels\n    classes: 3\n    encoder:');
  rigged.write('labelled.yaml', labelled);
  const { code, stderr } = await rigged.run(['run', 'labelled.yaml', '--engine', 'portable']);
  assert.equal(code, 0, stderr);
  const exported = await rigged.run(['export', 'labelled.yaml', '--to', 'onnx', '-o', 'labelled']);
  assert.match(exported.stderr + exported.stdout, /\[batch, 4, 4, 1\][^]*\[batch, 3\]/);
});

test('export names what it cannot write', async () => {
  for (const [args, expected] of [
    [['small.yaml', 'own', '--to', 'onnx'], /dataset[^]*trained/],
    [['small.yaml', 'nothing', '--to', 'onnx'], /nothing[^]*trained/],
    [['small@9', '--to', 'onnx'], /1, 2/],
    [['small.yaml', '--to', 'pytorch'], /keras/],
    [['small.yaml'], /--to/],
  ] as const) {
    const { code, stderr } = await rigged.run(['export', ...args]);
    assert.equal(code, 2, args.join(' '));
    assert.match(stderr, expected);
  }
});

test('export takes a model from the outputs, and says how to train one again that is nowhere', async () => {
  rmSync(rigged.path('.hourglass/store'), { recursive: true });
  assert.equal((await rigged.run(['export', 'small.yaml', '--to', 'onnx'])).code, 0);
  rmSync(rigged.path('outputs/small/trained/model'), { recursive: true });
  const { code, stderr } = await rigged.run(['export', 'small.yaml', '--to', 'onnx']);
  assert.equal(code, 2);
  assert.match(stderr, /run small\.yaml trained -S stages\.trained\.epochs=2`/);
});
