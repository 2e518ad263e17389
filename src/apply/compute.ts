/** Runs a trained model on images in a worker, by the stage types that a pipeline would use. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonObject } from '../core/json.ts';
import type { ImageShape } from '../core/stage-type.ts';
import type { EngineKind } from '../engine/engine.ts';
import { lockLost, takeLock } from '../files/lock.ts';
import { extremesOf } from '../formats/image-rows.ts';
import { namesOf } from '../formats/image-names.ts';
import { readImages, toFloat32, writeImageSet, type ImageArray } from '../formats/images.ts';
import { readVectors, readVectorSet } from '../formats/vectors.ts';
import type { StageResult } from '../history/results.ts';
import type { InputArtifact } from '../nodes/contract.ts';
import { WorkerPool, type TaskEvents } from '../run/workers.ts';
import type { OwnImages } from './own-images.ts';
import type { Preparation } from './preparation.ts';

export interface Work {
  readonly trained: StageResult;
  readonly preparation: Preparation;
  readonly images: OwnImages;
  /** For a conditional model: the class of all images. */
  readonly label?: number;
  /** Whether the latents are wanted, not the outputs. */
  readonly encode: boolean;
  readonly engine: EngineKind;
  readonly signal: AbortSignal;
  readonly events: TaskEvents;
}

/** Values of each image, row-major. */
export interface Rows {
  readonly values: Float32Array;
  /** Of one image or vector. */
  readonly shape: readonly number[];
}

export interface Computed {
  /** The images as the model received them. */
  readonly input: Rows & { readonly shape: ImageShape };
  readonly output: Rows;
}

/** @throws Failure the error of a stage, `worker-died`, or `interrupted` */
export async function computeOutputs(work: Work): Promise<Computed> {
  const folder = await mkdtemp(join(tmpdir(), 'hourglass-apply-'));
  const pool = new WorkerPool();
  try {
    const lock = await takeLock(join(folder, 'run.lock'));
    if (lock.state !== 'taken') throw lockLost();
    try {
      const run = async (
        type: string,
        settings: JsonObject,
        inputs: Inputs,
        name: string,
      ): Promise<string> => {
        const target = join(folder, name);
        await mkdir(target);
        const { trained, engine, signal, events } = work;
        await pool.run(
          {
            ...{ stage: name, type, settings: { type, ...settings }, inputs, folder: target },
            ...{ lock: lock.mark, pipelineFolder: folder, pipelineSeed: 0, plugins: [] },
            engine: { kind: engine, threads: trained.threads ?? availableParallelism() },
          },
          events,
          signal,
        );
        return target;
      };
      return await compute(work, folder, run);
    } finally {
      await lock.release();
    }
  } finally {
    pool.close();
    await rm(folder, { recursive: true, force: true, maxRetries: 3 }).catch(() => undefined);
  }
}

type Inputs = Readonly<Record<string, InputArtifact>>;

type RunTask = (type: string, settings: JsonObject, inputs: Inputs, name: string) => Promise<string>;

/** Images of a batch that the model computes together. It does not change the results. */
const BATCH_SIZE = 32;

async function compute(
  { trained, preparation, images, label, encode }: Work,
  folder: string,
  run: RunTask,
): Promise<Computed> {
  let prepared = join(folder, 'images');
  await mkdir(prepared);
  await writeOwn(prepared, images, preparation, label);
  for (const { stage, type, settings } of preparation.steps) {
    const data: InputArtifact = { stage: preparation.dataset.stage, kind: 'images', folder: prepared };
    prepared = await run(type, settings, { data }, `step-${stage}`);
  }
  const x = await readImages(prepared, 'test');
  const inputs: Inputs = {
    model: { stage: trained.stage, kind: 'trained-model', folder: trained.folder },
    data: { stage: 'images', kind: 'images', folder: prepared },
  };
  const settings = { split: 'test', batch_size: BATCH_SIZE };
  const result = await run(encode ? 'encode' : 'predict', settings, inputs, 'result');
  const output: Rows = encode
    ? { values: (await readVectors(result, 'test')).data, shape: [(await readVectorSet(result)).size] }
    : await readRows(result);
  return { input: { values: toFloat32(x), shape: x.shape }, output };
}

async function readRows(folder: string): Promise<Rows> {
  const y = await readImages(folder, 'test');
  return { values: toFloat32(y), shape: y.shape };
}

/** Writes the images as a data set with one split. */
async function writeOwn(
  folder: string,
  { data, scale, offset, names }: OwnImages,
  { dataset: { shape, range } }: Preparation,
  label: number | undefined,
): Promise<void> {
  const images: ImageArray = {
    ...{ data, count: names.length, shape, scale, offset },
    ...(label === undefined ? {} : { labels: new Int32Array(names.length).fill(label) }),
    names: namesOf('apply', names.length),
  };
  const [least, most] = extremesOf(images);
  await writeImageSet(folder, {
    shape,
    range: [Math.min(range[0], least), Math.max(range[1], most)],
    splits: { test: images },
  });
}
