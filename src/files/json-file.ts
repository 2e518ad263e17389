import { readFile } from 'node:fs/promises';
import { failure } from '../core/diagnostic.ts';

/**
 * The value in a JSON file; undefined if the file is not valid JSON. The caller checks the value itself.
 *
 * @throws Failure `data-missing` if the file cannot be read
 */
export async function readJsonFile(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw failure('data-missing', `\`${path}\` cannot be read`);
  });
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
