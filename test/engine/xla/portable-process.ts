/** A program of its own: trains the battery on the portable engine, and prints each outcome, one JSON object a line. */
import { loadEngine } from '../../../src/engine/load.ts';
import { portableCases } from './cases.ts';
import { trainAndMeasure } from './rig.ts';

const engine = await loadEngine({ choice: 'portable', threads: 1 });
for (const { architecture, settings } of portableCases) {
  const { measures, state, outputs } = await trainAndMeasure(engine, architecture, 'eager', settings, 1);
  const arrays = state.map((array) => ({ ...array, data: [...array.data] }));
  process.stdout.write(`${JSON.stringify({ measures, state: arrays, outputs })}\n`);
}
