/** Everything that the language can train on the portable engine, beside TensorFlow: training, evaluation, prediction. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { Engine } from '../../../src/engine/engine.ts';
import { portableCases } from './cases.ts';
import { assertAgree, nativeEngine, trainAndMeasure, type Outcome } from './rig.ts';

const program = fileURLToPath(new URL('portable-process.js', import.meta.url));
const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
after(() => child.kill());

let engine: Engine;
before(async () => {
  engine = await nativeEngine();
});

for (const { name, architecture, settings } of portableCases) {
  test(name, async () => {
    const line = await lines.next();
    assert.ok(line.done !== true, 'the portable engine ended before its time');
    const portable = JSON.parse(line.value) as Outcome;
    assertAgree(portable, await trainAndMeasure(engine, architecture, 'eager', settings, 1));
  });
}
