/** The example plugin works as its page says, and gets what built-in nodes get. */
import assert from 'node:assert/strict';
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { packageRoot } from '../../src/core/package-root.ts';
import { rig, type Rig } from '../rig.ts';

const PIPELINE = `name: blurred
plugins: [./blur.ts]
stages:
  mnist: { type: dataset, source: mnist, limit: { train: 20, test: 10 } }
  soft: { type: blur, data: mnist, radius: 2 }
  digits: { type: figure, kind: images, data: soft, rows: 2, columns: 5 }
`;

function rigWithPlugin(t: Parameters<typeof rig>[0]): Rig {
  const rigged = rig(t);
  copyFileSync(join(packageRoot, 'examples', 'blur', 'blur.ts'), rigged.path('blur.ts'));
  rigged.write('p.yaml', PIPELINE);
  return rigged;
}

test('a stage type of a plugin is validated, run and cached like any other', async (t) => {
  const rigged = rigWithPlugin(t);
  const bad = await rigged.runJson(['check', 'p.yaml', '--allow-plugins', '-S', 'stages.soft.radius=0']);
  assert.equal(bad.json.files[0]?.diagnostics[0]?.code, 'out-of-range');
  rigged.write('typo.yaml', PIPELINE.replace('radius:', 'radios:'));
  const typo = await rigged.run(['check', 'typo.yaml', '--allow-plugins']);
  assert.match(typo.stdout, /`radius`/);

  const first = await rigged.runJson(['run', 'p.yaml', '--allow-plugins']);
  assert.equal(first.code, 0, JSON.stringify(first.json));
  assert.ok(rigged.exists('outputs/blurred/soft/test-images.npy'));
  assert.ok(rigged.exists('outputs/blurred/digits/figure.png'));
  assert.equal((await rigged.runJson(['run', 'p.yaml', '--allow-plugins'])).json.status, 'unchanged');

  rigged.write('blur.ts', `${rigged.read('blur.ts')}\n// edited\n`);
  const { json } = await rigged.runJson(['run', 'p.yaml', '--allow-plugins']);
  assert.deepEqual(
    json.stages.map(({ name, state }) => `${name} ${state}`),
    ['mnist cached', 'soft ran', 'digits ran'],
  );
});

test('editors complete the stage types of plugins, too', async (t) => {
  const rigged = rigWithPlugin(t);
  const { stdout } = await rigged.run(['schema', 'p.yaml', '--allow-plugins']);
  const schema = JSON.parse(stdout);
  assert.ok(schema.definitions.Stage.properties.type.enum.includes('blur'));
  assert.equal(schema.definitions.blur.properties.radius.minimum, 1);
});

test('the example pipeline is valid', async (t) => {
  const file = join(packageRoot, 'examples', 'blur', 'deblurring.yaml');
  assert.equal((await rig(t).run(['check', file, '--allow-plugins'])).code, 0);
});
