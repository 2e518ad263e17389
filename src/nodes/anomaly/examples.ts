/** The images that figures of anomalies show, with their reconstructions. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readJsonFile } from '../../files/json-file.ts';
import { toFloat32, type StoredImages } from '../../formats/images.ts';
import { readNpy, writeNpy } from '../../formats/npy.ts';
import type { AnomalySettings } from '../../schema/generated/settings.ts';
import { failure } from '../../core/diagnostic.ts';
import { isJsonObject, type Json } from '../../core/json.ts';
import type { ImageShape } from '../../core/stage-type.ts';
import type { Engine } from '../../engine/engine.ts';
import type { StageContext } from '../contract.ts';
import { FILES } from './names.ts';
import type { Scored } from './judge.ts';
import { reconstruct } from './scores.ts';
import { byScore } from './table.ts';

type Range = readonly [number, number];

/** Images of a group: as many as a figure has columns. */
export const MOST_EXAMPLES = 20;

/** `highest`: of all images. `normal` and `anomalous`: the mistakes, or what comes closest to them. */
export const GROUPS = ['highest', 'normal', 'anomalous'] as const;

export type Group = (typeof GROUPS)[number];

export interface Example {
  /** The number of the image in its split. */
  readonly image: number;
  readonly score: number;
  readonly class?: string;
}

/** Writes the images and reconstructions of all groups, one after the other, and which ones they are. */
export async function writeExamples(
  context: StageContext<AnomalySettings>,
  engine: Engine,
  { images, range }: { readonly images: StoredImages; readonly range: Range },
  { scores, anomalous }: Scored,
): Promise<void> {
  const { labels, classes } = images;
  const order = byScore(scores);
  const rowsOf: Readonly<Record<Group, readonly number[]>> = {
    highest: order.slice(0, MOST_EXAMPLES),
    normal: anomalous === undefined ? [] : order.filter((row) => !anomalous[row]).slice(0, MOST_EXAMPLES),
    anomalous:
      anomalous === undefined
        ? []
        : order
            .filter((row) => anomalous[row])
            .slice(-MOST_EXAMPLES)
            .toReversed(),
  };
  const rows = Int32Array.from(GROUPS.flatMap((group) => rowsOf[group]));
  const folder = join(context.folder, FILES.examples);
  await mkdir(folder);
  const shape = [rows.length, ...images.shape];
  await writeNpy(join(folder, 'images.npy'), { shape, data: toFloat32(images, rows) });
  const outputs = await reconstruct(context, engine, images, rows);
  await writeNpy(join(folder, 'outputs.npy'), { shape, data: outputs });
  const described = GROUPS.map((group) => [
    group,
    rowsOf[group].map((row): Example => {
      const label = labels?.[row];
      return {
        image: row,
        score: scores[row] ?? 0,
        ...(label === undefined ? {} : { class: classes?.[label] ?? String(label) }),
      };
    }),
  ]);
  const record = { range, ...Object.fromEntries(described) };
  await writeFile(join(folder, 'examples.json'), `${JSON.stringify(record)}\n`);
}

/** A group, with its images and reconstructions, row-major. */
export interface ExampleGroup {
  readonly group: Group;
  readonly examples: readonly Example[];
  readonly images: Float32Array;
  readonly outputs: Float32Array;
}

/**
 * Reads the groups that have images.
 *
 * @throws Failure `data-corrupt`
 */
export async function readExamples(stageFolder: string): Promise<{
  readonly shape: ImageShape;
  readonly range: Range;
  readonly groups: readonly ExampleGroup[];
}> {
  const folder = join(stageFolder, FILES.examples);
  const [images, outputs] = [
    await readNpy(join(folder, 'images.npy')),
    await readNpy(join(folder, 'outputs.npy')),
  ];
  const described = await readJsonFile(join(folder, 'examples.json'));
  const [count = 0, height = 0, width = 0, channels = 0] = images.shape;
  const size = height * width * channels;
  const groups: ExampleGroup[] = [];
  let start = 0;
  for (const group of GROUPS) {
    const list = isJsonObject(described) ? described[group] : undefined;
    const examples = Array.isArray(list) ? list.flatMap(exampleOf) : [];
    const end = start + examples.length;
    const part = (data: ArrayLike<number>): Float32Array =>
      Float32Array.from({ length: examples.length * size }, (_, index) => data[start * size + index] ?? 0);
    if (examples.length > 0)
      groups.push({ group, examples, images: part(images.data), outputs: part(outputs.data) });
    start = end;
  }
  const [low, high]: readonly (Json | undefined)[] =
    isJsonObject(described) && Array.isArray(described['range']) ? described['range'] : [];
  if (
    typeof low !== 'number' ||
    typeof high !== 'number' ||
    start !== count ||
    count === 0 ||
    outputs.data.length !== images.data.length
  )
    throw failure('data-corrupt', `\`${folder}\` does not hold the images that it lists`);
  return { shape: [height, width, channels], range: [low, high], groups };
}

function exampleOf(value: Json): readonly Example[] {
  if (!isJsonObject(value)) return [];
  const { image, score, class: label } = value;
  if (typeof image !== 'number' || typeof score !== 'number') return [];
  return [{ image, score, ...(typeof label === 'string' ? { class: label } : {}) }];
}
