/** Records that a train stage writes beside its models. */
import { readJsonFile } from '../../files/json-file.ts';
import { failure } from '../../core/diagnostic.ts';
import { isJsonObject, type JsonObject } from '../../core/json.ts';

/** @throws Failure `data-missing` or `data-corrupt` */
export async function readJson(path: string): Promise<JsonObject> {
  const value = await readJsonFile(path);
  if (!isJsonObject(value)) throw failure('data-corrupt', `\`${path}\` is not the record of a training`);
  return value;
}
