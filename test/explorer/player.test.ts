/** What a player refuses and promises, and pages that are damaged. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type { ExplorerData } from '../../src/explorer/data.ts';
import { DamagedModel } from '../../src/explorer/page/damaged.ts';
import { open } from '../../src/explorer/page/open.ts';
import { makeContent } from '../../src/explorer/write/content.ts';
import { packBytes, packFloats } from '../../src/explorer/write/pack.ts';
import type { Player } from '../../src/explorer/player.ts';
import { ARCHITECTURES, engine, IMAGES, wasm, writeOutputs, type Kind } from './trained.ts';

const NOISE = {
  type: 'noise',
  data: 'images',
  kind: 'gaussian',
  mean: 0,
  stddev: 0.3,
  clip: [0, 1],
  resample: false,
} as const;

const made = new Map<Kind, ExplorerData>();

before(async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hourglass-player-'));
  try {
    for (const kind of ['conditional', 'quantized', 'variational'] as const) {
      const candidate = await writeOutputs(join(folder, kind), ARCHITECTURES[kind]);
      const settings = { kind: 'gaussian', mean: 0, stddev: 0.3, clip: [0, 1], resample: false };
      made.set(
        kind,
        await makeContent(
          engine,
          join(folder, kind),
          { ...candidate, noise: [{ stage: 'noisy', settings }] },
          wasm,
        ),
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

function dataOf(kind: Kind): ExplorerData {
  const data = made.get(kind);
  assert.ok(data);
  return data;
}

const started = (data: unknown): Promise<Player> => open({ textContent: JSON.stringify(data) });

test('a player has the images, their labels and latents', async () => {
  const player = await started(dataOf('conditional'));
  assert.equal(player.data.images.count, IMAGES);
  const image = player.image(4);
  assert.ok(image.every((pixel) => pixel >= 0 && pixel <= 1) && image.some((pixel) => pixel > 0));
  assert.equal(player.labelOf(4), 1);
  assert.equal(player.className(1), '</script><!--');
  assert.equal(player.className(7), '7');
  const latent = player.latentOf(4);
  const computed = player.encode(image, 1);
  latent.forEach((value, index) => assert.ok(Math.abs(value - (computed[index] ?? NaN)) < 0.01));
  latent.forEach((value, index) => {
    const [low, high] = player.latentRanges?.[index] ?? [NaN, NaN];
    assert.ok(low <= value && value <= high);
  });
  // What it returns may be changed.
  latent.fill(0);
  assert.notDeepEqual(player.latentOf(4), latent);
});

test('arguments that do not fit are refused', async () => {
  const player = await started(dataOf('conditional'));
  const image = player.image(0);
  for (const wrong of [
    () => player.encode(image.subarray(1), 0),
    () => player.encode(image.with(3, NaN), 0),
    () => player.encode(image),
    () => player.encode(image, 3),
    () => player.decode(new Float32Array(5), 0),
    () => player.image(IMAGES),
    () => player.image(-1),
    () => player.latentOf(0.5),
    () => player.addNoise(image, { ...NOISE, stddev: -1 }, 1),
    () => player.addNoise(image, NOISE, -1),
    () => player.paint(image.subarray(1), 'input'),
  ])
    assert.throws(wrong, RangeError);
  assert.throws(() => player.drawLatent(1), TypeError);
});

test('noise follows its seed and its settings, and stays in its limits', async () => {
  const player = await started(dataOf('variational'));
  const image = player.image(2);
  const shared = { type: 'noise', data: 'images', clip: [0, 1] } as const;
  const all = [
    NOISE,
    { ...shared, kind: 'speckle', mean: 0, stddev: 0.5 },
    { ...shared, kind: 'salt_and_pepper', amount: 0.4, salt_vs_pepper: 0.5 },
    { ...shared, kind: 'masking', amount: 0.4, value: 0 },
    { ...shared, kind: 'poisson', peak: 5 },
    { ...shared, kind: 'occlusion', size: [3, 3], count: 2, value: 0.5 },
    { ...shared, kind: 'blur', sigma: 1 },
  ] as const;
  for (const settings of all) {
    const noisy = player.addNoise(image, settings, 5);
    assert.ok(
      noisy.every((pixel) => pixel >= 0 && pixel <= 1),
      settings.kind,
    );
    assert.notDeepEqual(noisy, image, settings.kind);
    assert.deepEqual(player.addNoise(image, settings, 5), noisy, settings.kind);
    if (settings.kind !== 'blur')
      assert.notDeepEqual(player.addNoise(image, settings, 6), noisy, settings.kind);
  }
  assert.deepEqual(player.data.noise[0]?.settings, NOISE);
});

test('latents are drawn from the prior, codes are those of the latents', async () => {
  const variational = await started(dataOf('variational'));
  const drawn = variational.drawLatent(3);
  assert.equal(drawn.length, 4);
  assert.deepEqual(variational.drawLatent(3), drawn);
  assert.notDeepEqual(variational.drawLatent(4), drawn);
  const quantized = await started(dataOf('quantized'));
  const codes = quantized.codes?.map((code) => code.join());
  assert.equal(codes?.length, 8);
  const latent = quantized.encode(quantized.image(1));
  for (let at = 0; at < latent.length; at += 4)
    assert.ok(codes?.includes(latent.subarray(at, at + 4).join()));
});

test('pixels are painted in the range of their images', async () => {
  const player = await started(dataOf('variational'));
  const pixels = new Float32Array(player.inputSize).fill(2);
  pixels[0] = -1;
  pixels[1] = 0.5;
  const colors = player.paint(pixels, 'input');
  assert.deepEqual([...colors.subarray(0, 12)], [0, 0, 0, 255, 128, 128, 128, 255, 255, 255, 255, 255]);
});

test('a damaged page is refused, or computes numbers', async () => {
  const data = dataOf('conditional');
  const text = JSON.stringify(data);
  const attempt = async (damaged: string): Promise<void> => {
    for (const given of [{ textContent: wasm }, undefined]) {
      let player: Player;
      try {
        player = await open({ textContent: damaged }, given);
      } catch (error) {
        assert.ok(error instanceof DamagedModel, String(error));
        continue;
      }
      if (player.data.images.count > 0) {
        const label = Math.min(1, (player.data.classes ?? 1) - 1);
        assert.equal(player.reconstruct(player.image(0), label).length, player.outputSize);
      }
      player.dispose();
    }
  };
  const weights = text.indexOf(data.encoder.weights);
  const place = fc
    .nat(text.length - 1)
    .filter((at) => at < weights || at > weights + data.encoder.weights.length);
  const changed = fc
    .tuple(place, fc.constantFrom(...'0129-]}",: aA%='))
    .map(([at, letter]) => text.slice(0, at) + letter + text.slice(at + 1));
  await fc.assert(fc.asyncProperty(changed, attempt), { numRuns: 150 });
  await fc.assert(
    fc.asyncProperty(
      fc.nat(text.length - 1).map((length) => text.slice(0, length)),
      attempt,
    ),
    { numRuns: 20 },
  );
});

test('sizes, numbers and layers that do not fit together are refused', async () => {
  const data = dataOf('conditional');
  const { images, encoder, decoder } = data;
  const inProgram = (from: string | RegExp, to: string) => ({
    ...encoder,
    program: encoder.program.replace(from, to),
  });
  const wrong: readonly unknown[] = [
    null,
    [],
    { ...data, format: 'other' },
    { ...data, stage: '../../etc' },
    { ...data, input: [10, 8] },
    { ...data, input: [10, 8, 2] },
    { ...data, input: [1e9, 1e9, 1] },
    { ...data, output: [10, 8, 0] },
    { ...data, latent: [5] },
    { ...data, inputRange: [1, 0] },
    { ...data, classes: 2 },
    { ...data, classes: undefined },
    { ...data, codes: { count: 8, values: packBytes(new Uint8Array(3)) } },
    { ...data, images: { ...images, count: IMAGES + 1 } },
    { ...data, images: { ...images, count: 5000, places: Array.from({ length: 5000 }, () => 0) } },
    { ...data, images: { ...images, labels: undefined } },
    { ...data, images: { ...images, labels: images.labels?.map(() => 3) } },
    { ...data, images: { ...images, pixels: 'no base64' } },
    { ...data, images: { ...images, pixels: packBytes(new Uint8Array(1)) } },
    // Unpacked no further than is needed.
    { ...data, images: { ...images, pixels: packBytes(new Uint8Array(1e7)) } },
    { ...data, images: { ...images, latents: packFloats(new Float32Array(IMAGES * 4).fill(NaN)) } },
    { ...data, noise: [{ stage: 'noisy', settings: { ...NOISE, kind: 'constructor' } }] },
    { ...data, noise: [{ stage: 'noisy', settings: { ...NOISE, stddev: 'much' } }] },
    {
      ...data,
      noise: [
        { stage: 'noisy', settings: { ...NOISE, kind: 'occlusion', size: [99, 1], count: 1, value: 0 } },
      ],
    },
    { ...data, weights: { type: 'float64' } },
    { ...data, weights: { type: 'float32' } },
    { ...data, encoder: { ...encoder, weights: packBytes(new Uint8Array(8)) } },
    { ...data, encoder: decoder },
    { ...data, encoder: { ...encoder, program: '' } },
    { ...data, encoder: inProgram('float32[1, 10, 8, 1]', 'float32[1, 10, 8, 1000000000]') },
    { ...data, encoder: inProgram(/return .*/, 'return x') },
    { ...data, encoder: inProgram(/return .*/, '%big: float32[70000, 70000] = broadcast 0\nreturn %big') },
    { ...data, encoder: inProgram('matmul', 'system') },
    { ...data, encoder: { ...encoder, program: ' '.repeat(2 ** 21) } },
  ];
  for (const [index, each] of wrong.entries())
    await assert.rejects(started(each), DamagedModel, `the change at ${index}`);
  await assert.rejects(open({ textContent: null }), DamagedModel);
});

test('a module that is damaged leaves plain JavaScript', async () => {
  for (const textContent of [
    '',
    'no base64',
    packBytes(new Uint8Array(100)),
    packBytes(new Uint8Array(2 ** 23)),
  ]) {
    const player = await open({ textContent: JSON.stringify(dataOf('variational')) }, { textContent });
    assert.equal(player.engine, 'javascript');
    assert.equal(player.decode(player.latentOf(0)).length, player.outputSize);
  }
});
