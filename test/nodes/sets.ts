/** Small image sets, for tests of single nodes. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { readImages, readImageSet, writeImageSet, type HeldImages } from '../../src/formats/images.ts';
import type { ImageSetRecord } from '../../src/formats/images.ts';
import type { Split } from '../../src/core/stage-type.ts';
import type { NodeDefinition } from '../../src/nodes/contract.ts';
import { fakeContext, temporaryFolder, type FakeOptions } from './context.ts';

export type Set = Parameters<typeof writeImageSet>[1];

/** Images of one byte, whose value is their number, of three classes in turn. */
export function numbered(count: number, first = 0, labels = true): HeldImages {
  return {
    data: Uint8Array.from({ length: count }, (_, index) => first + index),
    count,
    shape: [1, 1, 1],
    scale: 1 / 255,
    offset: 0,
    ...(labels ? { labels: Int32Array.from({ length: count }, (_, index) => (first + index) % 3) } : {}),
  };
}

/** A set of such images. */
export function numberedSet(splits: Set['splits']): Set {
  return { shape: [1, 1, 1], range: [0, 1], splits };
}

export interface StepResult {
  readonly record: ImageSetRecord;
  readonly splits: Readonly<Partial<Record<Split, HeldImages>>>;
  readonly metrics: Readonly<Record<string, number>>;
  readonly logs: readonly string[];
}

/** Runs a step on image sets, by the settings that name them. */
export async function runStep<Settings>(
  t: TestContext,
  node: NodeDefinition<Settings>,
  settings: Settings,
  sets: Readonly<Record<string, Set>>,
  options: FakeOptions = {},
): Promise<StepResult> {
  const root = temporaryFolder(t);
  const inputs: Record<string, { stage: string; kind: 'images'; folder: string }> = {};
  for (const [port, set] of Object.entries(sets)) {
    const folder = join(root, `input-${port}`);
    mkdirSync(folder);
    await writeImageSet(folder, set);
    inputs[port] = { stage: port, kind: 'images', folder };
  }
  const context = fakeContext(root, settings, { inputs, ...options });
  const { metrics = {} } = await node.run(context);
  const record = await readImageSet(context.folder);
  const splits: Partial<Record<Split, HeldImages>> = {};
  for (const split of ['train', 'test'] as const)
    if (record.splits[split] !== undefined) splits[split] = await readImages(context.folder, split);
  return { record, splits, metrics, logs: context.logs };
}
