/** Fashion-MNIST is told by its content: nothing else goes under its name. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type { FashionMnistDatasetSettings } from '../../../src/config/generated/settings.ts';
import { Failure } from '../../../src/core/diagnostic.ts';
import { datasetNode } from '../../../src/nodes/dataset/node.ts';
import { FASHION_MNIST_FILES } from '../../../src/nodes/dataset/pins.ts';
import { loopback, serve } from '../../loopback.ts';
import { fakeContext, temporaryFolder } from '../context.ts';

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

test('files that are missing, or others than the pinned ones, are refused: own and downloaded', async (t) => {
  const folder = temporaryFolder(t);
  const other = gzipSync(Buffer.alloc(1000));
  const run = (settings: Partial<FashionMnistDatasetSettings>): Promise<unknown> =>
    datasetNode.run(fakeContext(folder, { ...SETTINGS, ...settings }));
  await assert.rejects(run({ path: '.' }), hasCode('data-missing'));
  for (const { name } of FASHION_MNIST_FILES) writeFileSync(join(folder, name), other);
  await assert.rejects(run({ path: '.' }), hasCode('data-corrupt'));

  const before = process.env['HOURGLASS_DATA'];
  process.env['HOURGLASS_DATA'] = join(folder, 'cache');
  t.after(() => {
    if (before === undefined) delete process.env['HOURGLASS_DATA'];
    else process.env['HOURGLASS_DATA'] = before;
  });
  const server = await loopback(t, serve(other));
  await assert.rejects(run({ url: `${server.url}/mirror/` }), hasCode('data-corrupt'));
  assert.deepEqual(server.requests, ['/mirror/train-images-idx3-ubyte.gz']);
  await assert.rejects(run({ url: 'http://127.0.0.1:9/' }), hasCode('data-missing'));
});
