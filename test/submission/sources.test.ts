import assert from 'node:assert/strict';
import { mkdirSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { loadPipeline } from '../../src/config/load.ts';
import { errorsOf, Failure } from '../../src/core/diagnostic.ts';
import { stageTypes } from '../../src/nodes/registry.ts';
import { checkArchive } from '../../src/submission/check.ts';
import { collectSources } from '../../src/submission/sources.ts';
import { writeZip } from '../../src/submission/zip-write.ts';
import { temporaryFolder } from '../nodes/context.ts';
import { listed } from './archives.ts';
import { PLAIN } from './pipelines.ts';

test('missing, too large or outside sources are refused, and a data folder is packed completely', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'p.yaml');
  writeFileSync(file, PLAIN);
  const { located, sources } = await loadPipeline(file, { stageTypes: stageTypes(false) });
  assert.ok(located);
  const collect = async (boundary = folder): Promise<readonly string[]> =>
    collectSources(located, sources, { includeData: true, boundary }).then(
      ({ entries }) => entries.map(({ path }) => path).sort(),
      (error: unknown) =>
        error instanceof Failure ? error.diagnostics.map(({ code }) => code) : [String(error)],
    );
  assert.deepEqual(await collect(), ['file-not-found']);
  mkdirSync(join(folder, 'data'));
  writeFileSync(join(folder, 'data', 'own.idx'), '');
  assert.deepEqual(await collect(), ['pipeline/data/own.idx', 'pipeline/p.yaml']);
  assert.deepEqual(await collect(join(folder, 'data')), ['usage']);
  truncateSync(join(folder, 'data', 'own.idx'), 2 ** 29 + 1);
  assert.deepEqual(await collect(), ['file-too-large']);
  writeFileSync(join(folder, 'p.yaml'), PLAIN.replace('data/own.idx', 'images'));
  mkdirSync(join(folder, 'images', 'deep'), { recursive: true });
  for (const name of ['a', 'deep/b']) writeFileSync(join(folder, 'images', name), name);
  const again = await loadPipeline(file, { stageTypes: stageTypes(false) });
  assert.ok(again.located);
  const whole = await collectSources(again.located, again.sources, { includeData: true, boundary: folder });
  assert.deepEqual(whole.entries.map(({ path }) => path).sort(), [
    'pipeline/images/a',
    'pipeline/images/deep/b',
    'pipeline/p.yaml',
  ]);
  // The stage reports skipped links, so a copy without them would give another result.
  symlinkSync('a', join(folder, 'images', '.git'));
  await collectSources(again.located, again.sources, { includeData: true, boundary: folder });
  symlinkSync('a', join(folder, 'images', 'link'));
  await assert.rejects(
    collectSources(again.located, again.sources, { includeData: true, boundary: folder }),
    (error) => error instanceof Failure && error.diagnostics[0]?.code === 'file-unreadable',
  );
});

test('missing files of `pack`, and a name other than in the manifest, are a mismatch', async (t) => {
  const folder = temporaryFolder(t);
  const archive = join(folder, 'x.zip');
  const problems = async (pipeline?: string): Promise<readonly string[]> => {
    const files = listed({}, pipeline);
    writeFileSync(archive, await writeZip([...files].map(([path, data]) => ({ path, data }))));
    const work = temporaryFolder(t);
    const { diagnostics } = await checkArchive({ archive, level: 'spot', allowPlugins: false, work });
    const errors = errorsOf(diagnostics);
    assert.deepEqual([...new Set(errors.map(({ code }) => code))], ['verification-mismatch']);
    return errors.map(({ message }) => message);
  };
  const lacking = await problems();
  for (const file of ['resolved.yaml', 'report.html', 'ro-crate-metadata.json']) {
    assert.ok(
      lacking.some((message) => message.includes(file)),
      `${file}: ${lacking.join('; ')}`,
    );
  }
  const others = await problems('name: q\nstages: { mnist: { type: dataset, source: mnist } }\n');
  assert.ok(others.some((message) => /different names or seeds/.test(message)));
  assert.ok(!lacking.some((message) => /different names or seeds/.test(message)));
});
