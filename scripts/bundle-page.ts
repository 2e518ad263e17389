/**
 * Part of the build: makes one script of the controls that a report's section "Explore" has, with everything that they import. A
 * page opened from a file can import nothing. Licences are in the script, since it is copied into every such report.
 */
import { build } from 'esbuild';
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../src/core/package-root.ts';

const { metafile, outputFiles } = await build({
  entryPoints: [join(packageRoot, 'src', 'explorer', 'controls', 'main.ts')],
  absWorkingDir: packageRoot,
  bundle: true,
  platform: 'browser',
  format: 'iife',
  globalName: 'hourglass',
  target: 'es2022',
  minify: true,
  charset: 'utf8',
  legalComments: 'none',
  logLevel: 'warning',
  metafile: true,
  write: false,
});
const packages = new Set(
  Object.keys(metafile.inputs).flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []),
);
const target = fileURLToPath(new URL('../src/explorer/bundle', import.meta.url));
mkdirSync(target, { recursive: true });
writeFileSync(
  join(target, 'explorer.js'),
  [...[...packages].sort().map(licenceOf), ...outputFiles.map(({ text }) => text)].join('\n'),
);

/** The licence of a package that is bundled, as a comment. */
function licenceOf(folder: string): string {
  const root = join(packageRoot, folder);
  const file = readdirSync(root).find((each) => /^licen[cs]e/i.test(each));
  if (file === undefined) throw new Error(`${folder} has no licence`);
  const text = readFileSync(join(root, file), 'utf8').trim();
  return `/* With parts of ${folder.replace(/^.*node_modules\//, '')}:\n\n${text.replaceAll('*/', '* /')}\n*/`;
}
