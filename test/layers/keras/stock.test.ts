/** Saved models as tfjs loads them elsewhere: they give Keras's numbers, too. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { loadEngine } from '../../../src/engine/load.ts';
import { disposeAutoencoder } from '../../../src/layers/build.ts';
import { saveModel } from '../../../src/layers/save.ts';
import { assertNear, build, kerasCases } from './check.ts';
import { structure, structureModel, structureNames } from './structure.ts';

const program = fileURLToPath(new URL('stock-process.js', import.meta.url));

test('a saved model computes the same in tfjs itself', async (t) => {
  const root = mkdtempSync(join(tmpdir(), 'hourglass-stock-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  const { tf } = await loadEngine({ choice: 'portable', threads: 1 });
  const folders: string[] = [];
  for (const [index, wanted] of kerasCases.entries()) {
    const folder = join(root, String(index));
    await saveModel(build(tf, wanted), folder);
    folders.push(folder);
  }
  for (const name of structureNames) {
    const folder = join(root, name);
    const models = structureModel(tf, name);
    await saveModel(models.autoencoder, folder);
    disposeAutoencoder(models);
    folders.push(folder);
  }
  const printed = execFileSync(process.execPath, [program, ...folders], { encoding: 'utf8' });
  const lines = printed.trim().split('\n');
  const outputs = [
    ...kerasCases.map(({ layer, args, input, output }) => ({
      name: `${layer} ${JSON.stringify(args)} on ${input.join('x')}`,
      wanted: output,
    })),
    ...structureNames.map((name) => ({ name, wanted: structure[name].output })),
  ];
  assert.equal(lines.length, outputs.length);
  for (const [index, { name, wanted }] of outputs.entries()) {
    const { output, error } = JSON.parse(lines[index] ?? '{}') as { output?: number[]; error?: string };
    if (/"(exponential|squareplus)"/.test(name)) {
      assert.match(error ?? '', /Unknown activation/, name);
      continue;
    }
    assert.ok(output, `${name}: ${error}`);
    assertNear(output, wanted, name);
  }
});
