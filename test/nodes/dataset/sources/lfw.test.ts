/** Faces, end to end: an archive in LFW's layout is served, downloaded, checked, decoded, learned and drawn. */
import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import sharp from 'sharp';
import { pack, type Header } from 'tar-stream';
import type { LfwDatasetSettings } from '../../../../src/schema/generated/settings.ts';
import { Failure } from '../../../../src/core/diagnostic.ts';
import { sha256 } from '../../../../src/core/json.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import { loopback, serve } from '../../../loopback.ts';
import { rig } from '../../../rig.ts';
import { fakeContext, temporaryFolder } from '../../context.ts';

type Member = readonly [Partial<Header> & { name: string }, Uint8Array?];

async function archive(members: readonly Member[]): Promise<Buffer> {
  const packing = pack();
  for (const [header, bytes] of members) packing.entry(header, Buffer.from(bytes ?? Buffer.of()));
  packing.finalize();
  return gzipSync(await buffer(packing));
}

const PEOPLE = { Ada_Lovelace: 3, Emmy_Noether: 2, Grace_Hopper: 4, Sofja_Kowalewskaja: 1 };

/** 250x250, with an oval in the middle, a little different for each person. */
function face(person: number, number: number): Promise<Buffer> {
  const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="250" height="250">
    <rect width="250" height="250" fill="rgb(${40 + 30 * person},60,90)"/>
    <ellipse cx="125" cy="130" rx="${35 + 4 * person}" ry="${50 + 2 * number}" fill="rgb(220,${150 + 10 * person},130)"/></svg>`;
  return sharp(Buffer.from(svg)).jpeg().toBuffer();
}

async function faces(): Promise<readonly Member[]> {
  const members: Member[] = [
    [{ name: 'lfw_funneled/', type: 'directory' }],
    [{ name: 'lfw_funneled/pairs_01.txt' }, Buffer.from('10\n')],
  ];
  for (const [person, [name, count]] of Object.entries(PEOPLE).entries()) {
    members.push([{ name: `lfw_funneled/${name}/`, type: 'directory' }]);
    for (let number = 1; number <= count; number++) {
      const file = `${name}_${String(number).padStart(4, '0')}.jpg`;
      members.push([{ name: `lfw_funneled/${name}/${file}` }, await face(person, number)]);
    }
  }
  return members;
}

const SETTINGS: LfwDatasetSettings = {
  type: 'dataset',
  source: 'lfw',
  path: 'lfw.tgz',
  funneled: true,
  crop: { rows: [70, 195], columns: [78, 172] },
  resize: 0.5,
  color: 'gray',
  min_faces_per_person: 0,
  on_error: 'skip',
  limit: null,
  normalize: 'minmax',
};

test('a pipeline downloads, checks, decodes and splits faces, trains a denoiser and plots them', async (t) => {
  const bytes = await archive(await faces());
  const server = await loopback(t, serve(bytes));
  const rigged = rig(t);
  const pipeline = `name: faces
seed: 7
threads: 1
stages:
  faces: { type: dataset, source: lfw, url: "${server.url}/lfw-funneled.tgz", sha256: ${sha256(bytes)}, size: [64, 48], min_faces_per_person: 2 }
  parts: { type: split, data: faces, test: 0.34 }
  noisy: { type: noise, data: parts, kind: salt_and_pepper, amount: 0.1 }
  model:
    type: model
    input_shape: [64, 48, 1]
    encoder:
      - Conv2D: { filters: 8, kernel_size: 3, strides: 2, padding: same, activation: relu }
      - Conv2D: { filters: 8, kernel_size: 3, strides: 2, padding: same, activation: relu }
    decoder:
      - Conv2DTranspose: { filters: 8, kernel_size: 3, strides: 2, padding: same, activation: relu }
      - Conv2DTranspose: { filters: 1, kernel_size: 3, strides: 2, padding: same, activation: sigmoid }
  denoiser: { type: train, model: model, data: noisy, target: parts, loss: mse, optimizer: { Adam: { learning_rate: 0.01 } }, epochs: 50, batch_size: 4, validation: test }
  comparison: { type: figure, kind: comparison, model: denoiser, data: noisy, target: parts, samples: 3 }
  quality: { type: evaluate, model: denoiser, data: noisy, target: parts, metrics: [mse] }
`;
  rigged.write('faces.yaml', pipeline);
  // The engine is this machine's; only downloads go elsewhere.
  const env = { HOURGLASS_DATA: rigged.path('cache') };
  const { code, json } = await rigged.runJson(['run', 'faces.yaml'], { env });
  assert.equal(code, 0, JSON.stringify(json));
  assert.equal(server.requests.length, 1);
  assert.ok(existsSync(rigged.path('outputs/faces/comparison/figure.png')));
  const metrics = JSON.parse(rigged.read('outputs/faces/metrics.json'));
  assert.deepEqual(metrics.parts, { train_images: 6, test_images: 3 });
  // It has learned something: its outputs for noisy faces are closer to the clean ones than the noisy faces are.
  assert.ok(metrics.quality.mse < metrics.noisy.test_mse, JSON.stringify(metrics));
  // Originals, noisy and denoised faces.
  assert.equal(rigged.read('outputs/faces/comparison/figure.svg').match(/<image/g)?.length, 3);
  const summary = JSON.parse(rigged.read('outputs/faces/faces/summary.json'));
  assert.deepEqual(summary.train.shape, [9, 64, 48, 1]);
  assert.deepEqual(Object.keys(summary.train.images_per_class), [
    'Ada_Lovelace',
    'Emmy_Noether',
    'Grace_Hopper',
  ]);

  // Another mirror of the same archive changes nothing; a model that does not mirror 62x47 is found before anything runs.
  const moved = await rigged.runJson(['run', 'faces.yaml', '-S', 'stages.faces.url=http://127.0.0.1:9/'], {
    env,
  });
  assert.ok(moved.json.stages.every(({ state }) => state === 'cached'));
  rigged.write(
    'default.yaml',
    pipeline.replace('size: [64, 48], ', '').replace('[64, 48, 1]', '[62, 47, 1]'),
  );
  const checked = await rigged.runJson(['check', 'default.yaml']);
  assert.equal(checked.json.files[0]?.diagnostics[0]?.code, 'shape-mismatch');
});

test('a local archive and an unpacked folder are read, too', async (t) => {
  const folder = temporaryFolder(t);
  const members = await faces();
  writeFileSync(join(folder, 'lfw.tgz'), await archive(members));
  for (const [{ name, type }, bytes] of members) {
    if (type === 'directory' || bytes === undefined) continue;
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), bytes);
  }
  const summaries = [];
  for (const path of ['lfw.tgz', 'lfw_funneled']) {
    const context = fakeContext(folder, { ...SETTINGS, path });
    assert.deepEqual((await datasetNode.run(context)).metrics, { train_images: 10 });
    summaries.push(JSON.parse(readFileSync(join(context.folder, 'summary.json'), 'utf8')));
  }
  assert.deepEqual(summaries[0].train.shape, [10, 62, 47, 1]);
  assert.deepEqual(summaries[1], summaries[0]);
  const strict = { ...SETTINGS, min_faces_per_person: 5 };
  await assert.rejects(datasetNode.run(fakeContext(folder, strict)), hasCode('data-missing'));
  const missing = { ...SETTINGS, path: 'none.tgz' };
  await assert.rejects(datasetNode.run(fakeContext(folder, missing)), hasCode('data-missing'));
});

const hasCode = (code: string) => (error: unknown) => {
  assert.ok(error instanceof Failure, String(error));
  assert.equal(error.diagnostics[0]?.code, code);
  return true;
};

test('hostile archives lead nowhere', async (t) => {
  const folder = temporaryFolder(t);
  const good = await face(0, 1);
  const members: Member[] = [
    [{ name: 'lfw/A/A_0001.jpg' }, good],
    [{ name: '../../escape/A/../../../../A_0002.jpg' }, good],
    [{ name: '/absolute/B/B_0001.jpg/..' }, good],
    [{ name: 'lfw/A/link.jpg', type: 'symlink', linkname: '/etc/passwd' }],
    [{ name: 'lfw/A/hard.jpg', type: 'link', linkname: 'lfw/A/A_0001.jpg' }],
    [{ name: 'lfw/A/device.jpg', type: 'character-device' }],
    [{ name: 'lfw/A/text.jpg' }, Buffer.from('no image')],
  ];
  writeFileSync(join(folder, 'lfw.tgz'), await archive(members));
  const context = fakeContext(folder, SETTINGS);
  assert.deepEqual((await datasetNode.run(context)).metrics, { train_images: 1 });
  assert.ok(!existsSync(join(folder, 'escape')) && !existsSync(join(folder, '..', 'escape')));

  const whole = await archive([[{ name: 'lfw/A/A_0001.jpg' }, good]]);
  const damaged = [
    whole.subarray(0, whole.length / 2),
    Buffer.of(),
    Buffer.from('no archive'),
    gzipSync(Buffer.alloc(5000, 7)),
  ];
  for (const bytes of damaged) {
    writeFileSync(join(folder, 'lfw.tgz'), bytes);
    await assert.rejects(datasetNode.run(fakeContext(folder, SETTINGS)), hasCode('data-corrupt'));
  }
});
