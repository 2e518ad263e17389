/** Loads nodes from the user's own modules: JavaScript, or TypeScript with its types stripped. */
import { readFile } from 'node:fs/promises';
import { register } from 'node:module';
import { pathToFileURL } from 'node:url';
import { failure } from '../core/diagnostic.ts';
import { isJsonObject, sha256 } from '../core/json.ts';
import type { OutputKind } from '../core/stage-type.ts';
import type { NodeDefinition } from './contract.ts';
import { withNotes } from '../schema/schemas.ts';
import { guarded, textOf } from './plugin-guard.ts';

const OUTPUT_KINDS: readonly OutputKind[] = [
  'images',
  'model',
  'trained-model',
  'vectors',
  'metrics',
  'figure',
];

let hooksRegistered = false;

/**
 * Imports a plugin and checks that its default export is a node definition. This runs the plugin's code.
 *
 * @param path absolute path of a `.js`, `.mjs` or `.ts` file, which may import `hourglass-autoencoders/plugin`
 * @returns the definition, with the hash of the file as `code`, so that an edited plugin runs again
 * @throws Failure `file-not-found` or `plugin-invalid`
 */
export async function loadPlugin(path: string): Promise<NodeDefinition> {
  const text = await readFile(path, 'utf8').catch(() => {
    throw failure('file-not-found', `the plugin \`${path}\` does not exist or cannot be read`);
  });
  const exported = await importModule(path);
  const definition: unknown = isRecord(exported) ? exported['default'] : undefined;
  let problem: string | undefined;
  try {
    const node = isRecord(definition) ? { ...definition, code: sha256(text) } : definition;
    problem = problemOf(node);
    if (isNodeDefinition(node)) return guarded({ ...node, schema: withNotes(node.schema) }, path);
  } catch (error) {
    problem = textOf(error);
  }
  throw failure(
    'plugin-invalid',
    `the default export of \`${path}\` is not a node definition: ${problem ?? 'unknown'}`,
    'see `docs/plugins.md` for what a plugin exports',
  );
}

async function importModule(path: string): Promise<unknown> {
  // Called when the event loop is empty.
  let onNothingLeft = (): void => undefined;
  try {
    if (!hooksRegistered) {
      const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
      register(new URL(`./plugin-hooks.${extension}`, import.meta.url));
      hooksRegistered = true;
    }
    return await new Promise<unknown>((resolve, reject) => {
      process.once(
        'beforeExit',
        (onNothingLeft = () => reject(new Error('it waits for something that never happens'))),
      );
      (import(pathToFileURL(path).href) as Promise<unknown>).then(resolve, reject);
    });
  } catch (error) {
    throw failure('plugin-invalid', `the plugin \`${path}\` cannot be loaded: ${textOf(error)}`);
  } finally {
    process.off('beforeExit', onNothingLeft);
  }
}

function isNodeDefinition(value: unknown): value is NodeDefinition {
  return problemOf(value) === undefined;
}

function problemOf(value: unknown): string | undefined {
  if (!isRecord(value)) return 'it is missing, or not an object';
  if (typeof value['type'] !== 'string' || !/^[a-z][a-z0-9_-]{0,63}$/.test(value['type'])) {
    return '`type` is not a name in lower case';
  }
  if (!Number.isFinite(value['version'])) return '`version` is not a number';
  if (!isJsonObject(value['schema'])) return '`schema` is not a JSON Schema';
  if (isJsonObject(value['schema']['properties']) && 'notes' in value['schema']['properties'])
    return '`schema` has `notes`, which Hourglass keeps for the reader of the report';
  if (!isJsonObject(value['inputs'])) return '`inputs` is not a map';
  for (const [name, port] of Object.entries(value['inputs'])) {
    const accepts = isJsonObject(port) ? port['accepts'] : undefined;
    if (!Array.isArray(accepts) || !accepts.every((kind) => OUTPUT_KINDS.some((known) => known === kind)))
      return `\`inputs.${name}.accepts\` is not a list of ${OUTPUT_KINDS.join(', ')}`;
  }
  if (!OUTPUT_KINDS.some((kind) => kind === value['outputs'])) {
    return `\`outputs\` is not one of ${OUTPUT_KINDS.join(', ')}`;
  }
  for (const name of ['analyze', 'run'] as const) {
    if (typeof value[name] !== 'function') return `\`${name}\` is not a function`;
  }
  if (typeof value['draws'] !== 'boolean') return '`draws` is not true or false';
  if (typeof value['engine'] !== 'boolean' && typeof value['engine'] !== 'function') {
    return '`engine` is not true, false or a function of the settings';
  }
  return undefined;
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
