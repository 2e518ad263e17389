/** The pages of the site: all documents are among them, and their links and pictures are true. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { parseDocument } from 'yaml';
import { packageRoot } from '../../src/core/package-root.ts';
import { TEMPLATE_NAMES } from '../../src/cli/init/templates.ts';
import { CURVES } from '../../scripts/published/curves.ts';
import { PICTURES } from '../../scripts/pictures/list.ts';
import { brokenLinks, linkedSources, siteLink, targetOf } from '../../scripts/site/links.ts';
import { anchorsOf, linksOf } from '../../scripts/site/markdown.ts';
import { GROUPS, PAGES } from '../../scripts/site/pages.ts';

const read = (path: string): string => readFileSync(join(packageRoot, path), 'utf8');

const listed = (folder: string, pattern: RegExp): readonly string[] =>
  readdirSync(join(packageRoot, folder))
    .filter((name) => pattern.test(name))
    .sort();

test('every document is a page, and the README leads to it', () => {
  const documents = listed('docs', /\.md$/).map((name) => `docs/${name}`);
  assert.deepEqual(PAGES.filter((page) => page.startsWith('docs/')).sort(), documents);
  const linked = new Set(linksOf(read('README.md')).map(({ target }) => targetOf('README.md', target)?.path));
  assert.deepEqual(
    PAGES.filter((page) => page !== 'README.md' && !linked.has(page)),
    [],
  );
});

test('links of the pages lead to files and headings that exist', () => {
  assert.ok(PAGES.flatMap((page) => linksOf(read(page))).length > 200);
  assert.deepEqual(brokenLinks(packageRoot), []);
});

test('a link in code is ignored, a repeated heading has a number', () => {
  const text = '# A `b`\n\n## A b\n\n```md\n# c\n[x](gone.md)\n```\n\n`[y](gone.md)` [z](here.md#a-b-1)\n';
  assert.deepEqual(linksOf(text), [{ target: 'here.md#a-b-1', line: 10 }]);
  assert.deepEqual([...anchorsOf(text)], ['a-b', 'a-b-1']);
});

test('links are translated for the site', () => {
  assert.equal(siteLink('docs/sweeps.md', 'reference.md#stage-types'), '/reference#stage-types');
  assert.equal(siteLink('docs/sweeps.md', '../README.md'), '/');
  assert.equal(siteLink('docs/sweeps.md', '#adaptive-sweeps'), '/sweeps#adaptive-sweeps');
  assert.equal(siteLink('README.md', 'src/engine/'), '/source/src/engine.html');
  assert.equal(siteLink('README.md', 'https://example.org/x.md'), 'https://example.org/x.md');
  assert.ok(linkedSources(packageRoot).includes('src/engine/train/step.ts'));
});

/** Drawn by `scripts/adaptive-sweeps.ts` from several sweeps, and by `scripts/published/` once its training is done. */
const DRAWN = ['adaptive-sweeps.png', ...(existsSync(CURVES) ? [basename(CURVES)] : [])];

test('every picture has its source: a stage of a pipeline, or the report', () => {
  assert.deepEqual([...PICTURES.map(({ file }) => file), ...DRAWN].sort(), listed('docs/images', /./));
  for (const { file, pipeline, from } of PICTURES) {
    assert.ok(existsSync(join(packageRoot, pipeline)), pipeline);
    const stages = parseDocument(read(pipeline)).get('stages');
    const [stage = '', ...rest] = from.split('/');
    if (rest.length > 0) assert.ok(JSON.stringify(stages).includes(`"${stage}":`), `${file}: ${stage}`);
  }
});

test('the gallery shows every picture, with the pipeline and the file it comes from', () => {
  const gallery = read('docs/gallery.md').split('\n\n');
  for (const { file, pipeline, from } of PICTURES) {
    const place = gallery.findIndex((paragraph) => paragraph.includes(`](images/${file})`));
    const caption = gallery[place - 1] ?? '';
    assert.ok(caption.includes(`](../${pipeline})`), `${file}: ${caption}`);
    assert.ok(caption.includes(`/${from}\``), `${file}: ${caption}`);
  }
});

test('a number from a run begins no line: there it would end its paragraph', () => {
  for (const page of PAGES) assert.doesNotMatch(read(page), /^<!--n /m, page);
});

test('commands work in a folder that init wrote: they name files there, not in a checkout', () => {
  const blocks = PAGES.filter((page) => page !== 'CONTRIBUTING.md').flatMap((page) =>
    [...read(page).matchAll(/^```sh\n(.*?)^```/gms)].map(([, text = '']) => ({ page, text })),
  );
  assert.ok(blocks.length > 20);
  for (const { page, text } of blocks)
    assert.doesNotMatch(text, /\bhourglass .*\b(?:pipelines|examples|templates)\//, page);
});

test('the README lists all templates', () => {
  for (const name of TEMPLATE_NAMES) assert.ok(read('README.md').includes(`\`${name}\``), name);
});

test('pages for users link to nothing that only a checkout has', () => {
  const inside = GROUPS.find(({ title }) => title === 'Inside Hourglass')?.pages ?? [];
  assert.ok(inside.length > 0);
  const links = PAGES.filter((page) => !inside.includes(page)).flatMap((page) =>
    linksOf(read(page)).map(({ target, line }) => ({
      place: `${page}:${line}`,
      to: targetOf(page, target)?.path,
    })),
  );
  assert.deepEqual(
    links.filter(({ to }) => /^(?:test|src|scripts)\//.test(to ?? '')),
    [],
  );
});
