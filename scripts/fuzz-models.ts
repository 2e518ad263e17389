/**
 * `node dist/scripts/fuzz-models.js --runs 1000 --seed 1`: trains small random models eagerly, with XLA and in WebAssembly,
 * validates and predicts with them, and compares all numbers.
 *
 * A model may be ill-conditioned, so that rounding is magnified in each step. So if numbers differ more than allowed, the eager
 * training is repeated with weights that are changed in their last digits, and differences of that size are allowed, too.
 *
 *     --runs N       number of models: 100
 *     --seed S       seed of the first model; each further one has the next number: 1
 *     --mode NAME    only xla or webassembly
 *     --show         print each model before it runs
 */
import { parseArgs } from 'node:util';
import { randomModel, type RandomModel } from '../test/engine/xla/random-models.ts';
import {
  distances,
  executorOfTests,
  nativeEngine,
  trainAndMeasure,
  type Distance,
  type Mode,
  type Outcome,
} from '../test/engine/xla/rig.ts';

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string', default: '100' },
    seed: { type: 'string', default: '1' },
    mode: { type: 'string' },
    show: { type: 'boolean', default: false },
  },
});
const [runs, seed] = [Number(options.runs), Number(options.seed)];
const modes = (['webassembly', 'xla'] as const).filter(
  (mode) => options.mode === undefined || options.mode === mode,
);

/** How much more a target may differ than an eager training whose weights start with another last digit. */
const MAGNIFIED = 20;

const engine = await nativeEngine();

function train({ architecture, settings }: RandomModel, mode: Mode, nudge = 0): Promise<Outcome> {
  return trainAndMeasure(engine, architecture, mode, settings, { epochs: 2, nudge });
}

function text({ architecture, settings }: RandomModel): string {
  const { data, ...rest } = settings;
  const samples = data && { count: data.x.count, noise: data.x.noise, same: data.x === data.y };
  return JSON.stringify({ ...architecture, ...rest, ...samples });
}

function hasDiverged({ measures }: Outcome): boolean {
  return measures.some(({ loss }) => !Number.isFinite(loss));
}

/** Numbers that differ too much. */
async function compare(model: RandomModel, mode: Mode, eager: Outcome): Promise<readonly Distance[]> {
  const outcome = await train(model, mode);
  // A training ends where its loss is not finite: eagerly with that batch, else with the call it is in.
  if (hasDiverged(outcome) && hasDiverged(eager)) return [];
  const found = distances(outcome, eager);
  if (found.every(({ distance }) => distance <= 1)) return [];
  const changes = [1, -1].map((sign) => train(model, 'eager', sign * 2 ** -22));
  const moved = (await Promise.all(changes)).map((outcome) => distances(outcome, eager));
  return found.filter(({ distance }, at) => {
    const most = Math.max(...moved.map((list) => list[at]?.distance ?? 0));
    return distance > Math.max(1, MAGNIFIED * most);
  });
}

let failed = 0;
const started = performance.now();
for (let number = seed; number < seed + runs; number++) {
  const model = randomModel(number);
  if (options.show) console.log(`${number}: ${text(model)}`);
  try {
    const eager = await train(model, 'eager');
    for (const mode of modes) {
      const wrong = await compare(model, mode, eager);
      if (wrong.length === 0) continue;
      failed += 1;
      console.log(`seed ${number}, ${mode}: ${text(model)}`);
      for (const { text: what, distance } of wrong) console.log(`    ${distance.toFixed(1)} times: ${what}`);
    }
  } catch (error) {
    failed += 1;
    console.log(
      `seed ${number}: ${text(model)}\n    ${error instanceof Error ? error.stack : String(error)}`,
    );
  }
}
const seconds = ((performance.now() - started) / 1000).toFixed(1);
console.log(`${runs} models from seed ${seed}, ${modes.join(' and ')}: ${failed} differ, ${seconds} s`);
process.exitCode = failed === 0 ? 0 : 1;
await executorOfTests().dispose();
