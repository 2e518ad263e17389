/** Outputs of a run as `outputs/<name>` holds them, without running anything. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';
import type { RunRecord, StageRecord } from '../../src/artifacts/run-record.ts';
import { sha256 } from '../../src/core/json.ts';
import { renderPng } from '../../src/figures/figure.ts';
import { imageGrid, imageTiles, inRows } from '../../src/figures/image-grid.ts';

export const PIPELINE = `name: example
description: An example & its "report"
seed: 7
params: { epochs: 3 }
stages:
  digits: { type: dataset, source: mnist, limit: { train: 20, test: 10 } } # few
  net:
    type: model
    input_shape: [28, 28, 1]
    encoder:
      - Flatten
      - Dense: { units: 4 }
    decoder: []
  trained: { type: train, model: net, data: digits, optimizer: { Adam: { learning_rate: 0.01 } }, epochs: "\${params.epochs}" }
  quality: { type: evaluate, model: trained, data: digits }
  drawing: { type: sketch, data: digits, model: trained, samples: 2 }
`;

/** Parsed and with defaults. */
export const RESOLVED = `name: example
description: An example & its "report"
seed: 7
stages:
  digits: { type: dataset, source: mnist, limit: { train: 20, test: 10 }, normalize: minmax }
  net: { type: model, input_shape: [28, 28, 1], encoder: [Flatten, { Dense: { units: 4, use_bias: true } }], decoder: [] }
  trained: { type: train, model: net, data: digits, optimizer: { Adam: { learning_rate: 0.01, beta_1: 0.9 } }, epochs: 3 }
  quality: { type: evaluate, model: trained, data: digits }
  drawing: { type: sketch, data: digits, model: trained, samples: 2 }
`;

export const SUMMARY = `Model: "encoder"
┏━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━━━━━━━━━━┳━━━━━━━━━━━━━━━┓
┃ Layer (type)                    ┃ Output Shape           ┃       Param # ┃
┡━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━━━━━━━━━━╇━━━━━━━━━━━━━━━┩
│ flatten (Flatten)               │ (None, 784)            │             0 │
├─────────────────────────────────┼────────────────────────┼───────────────┤
│ dense (Dense)                   │ (None, 4)              │         3,140 │
└─────────────────────────────────┴────────────────────────┴───────────────┘
 Total params: 3,140 (12.27 KB)
 Trainable params: 3,140 (12.27 KB)
 Non-trainable params: 0 (0.00 B)
`;

const RECORDS: Readonly<Record<string, StageRecord>> = {
  digits: stage('dataset', {}, ['summary.json']),
  net: stage('model', {}, ['summary.txt']),
  trained: stage('train', { model: 'net', data: 'digits' }, ['previews/epoch-003.png', 'history.csv']),
  quality: stage('evaluate', { model: 'trained', data: 'digits' }, ['metrics.json']),
  drawing: stage('sketch', { data: 'digits', model: 'trained' }, ['figure.png', 'figure.svg']),
};

function stage(
  type: string,
  inputs: Readonly<Record<string, string>>,
  highlights: readonly string[],
): StageRecord {
  const hash = sha256(type);
  return {
    type,
    state: 'ran',
    seconds: 1.5,
    inputs,
    result: 'current',
    wanted: hash,
    hash,
    key: { type },
    highlights,
  };
}

export interface OutputsOptions {
  readonly run?: Partial<RunRecord>;
  readonly pipeline?: string;
  readonly resolved?: string;
  readonly log?: readonly object[];
  /** Epochs, and previews of them. */
  readonly epochs?: number;
  /** The folder above `outputs/`; by default a temporary one. */
  readonly root?: string;
}

export interface Outputs {
  readonly folder: string;
  write(path: string, content: string | Uint8Array): void;
}

/** A run of `PIPELINE` with files of all kinds. */
export function makeOutputs(t: Pick<TestContext, 'after'>, options: OutputsOptions = {}): Outputs {
  const root = options.root ?? mkdtempSync(join(tmpdir(), 'hourglass-report-'));
  if (options.root === undefined) t.after(() => rmSync(root, { recursive: true, force: true }));
  const folder = join(root, 'outputs', 'example');
  const write = (path: string, content: string | Uint8Array): void => {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), content);
  };
  const run: RunRecord = {
    status: 'done',
    pipeline: 'example',
    file: 'example.yaml',
    resolved: sha256(options.resolved ?? RESOLVED),
    seed: 7,
    overrides: [],
    versions: { hourglass: '0.1.0', node: '20.20.2' },
    engine: { kind: 'native', version: 'tensorflow 2.21.0', platform: 'linux-x64' },
    stages: RECORDS,
    ...options.run,
  };
  write('run.json', JSON.stringify(run));
  write(
    'metrics.json',
    JSON.stringify({ digits: { train_images: 20 }, quality: { mse: 0.012345678, psnr: 19 } }),
  );
  write('pipeline.yaml', options.pipeline ?? PIPELINE);
  write('resolved.yaml', options.resolved ?? RESOLVED);
  const log = options.log ?? [
    { level: 30, time: Date.UTC(2026, 0, 2, 3, 4), event: 'run-started' },
    { level: 30, time: Date.UTC(2026, 0, 2, 3, 5), event: 'run-finished', seconds: 61 },
  ];
  write('log.jsonl', log.map((line) => `${JSON.stringify(line)}\n`).join(''));
  write(
    'digits/summary.json',
    JSON.stringify({
      train: { shape: [20, 28, 28, 1], mean: 0.13 },
      test: { shape: [10, 28, 28, 1], mean: 0.12 },
    }),
  );
  write('net/summary.txt', SUMMARY);
  writeTraining(write, options.epochs ?? 3);
  write('quality/metrics.json', JSON.stringify({ mse: 0.012345678, psnr: 19 }));
  const figure = drawing('Two digits', 2);
  write('drawing/figure.svg', figure.svg);
  write('drawing/figure.png', renderPng(figure));
  return { folder, write };
}

function writeTraining(write: Outputs['write'], epochs: number): void {
  const rows = Array.from(
    { length: epochs },
    (_, index) => `${index + 1},${1 / (index + 1)},${1.1 / (index + 1)}`,
  );
  write('trained/history.csv', ['epoch,loss,val_loss', ...rows, ''].join('\n'));
  write('trained/training.json', JSON.stringify({ loss: 'mse', denoiser: false }));
  write('trained/previews/inputs.svg', drawing('Inputs', 4).svg);
  for (let epoch = 1; epoch <= epochs; epoch += 1) {
    const name = `trained/previews/epoch-${String(epoch).padStart(3, '0')}.svg`;
    write(name, drawing(`Epoch ${epoch}`, 4).svg);
  }
}

/** A grid of small images with a gradient each. */
export function drawing(title: string, images: number) {
  const values = Float32Array.from({ length: images * 16 }, (_, index) => (index % 16) / 15);
  const tiles = imageTiles(values, [4, 4, 1], [0, 1]);
  return imageGrid({ title, rows: inRows(tiles, 2) });
}
