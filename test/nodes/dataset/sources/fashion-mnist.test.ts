/** Fashion-MNIST is recognised by its content: no other set passes for it. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { FashionMnistDatasetSettings } from '../../../../src/schema/generated/settings.ts';
import { Failure } from '../../../../src/core/diagnostic.ts';
import { datasetNode } from '../../../../src/nodes/dataset/node.ts';
import { FASHION_MNIST_FILES } from '../../../../src/nodes/dataset/arrays/known-files.ts';
import { loopback, serve } from '../../../loopback.ts';
import { fakeContext, temporaryFolder } from '../../context.ts';

const SETTINGS: FashionMnistDatasetSettings = {
  type: 'dataset',
  source: 'fashion-mnist',
  limit: null,
  normalize: 'minmax',
};

const hasCode = (code: string) => (error: unknown) => {
  assert.ok(error instanceof Failure, String(error));
  assert.equal(error.diagnostics[0]?.code, code);
  return true;
};

function useDataCache(t: TestContext, folder: string): void {
  const before = process.env['HOURGLASS_DATA'];
  process.env['HOURGLASS_DATA'] = join(folder, 'cache');
  t.after(() => {
    if (before === undefined) delete process.env['HOURGLASS_DATA'];
    else process.env['HOURGLASS_DATA'] = before;
  });
}

test('files that are missing, or others than the pinned ones, are refused: own and downloaded', async (t) => {
  const folder = temporaryFolder(t);
  const other = gzipSync(Buffer.alloc(1000));
  const run = (settings: Partial<FashionMnistDatasetSettings>): Promise<unknown> =>
    datasetNode.run(fakeContext(folder, { ...SETTINGS, ...settings }));
  await assert.rejects(run({ path: '.' }), hasCode('data-missing'));
  for (const { name } of FASHION_MNIST_FILES) writeFileSync(join(folder, name), other);
  await assert.rejects(run({ path: '.' }), hasCode('data-corrupt'));

  useDataCache(t, folder);
  const server = await loopback(t, serve(other));
  await assert.rejects(run({ url: `${server.url}/mirror/` }), hasCode('data-corrupt'));
  assert.deepEqual(server.requests, ['/mirror/train-images-idx3-ubyte.gz']);
  await assert.rejects(run({ url: 'http://127.0.0.1:9/' }), hasCode('data-missing'));
});

const DEBIAN = '/usr/share/datasets/fashion-mnist';

test('the real images come from Debian’s package, from a folder, and from a mirror', async (t) => {
  if (!existsSync(DEBIAN)) return t.skip("Debian's package dataset-fashion-mnist is not installed");
  const folder = temporaryFolder(t);
  useDataCache(t, folder);
  const server = await loopback(t, (request, response) =>
    serve(readFileSync(join(DEBIAN, basename(request.url ?? ''))))(request, response),
  );
  const settings = {
    debian: {},
    folder: { path: DEBIAN },
    mirror: { url: server.url },
    again: { url: server.url },
  };
  const summaries: string[] = [];
  for (const [stage, own] of Object.entries(settings)) {
    const context = fakeContext(folder, { ...SETTINGS, ...own }, { stage });
    const { metrics } = await datasetNode.run(context);
    assert.deepEqual(metrics, { train_images: 60_000, test_images: 10_000 });
    summaries.push(readFileSync(join(context.folder, 'summary.json'), 'utf8'));
  }
  assert.equal(new Set(summaries).size, 1);
  assert.equal(JSON.parse(summaries[0] ?? '').test.images_per_class['Ankle boot'], 1000);
  // Each file was fetched once.
  assert.deepEqual(
    server.requests,
    FASHION_MNIST_FILES.map(({ name }) => `/${name}.gz`),
  );
});
