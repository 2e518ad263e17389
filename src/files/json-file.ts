import { readFile } from 'node:fs/promises';
import { failure } from '../core/diagnostic.ts';

/**
 * The value in a JSON file, or undefined if the file holds something else than JSON: what it should hold, the caller checks.
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
