/**
 * Takes results of `hourglass reproduce` into the documents:
 *
 *     npm run docs:published -- outputs/reproduced.json…   # keeps what the present settings gave, and writes the table and curves
 *     npm run docs:published                               # only writes the table again
 */
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { packageRoot } from '../../src/core/package-root.ts';
import { readCatalog } from '../../src/published/catalog.ts';
import { renderPng } from '../../src/figures/figure.ts';
import { parseReproduced } from '../../src/published/record.ts';
import { CURVES, iwaeCurves } from './curves.ts';
import { isPresent, PAGE, readRecord, RECORD, tableOf, withTable } from './table.ts';

const catalog = readCatalog();

async function drawCurves(folder: string): Promise<void> {
  const publication = catalog.get('iwae');
  const figure = publication === undefined ? undefined : await iwaeCurves(folder, publication);
  if (figure !== undefined) writeFileSync(CURVES, renderPng(figure));
}

const record = { ...readRecord() };
for (const file of process.argv.slice(2)) {
  for (const [name, obtained] of Object.entries(parseReproduced(readFileSync(file, 'utf8')))) {
    const isTaken = catalog.has(name) && (await isPresent(name, obtained));
    if (isTaken) record[name] = obtained;
    if (isTaken && name === 'iwae') await drawCurves(join(dirname(file), name));
    process.stdout.write(`${name}: ${isTaken ? 'taken' : 'from other settings, left out'}\n`);
  }
}
const current = Object.fromEntries(
  [...catalog.keys()].flatMap((name) => {
    const own = record[name];
    return own === undefined ? [] : [[name, own]];
  }),
);
writeFileSync(RECORD, `${JSON.stringify(current, null, 2)}\n`);
const page = join(packageRoot, PAGE);
writeFileSync(page, withTable(readFileSync(page, 'utf8'), await tableOf(catalog, current)));
spawnSync('npx', ['prettier', '--log-level', 'warn', '--write', RECORD, page], {
  cwd: packageRoot,
  stdio: 'inherit',
});
