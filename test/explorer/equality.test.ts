/** Models in a page compute what `predict` computes: in Node and in Chromium, by WebAssembly and by plain JavaScript. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { sizeOf } from '../../src/core/shape.ts';
import { modelShapes, predictAll } from '../../src/engine/train/predict.ts';
import { rowNumbers } from '../../src/engine/train/samples.ts';
import type { ExplorerData } from '../../src/explorer/data.ts';
import { open } from '../../src/explorer/page/open.ts';
import type { Player } from '../../src/explorer/player.ts';
import { explorerScript } from '../../src/explorer/script.ts';
import { makeContent } from '../../src/explorer/write/content.ts';
import { toIntegers } from '../../src/explorer/write/pack.ts';
import { weightsOf } from '../../src/explorer/weights.ts';
import { readImages } from '../../src/formats/images.ts';
import { loadAutoencoder } from '../../src/layers/save.ts';
import { startBrowser, visit, withoutBrowser } from '../report/browser.ts';
import { temporaryFolder } from '../nodes/context.ts';
import { ARCHITECTURES, engine, IMAGES, wasm, writeOutputs, type Kind } from './trained.ts';

const NEAR = 1e-5;

/** For each image: its latent, its reconstruction, and the image of another latent, the same numbers in another order. */
interface Outputs {
  readonly latents: readonly number[];
  readonly reconstructions: readonly number[];
  readonly others: readonly number[];
}

/** What `predict` returns with the weights that the page has. */
async function predicted(folder: string, { weights, classes }: ExplorerData): Promise<Outputs> {
  const { encoder, decoder, autoencoder } = await loadAutoencoder(
    engine.tf,
    join(folder, 'trained', 'model'),
  );
  if (weights.type === 'int16') {
    const rounded = autoencoder.getWeights().map((weight) => {
      if (weight.rank < 2) return weight;
      const { integers, scale } = toIntegers(weight.dataSync<'float32'>());
      return engine.tf.tensor(weightsOf(integers, scale), weight.shape);
    });
    autoencoder.setWeights(rounded);
  }
  const images = await readImages(join(folder, 'images'), 'test');
  const { inputShape } = modelShapes(encoder);
  const run = (model: typeof encoder, data: Uint8Array | Float32Array, shape: readonly number[]) =>
    predictAll(
      engine,
      model,
      {
        ...{ data, count: IMAGES, shape },
        ...(data instanceof Uint8Array
          ? { scale: images.scale, offset: images.offset }
          : { scale: 1, offset: 0 }),
        ...(classes === undefined || images.labels === undefined ? {} : { labels: images.labels }),
      },
      rowNumbers(IMAGES),
      { batchSize: 4, signal: new AbortController().signal },
    );
  const latents = await run(encoder, images.data, inputShape);
  const others = reversed(latents, latents.length / IMAGES);
  return {
    latents: [...latents],
    reconstructions: [...(await run(autoencoder, images.data, inputShape))],
    others: [...(await run(decoder, others, modelShapes(decoder).inputShape))],
  };
}

/** The numbers of each row in the opposite order. */
function reversed(rows: Float32Array, size: number): Float32Array {
  return rows.map((_, index) => rows[Math.floor(index / size) * size + (size - 1 - (index % size))] ?? 0);
}

/** Also runs in a page, as text: it uses nothing but its argument. */
function outputsOf(player: Player): Outputs {
  const [latents, reconstructions, others]: [number[], number[], number[]] = [[], [], []];
  for (let index = 0; index < player.data.images.count; index++) {
    const label = player.labelOf(index);
    const latent = player.encode(player.image(index), label);
    latents.push(...latent);
    reconstructions.push(...player.reconstruct(player.image(index), label));
    others.push(...player.decode(latent.slice().reverse(), label));
  }
  return { latents, reconstructions, others };
}

function assertNear(actual: Outputs, expected: Outputs, what: string): void {
  for (const name of ['latents', 'reconstructions', 'others'] as const) {
    const wanted = expected[name];
    assert.equal(actual[name].length, wanted.length, `${what}: ${name}`);
    // Of float32, whose steps grow with the numbers.
    const scale = Math.max(1, ...wanted.map(Math.abs));
    const wrong = actual[name].findIndex(
      (value, index) => !(Math.abs(value - (wanted[index] ?? NaN)) <= NEAR * scale),
    );
    assert.equal(wrong, -1, `${what}: ${name}[${wrong}] is ${actual[name][wrong]}, not ${wanted[wrong]}`);
  }
}

test('outputs in a page are those of `predict`', async (t) => {
  const folder = temporaryFolder(t);
  const made: { readonly kind: Kind; readonly data: ExplorerData; readonly expected: Outputs }[] = [];
  for (const kind of Object.keys(ARCHITECTURES) as Kind[]) {
    const own = join(folder, kind);
    const candidate = await writeOutputs(own, ARCHITECTURES[kind]);
    const data = await makeContent(engine, own, candidate, wasm);
    made.push({ kind, data, expected: await predicted(own, data) });
  }

  await t.test('in Node', async () => {
    for (const { kind, data, expected } of made) {
      for (const given of [{ textContent: wasm }, undefined]) {
        const player = await open({ textContent: JSON.stringify(data) }, given);
        assert.equal(player.engine, given === undefined ? 'javascript' : 'webassembly');
        assertNear(outputsOf(player), expected, `${kind}, ${player.engine}`);
        assert.equal(sizeOf(player.data.latent), player.latentSize);
        player.dispose();
      }
    }
  });

  await t.test('in Chromium', { skip: withoutBrowser }, async () => {
    const browser = await startBrowser(t);
    for (const policy of ["'wasm-unsafe-eval'", '']) {
      const path = join(folder, policy === '' ? 'plain.html' : 'page.html');
      writeFileSync(
        path,
        html(
          made.map(({ data }) => data),
          policy,
        ),
      );
      const { page, complaints } = await visit(browser, pathToFileURL(path).href);
      for (const [index, { kind, expected }] of made.entries()) {
        const { engine: used, ...outputs } = await page.evaluate<Outputs & Pick<Player, 'engine'>>(
          `(async () => {
            const player = await hourglass.open(document.querySelectorAll('.data')[${index}], document.querySelector('.wasm'));
            return { engine: player.engine, ...(${outputsOf.toString()})(player) };
          })()`,
        );
        assert.equal(used, policy === '' ? 'javascript' : 'webassembly', kind);
        assertNear(outputs, expected, `${kind}, ${used}`);
      }
      // Without the permission, the browser says that it was asked for.
      assert.deepEqual(
        complaints.filter((text) => !text.includes('wasm-unsafe-eval')),
        [],
      );
    }
  });
});

function html(all: readonly ExplorerData[], policy: string): string {
  const elements = all.map(
    (data) =>
      `<script type="application/json" class="data">${JSON.stringify(data).replaceAll('<', '\\u003c')}</script>`,
  );
  return `<!doctype html><meta charset="utf-8"><title>models</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline' ${policy}">
${elements.join('\n')}<script type="text/plain" class="wasm">${wasm}</script><script>${explorerScript()}</script>`;
}
