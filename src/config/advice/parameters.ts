/** Parameters in the notation of other tools: `$x`, `{{ x }}`, `${{ x }}`, `params.x`, `%x%`, `<x>`. */
import type { LocatedMap } from '../located.ts';
import { suggest } from '../../core/suggest.ts';
import { LONGEST_TEXT } from './limits.ts';

/** Prefixes of parameter names in other tools. */
const PREFIX =
  /^(?:params?|parameters|hparams|hyperparameters|vars?|variables|config|conf|cfg|inputs|args|item|matrix|self|env)\s*[.:]\s*/i;

/**
 * The parameter that a text names in the notation of another tool, as it is written in `${}`: `params.latent_size`.
 *
 * @param names of the parameters
 */
export function parameterMeant(text: string, names: readonly string[]): string | undefined {
  if (text.length > LONGEST_TEXT) return undefined;
  const trimmed = text.trim();
  const inner = trimmed.replace(/^(?:\$?\{+|\$\(|[$%@*<])\s*/, '').replace(/\s*[})>%]*$/, '');
  const path = inner
    .replace(/^(params?)\s*\[\s*(["']?)([\w-]+)\2\s*\]/i, '$1.$3')
    .replace(/^self\./, '')
    .replace(PREFIX, '')
    // Hydra and shells write a default after a colon.
    .replace(/\s*[:|].*$/, '');
  const [first = '', ...rest] = path.split('.');
  if (!/^[A-Za-z_]\w*$/.test(first)) return undefined;
  // Without any such sign, only an exact name is a parameter.
  const known = names.includes(first) ? first : inner === trimmed ? undefined : suggest(first, names);
  return known === undefined ? undefined : ['params', known, ...rest].join('.');
}

/** The keys of `params`, `stages` or another map at the top. */
export function keysOf(root: LocatedMap, key: string): readonly string[] {
  const map = root.entries.get(key)?.value;
  return map?.kind === 'map' ? [...map.entries.keys()] : [];
}

/** Finds the parameter or the stage that a text means, among those that the pipeline's text declares. */
export function declaredName(text: string, written: string): string | undefined {
  const parameter = parameterMeant(written, namesInText(text, 'params'));
  return parameter === undefined ? stageMeant(written, namesInText(text, 'stages')) : `"\${${parameter}}"`;
}

/** The names below `params:` or `stages:` in a text that is not parsed yet. */
export function namesInText(text: string, section: 'params' | 'stages'): readonly string[] {
  const lines = text.split('\n').slice(0, MOST_LINES);
  const start = lines.findIndex((line) => new RegExp(`^${section}\\s*:`).test(line));
  const names: string[] = [];
  let indent: number | undefined;
  for (const line of start < 0 ? [] : lines.slice(start + 1)) {
    const match = /^(\s*)(?:"([^"]+)"|([\w-]+))\s*:/.exec(line);
    if (/^[^\s#]/.test(line)) break;
    const width = match?.[1]?.length ?? 0;
    if (match === null || (indent !== undefined && width !== indent)) continue;
    indent = width;
    names.push(match[2] ?? match[3] ?? '');
  }
  return names;
}

const MOST_LINES = 5000;

/** The stage that a text names in the notation of another tool: `${stages.noisy}`, `noisy.images`, `outputs/noisy`. */
export function stageMeant(text: string, names: readonly string[]): string | undefined {
  if (text.length > LONGEST_TEXT) return undefined;
  const inner = text.trim().replace(/^(?:\$?\{+|\$\(|[$%@*<])\s*|\s*[})>%]*$/g, '');
  const parts = inner.split(/[./:@]/);
  const found = parts.filter((part) => names.includes(part));
  const [only, ...others] = new Set(found);
  return only !== undefined && others.length === 0 && only !== text ? only : undefined;
}
