/** Results of a run: from the cache or, where the cache no longer has them, from the outputs that show them. */
import { join } from 'node:path';
import type { Store } from '../artifacts/store.ts';
import { Workspace } from '../artifacts/workspace.ts';
import { canonicalJson, isJsonObject, sha256, type Json, type JsonObject } from '../core/json.ts';
import type { KnownRun } from './find.ts';

/** The result of a stage. The content of its files was compared with their hashes. */
export interface StageResult {
  readonly stage: string;
  readonly type: string;
  /** Absolute path of its artifacts. */
  readonly folder: string;
  /** The settings that it was made with, without references and cosmetic settings. */
  readonly settings: JsonObject;
  /** Hashes of the results that it was made from, by the setting that names their stage. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The threads that computed it, where results depend on them. */
  readonly threads?: number;
  readonly metrics: Readonly<Record<string, number>>;
}

/**
 * Reads a result.
 *
 * @param hash of its key
 * @returns undefined if neither the cache nor the outputs have it, or if its files were changed
 */
export async function readResult(
  { record, folder, metrics }: KnownRun,
  stage: string,
  hash: string,
  store: Store,
): Promise<StageResult | undefined> {
  const entry = await store.lookup(hash);
  if (entry !== undefined && (await store.findCorruptFile(entry)) === undefined) {
    await store.touch(entry);
    return resultOf(entry.record.key, { stage, folder: entry.folder, metrics: entry.record.metrics });
  }
  const shown = record.stages[stage];
  if (folder === undefined || shown?.hash !== hash || shown.key === undefined) return undefined;
  const isSound = sha256(canonicalJson(shown.key)) === hash && (await new Workspace(folder).isIntact(stage));
  if (!isSound) return undefined;
  return resultOf(shown.key, { stage, folder: join(folder, stage), metrics: metrics[stage] ?? {} });
}

function resultOf(
  { type, settings, inputs, engine }: JsonObject,
  known: Pick<StageResult, 'stage' | 'folder' | 'metrics'>,
): StageResult {
  const threads = isJsonObject(engine) ? engine['threads'] : undefined;
  return {
    ...known,
    type: String(type),
    settings: isJsonObject(settings) ? settings : {},
    inputs: textsOf(inputs),
    ...(typeof threads === 'number' ? { threads } : {}),
  };
}

function textsOf(value: Json | undefined): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(isJsonObject(value) ? value : {}).flatMap(([name, text]) =>
      typeof text === 'string' ? [[name, text]] : [],
    ),
  );
}
