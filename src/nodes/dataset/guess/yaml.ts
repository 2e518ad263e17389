/** A guess as the text of a pipeline. */
import { basename, resolve } from 'node:path';
import { pathFrom, withSlashes } from '../../../core/path.ts';
import { isJsonObject, type Json } from '../../../core/json.ts';
import { yamlText } from '../../../core/yaml-text.ts';
import type { Guess } from './guess.ts';

/** Keys whose values are paths. */
const PATHS: ReadonlySet<string> = new Set([
  ...['path', 'test_path', 'file'],
  ...['noisy', 'clean', 'test_noisy', 'test_clean'],
]);

/** Sources whose arrays are files, so that their names are paths. */
const SEPARATE: ReadonlySet<string> = new Set(['npy', 'idx']);
const ARRAYS: ReadonlySet<string> = new Set(['train_images', 'train_labels', 'test_images', 'test_labels']);

/**
 * A pipeline with the stage that reads the data; for pairs, also with the stage of their clean images.
 *
 * @param path of the data, as the user wrote it
 * @param folder of the pipeline
 */
export function pipelineText(
  { what, settings }: Guess,
  path: string,
  folder: string,
): { readonly stage: string; readonly text: string } {
  const stage = stageName(path);
  const isPath = (key: string): boolean =>
    PATHS.has(key) || (SEPARATE.has(String(settings['source'])) && ARRAYS.has(key));
  const valueText = (key: string, value: Json): string => {
    if (typeof value === 'string') return yamlText(isPath(key) ? shortPath(value, folder) : value);
    if (Array.isArray(value)) return `[${value.map((item: Json) => valueText('', item)).join(', ')}]`;
    if (!isJsonObject(value)) return String(value);
    return `{ ${Object.entries(value)
      .map(([inner, item]) => `${inner}: ${valueText(inner, item)}`)
      .join(', ')} }`;
  };
  const lines = Object.entries(settings).map(([key, value]) => `    ${key}: ${valueText(key, value)}`);
  const text = [
    `# ${yamlText(withSlashes(path))}: ${what}`,
    `name: ${stage}`,
    'stages:',
    `  ${stage}:`,
    '    type: dataset',
    ...lines,
    ...(settings['source'] === 'pairs' ? cleanStage(stage) : []),
    '',
  ].join('\n');
  return { stage, text };
}

/** The stage that returns the clean images of pairs. */
function cleanStage(stage: string): readonly string[] {
  return [`  ${stage === 'clean' ? 'target' : 'clean'}:`, '    type: clean', `    data: ${stage}`];
}

function shortPath(path: string, folder: string): string {
  return pathFrom(folder, path);
}

/** Names that are taken, that mean something to JavaScript, or that do not describe the data. */
const NO_NAME = /^(?:trials|constructor|prototype|(?:x[-_]?)?train(?:ing)?)$/i;

/** The name of a file or a folder, reduced to characters that are allowed in a stage's name. */
function stageName(path: string): string {
  const name = basename(resolve(path))
    .replace(/(?<=.)(?:\.(?:gz|npz|npy|csv|tsv|txt|zip|tar|tgz|png|jpe?g|bmp|gif|webp|tiff?))+$/i, '')
    .replace(/[^A-Za-z0-9_-]+/g, '-')
    .replace(/^[^A-Za-z]+|-+$/g, '')
    .slice(0, 64);
  return name === '' || NO_NAME.test(name) ? 'data' : name;
}
