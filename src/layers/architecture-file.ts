/** The layers of a `model` stage as a file: as in the language, with every argument. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isJsonObject } from '../core/json.ts';
import type { Architecture } from './layer.ts';
import { corrupt, readJson } from './saved-files.ts';

const ARCHITECTURE_FILE = 'architecture.json';

/** Writes the layers as in the language, with every argument, for `readArchitecture`. */
export async function saveArchitecture(architecture: Architecture, folder: string): Promise<void> {
  const { input_shape, encoder, decoder, classes } = architecture;
  const text = JSON.stringify({ input_shape, encoder, decoder, classes }, undefined, 1);
  await writeFile(join(folder, ARCHITECTURE_FILE), `${text}\n`);
}

/**
 * Reads what `saveArchitecture` wrote. The folder is an entry of the store, which checks it against its hash.
 *
 * @throws Failure `data-missing` or `data-corrupt`
 */
export async function readArchitecture(folder: string): Promise<Architecture> {
  const value = await readJson(folder, ARCHITECTURE_FILE);
  if (!isArchitecture(value)) throw corrupt(folder, `has an unreadable \`${ARCHITECTURE_FILE}\``);
  return value;
}

function isArchitecture(value: unknown): value is Architecture {
  return (
    isJsonObject(value) && ['input_shape', 'encoder', 'decoder'].every((key) => Array.isArray(value[key]))
  );
}
