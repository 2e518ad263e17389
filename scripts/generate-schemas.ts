/** `npm run generate`: writes everything generated from the schemas; `-- --check` only lists outdated files. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageRoot } from '../src/core/package-root.ts';
import { generatedFiles, outOfStep } from './generated.ts';

const changed = outOfStep();
if (process.argv.includes('--check')) {
  for (const path of changed) console.error(`${path} is outdated: run \`npm run generate\``);
  process.exitCode = changed.length === 0 ? 0 : 1;
} else {
  const files = generatedFiles();
  for (const path of changed) {
    const file = join(packageRoot, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, files.get(path) ?? '');
    console.log(`wrote ${path}`);
  }
}
