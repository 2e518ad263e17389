/** Reads the values that markers name from the outputs of a run or a sweep. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject, type Json } from '../../src/core/json.ts';

/** @throws RangeError if the outputs have no such value */
export async function readValue(outputs: string, source: string): Promise<number | string> {
  const [path = '', pointer] = source.split('#');
  if (path === 'answer') return checked(at(await readJson(outputs, 'sweep.json'), ['answer']), source);
  if (path.startsWith('trials?')) return meanOfTrials(outputs, path, pointer ?? '');
  return pointer === undefined
    ? checked(at(await readJson(outputs, 'metrics.json'), path.split('.')), source)
    : checked(at(await readJson(outputs, path), pointer.split('.')), source);
}

/** The mean of a metric over all trials whose parameters match. */
async function meanOfTrials(outputs: string, path: string, metric: string): Promise<number> {
  const wanted = path
    .slice('trials?'.length)
    .split('&')
    .map((pair) => pair.split('='));
  const trials = at(await readJson(outputs, 'sweep.json'), ['trials']);
  const matching = (Array.isArray(trials) ? trials : []).filter((trial) =>
    wanted.every(([name = '', value]) => String(at(trial, ['parameters', name])) === value),
  );
  const values = matching.map((trial) =>
    Number(checked(at(trial, ['metrics', ...metric.split('.')]), metric)),
  );
  if (values.length === 0) throw new RangeError(`no trial has ${path.slice('trials?'.length)}`);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function at(value: Json | undefined, path: readonly string[]): Json | undefined {
  return path.reduce<Json | undefined>((found, name) => {
    if (Array.isArray(found)) return found[Number(name)];
    return isJsonObject(found) && Object.hasOwn(found, name) ? found[name] : undefined;
  }, value);
}

function checked(value: Json | undefined, source: string): number | string {
  if (typeof value === 'number' || typeof value === 'string') return value;
  throw new RangeError(`the outputs have no ${source}`);
}

async function readJson(outputs: string, path: string): Promise<Json> {
  return JSON.parse(await readFile(join(outputs, path), 'utf8')) as Json;
}
