/** Everything that the language can train, compiled and op by op: the same numbers. */
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import type { Engine } from '../../../src/engine/engine.ts';
import { cases } from './cases.ts';
import { assertAgree, nativeEngine, trainAndMeasure, type Outcome } from './rig.ts';

let engine: Engine;
before(async () => {
  engine = await nativeEngine();
});

for (const { name, architecture, settings } of cases) {
  test(name, async () => {
    // What an optimizer remembers shows after some epochs.
    const options = { epochs: settings?.optimizer === undefined ? 2 : 4 };
    const eager: Outcome = await trainAndMeasure(engine, architecture, 'eager', settings, options);
    assert.ok(eager.measures.every(({ loss }) => Number.isFinite(loss)));
    for (const mode of ['xla', 'webassembly'] as const)
      assertAgree(await trainAndMeasure(engine, architecture, mode, settings, options), eager);
  });
}
