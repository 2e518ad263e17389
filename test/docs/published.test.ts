/** The page of published results has the table that its record and the present pipelines give. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../src/core/package-root.ts';
import { readCatalog } from '../../src/published/catalog.ts';
import { PAGE, readRecord, tableOf, withTable } from '../../scripts/published/table.ts';

const page = readFileSync(join(packageRoot, PAGE), 'utf8');

/** Prettier aligns the columns. */
const plain = (text: string): string => text.replace(/ +\|/g, ' |').replace(/-{3,}/g, '---');

test('the table is what `npm run docs:published` writes: no number stands beside settings that did not give it', async () => {
  const table = await tableOf(readCatalog(), readRecord());
  assert.equal(plain(page), plain(withTable(page, table)), 'run `npm run docs:published`');
});

test('a number of other settings is left out', async () => {
  const record = readRecord();
  const [name = '', obtained] = Object.entries(record)[0] ?? [];
  assert.ok(obtained !== undefined);
  const catalog = new Map([...readCatalog()].filter(([each]) => each === name));
  const current = await tableOf(catalog, record);
  const stale = await tableOf(catalog, { [name]: { ...obtained, settings: 'others' } });
  assert.doesNotMatch(current, /not run yet/);
  assert.match(stale, /not run yet/);
});
