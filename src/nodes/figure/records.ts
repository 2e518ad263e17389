/** Records that a train stage leaves beside its models. */
import { readFile } from 'node:fs/promises';
import { failure } from '../../core/diagnostic.ts';
import { isJsonObject, type JsonObject } from '../../core/json.ts';

/** @throws Failure `data-missing` or `data-corrupt` */
export async function readJson(path: string): Promise<JsonObject> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw failure('data-missing', `\`${path}\` cannot be read`);
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (!isJsonObject(value)) throw failure('data-corrupt', `\`${path}\` is not the record of a training`);
  return value;
}
