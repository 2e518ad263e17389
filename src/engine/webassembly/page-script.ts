/** `page.ts` and its imports as one script that a page can contain: a page opened from a file imports nothing. */
import { readFileSync } from 'node:fs';
import { transform } from 'sucrase';

const EXTENSION = import.meta.url.endsWith('.ts') ? 'ts' : 'js';

/** A script that defines `hourglass`, the exports of `page.ts`. */
export function pageScript(): string {
  const files = new Map<string, string>();
  const entry = add(new URL(`./page.${EXTENSION}`, import.meta.url), files);
  const functions = [...files].map(
    ([name, code]) => `${JSON.stringify(name)}: (exports, require) => {\n${code}\n}`,
  );
  return `const hourglass = (() => {
const files = {\n${functions.join(',\n')}\n};
const loaded = new Map();
const load = (name) => {
  const known = loaded.get(name);
  if (known !== undefined) return known;
  const exports = {};
  loaded.set(name, exports);
  files[name](exports, load);
  return exports;
};
return load(${JSON.stringify(entry)});
})();`;
}

/** Adds a file and its imports, under the names that they have beside each other. */
function add(url: URL, files: Map<string, string>): string {
  const name = url.pathname.slice(new URL('../..', import.meta.url).pathname.length);
  if (files.has(name)) return name;
  files.set(name, '');
  const { code } = transform(readFileSync(url, 'utf8'), {
    transforms: ['typescript', 'imports'],
    disableESTransforms: true,
  });
  files.set(
    name,
    code.replaceAll(/\brequire\('([^']+)'\)/g, (_, specifier: string) => {
      if (!specifier.startsWith('.')) throw new TypeError(`a page cannot import ${specifier}`);
      return `require(${JSON.stringify(add(new URL(specifier, url), files))})`;
    }),
  );
  return name;
}
