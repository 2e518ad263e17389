/** The printed report of the coursework: its pipeline, with files of the kinds and sizes that a run writes. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { stringify } from 'yaml';
import type { StageRecord } from '../../src/artifacts/run-record.ts';
import { loadPipeline } from '../../src/config/load.ts';
import type { StageSettings } from '../../src/config/pipeline.ts';
import { sha256, type Json } from '../../src/core/json.ts';
import { packageRoot } from '../../src/core/package-root.ts';
import { stageTypes } from '../../src/nodes/registry.ts';
import { writeReport } from '../../src/report/write.ts';
import { startBrowser, visit, withoutBrowser } from './browser.ts';
import { makeOutputs, type Outputs } from './outputs.ts';

const FILE = join(packageRoot, 'pipelines', 'coursework', 'mnist-denoising.yaml');
const MOST_PAGES = 15;

/** Width and height of what `figure` draws, by its kind. */
const SIZES: Readonly<Record<string, readonly [number, number]>> = {
  images: [1019, 741],
  comparison: [1012, 332],
  history: [680, 449],
  animation: [431, 472],
};

function picture(width: number, height: number): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" aria-label="A figure"><rect width="${width}" height="${height}"/></svg>`;
}

/** A summary as Keras prints it. */
function summaryOf(model: string, layers: readonly Json[]): string {
  const lines = layers.map((layer, index) => {
    const type = typeof layer === 'string' ? layer : Object.keys(layer as object)[0];
    return `│ layer_${index} (${type}) │ (None, 28, 28, 32) │ ${index * 1000} │`;
  });
  return [`Model: "${model}"`, ...lines, ' Total params: 1,153,712 (4.40 MB)', ''].join('\n');
}

function writeStage(write: Outputs['write'], name: string, settings: StageSettings): void {
  const file = (path: string, content: string): void => write(`${name}/${path}`, content);
  const { type, encoder = [], decoder = [], kind, epochs = 0 } = settings;
  if (type === 'dataset') {
    const facts = Array.from({ length: 18 }, (_, index) => [`images_per_class.${index}`, 5421]);
    const split = Object.fromEntries(facts);
    file('summary.json', JSON.stringify({ train: split, test: split }));
  }
  if (type === 'model' && Array.isArray(encoder) && Array.isArray(decoder)) {
    const models = { encoder, decoder, autoencoder: [...encoder, ...decoder] };
    const texts = Object.entries(models).map(([model, layers]) =>
      summaryOf(model, ['InputLayer', ...layers]),
    );
    file('summary.txt', texts.join('\n'));
  }
  if (type === 'train') {
    const rows = Array.from({ length: Number(epochs) }, (_, index) => `${index + 1},0.2,0.2,0.04,0.04`);
    file('history.csv', ['epoch,loss,val_loss,mse,val_mse', ...rows, ''].join('\n'));
    file('previews/inputs.svg', picture(388, 420));
    for (let epoch = 1; epoch <= Number(epochs); epoch += 1)
      file(`previews/epoch-${String(epoch).padStart(3, '0')}.svg`, picture(388, 420));
  }
  if (type === 'figure') file('figure.svg', picture(...(SIZES[String(kind)] ?? [0, 0])));
}

test(
  'the coursework prints on a few pages, whatever the reader has opened',
  { skip: withoutBrowser },
  async (t) => {
    const { located } = await loadPipeline(FILE, { stageTypes: stageTypes(false) });
    assert.ok(located);
    const { stages } = located.pipeline;
    const records: Record<string, StageRecord> = {};
    const metrics: Record<string, Readonly<Record<string, number>>> = {};
    for (const [name, settings] of stages) {
      const inputs = Object.entries(settings).flatMap(([key, value]) =>
        typeof value === 'string' && stages.has(value) ? [[key, value]] : [],
      );
      const hash = sha256(name);
      records[name] = {
        ...{
          type: settings.type,
          state: 'ran',
          seconds: 12,
          inputs: Object.fromEntries(inputs),
          hash,
          wanted: hash,
        },
        ...{ result: 'current', key: {}, highlights: ['summary.json', 'figure.svg'] },
      };
      if (settings.type === 'evaluate') metrics[name] = { mse: 0.0123, psnr: 19.1, ssim: 0.87 };
      if (settings.type === 'train')
        metrics[name] = {
          loss: 0.19,
          val_loss: 0.18,
          mse: 0.044,
          val_mse: 0.042,
          epochs: 60,
          best_epoch: 60,
        };
    }
    const resolved = stringify(located.resolved);
    const outputs = makeOutputs(t, {
      run: {
        pipeline: located.pipeline.name,
        file: basename(FILE),
        resolved: sha256(resolved),
        stages: records,
      },
      pipeline: readFileSync(FILE, 'utf8'),
      resolved,
    });
    outputs.write(
      'extends.json',
      JSON.stringify(located.bases.map(({ name: file, text }) => ({ file, text }))),
    );
    outputs.write('metrics.json', JSON.stringify(metrics));
    for (const [name, settings] of stages) writeStage(outputs.write, name, settings);
    const { path, report } = await writeReport(outputs.folder, { models: 'none' });
    assert.equal(report.stages.length, stages.size);
    assert.equal(report.sources.length, 2);

    const { page, complaints } = await visit(await startBrowser(t), pathToFileURL(path).href);
    const pages = async (): Promise<number> =>
      [...(await page.pdf({ format: 'A4' })).toString('latin1').matchAll(/\/Type \/Page\b(?!s)/g)].length;
    const count = await pages();
    assert.ok(count > 3 && count <= MOST_PAGES, `${count} pages`);
    await page.evaluate('document.querySelectorAll("details").forEach((details) => (details.open = true))');
    assert.equal(await pages(), count);
    await page.emulateMedia({ media: 'print' });
    assert.ok(await page.locator('#yaml-denoiser').isVisible());
    assert.equal(await page.locator('#hashes').isVisible(), false);
    assert.deepEqual(complaints, []);
  },
);
