/** Loads nodes from the user's own modules: JavaScript, or TypeScript whose types are stripped. */
import { readFile } from 'node:fs/promises';
import { extname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { failure } from '../core/diagnostic.ts';
import { isJsonObject } from '../core/json.ts';
import type { OutputKind } from '../core/stage-type.ts';
import type { NodeDefinition } from './contract.ts';

const OUTPUT_KINDS: readonly OutputKind[] = ['images', 'model', 'trained-model', 'metrics', 'figure'];

/**
 * Imports a plugin and checks that its default export is a node definition. This runs the plugin's code.
 *
 * @param path absolute path of a `.js`, `.mjs` or `.ts` file; TypeScript may import Hourglass's types and Node's modules
 * @throws Failure `file-not-found` or `plugin-invalid`
 */
export async function loadPlugin(path: string): Promise<NodeDefinition> {
  const exported = await importModule(path);
  const definition = isRecord(exported) ? exported['default'] : undefined;
  const problem = problemOf(definition);
  if (problem !== undefined) {
    throw failure(
      'plugin-invalid',
      `the default export of \`${path}\` is not a node definition: ${problem}`,
      'see `docs/plugins.md` for what a plugin exports',
    );
  }
  return definition as NodeDefinition;
}

async function importModule(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw failure('file-not-found', `the plugin \`${path}\` does not exist or cannot be read`);
  });
  try {
    if (extname(path) !== '.ts') return await import(pathToFileURL(path).href);
    // Node 20 runs no TypeScript, and later versions none below `node_modules`.
    const { transform } = await import('sucrase');
    const { code } = transform(text, { transforms: ['typescript'], disableESTransforms: true });
    return await import(`data:text/javascript;base64,${Buffer.from(code).toString('base64')}`);
  } catch (error) {
    throw failure(
      'plugin-invalid',
      `the plugin \`${path}\` cannot be loaded: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

function problemOf(value: unknown): string | undefined {
  if (!isRecord(value)) return 'there is none, or it is no object';
  if (typeof value['type'] !== 'string' || !/^[a-z][a-z0-9_-]{0,63}$/.test(value['type'])) {
    return '`type` is not a name in lower case';
  }
  if (typeof value['version'] !== 'number') return '`version` is not a number';
  if (!isJsonObject(value['schema'])) return '`schema` is not a JSON Schema';
  if (!isJsonObject(value['inputs'])) return '`inputs` is not a map';
  if (!OUTPUT_KINDS.some((kind) => kind === value['outputs'])) {
    return `\`outputs\` is not one of ${OUTPUT_KINDS.join(', ')}`;
  }
  for (const name of ['analyze', 'run'] as const) {
    if (typeof value[name] !== 'function') return `\`${name}\` is not a function`;
  }
  for (const name of ['draws', 'engine'] as const) {
    if (typeof value[name] !== 'boolean') return `\`${name}\` is not true or false`;
  }
  return undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
