/**
 * A program of its own, since the engine is a matter of a whole process: does one thing with the engine and prints what came of
 * it as JSON, one object a line. An interrupt stops it as it does the command line.
 *
 *     node engine-process.js ensure native
 *     {"step":"compiling the addon"}
 *     {"value":{"identity":{"kind":"native", …}}}
 */
import { Failure } from '../../src/core/diagnostic.ts';
import type { EngineChoice } from '../../src/engine/engine.ts';
import { ensureEngine, removeEngine } from '../../src/engine/tensorflow/install.ts';
import { loadEngine } from '../../src/engine/load.ts';
import { PLATFORM, WHEELS } from '../../src/engine/tensorflow/pins.ts';
import { statelessUniform } from '../../src/engine/tfjs/uniform.ts';
import { engineStatus } from '../../src/engine/status.ts';

/** What `draw` prints. */
export interface Drawn {
  readonly version: string;
  /** tfjs's name of it. */
  readonly backend: string;
  readonly numbers: readonly number[];
}

const CHOICES: readonly EngineChoice[] = ['auto', 'native', 'portable'];

const [action = '', argument = ''] = process.argv.slice(2);
const choice = CHOICES.find((name) => name === argument) ?? 'auto';
const controller = new AbortController();
process.once('SIGINT', () => controller.abort());

// The real wheel is too large for a test: a small one is made the pinned one.
const sha256 = process.env['TEST_WHEEL_SHA256'];
const pin = WHEELS[PLATFORM];
if (sha256 !== undefined && pin !== undefined) Object.assign(pin, { sha256 });

/** Loads the engine and draws with it. */
async function draw(): Promise<Drawn> {
  const { tf, identity } = await loadEngine({ choice, threads: 1 });
  const numbers = statelessUniform(tf, [10], [5, 6], tf.scalar(9, 'int32'));
  return { version: identity.version, backend: tf.getBackend(), numbers: [...(await numbers.data())] };
}

const print = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);
const act = (): Promise<unknown> => {
  switch (action) {
    case 'ensure':
      return ensureEngine(choice, (step) => print({ step }), controller.signal);
    case 'status':
      return engineStatus(choice);
    case 'draw':
      return draw();
    case 'remove':
      return removeEngine();
    default:
      throw new Error(`there is no action \`${action}\``);
  }
};
try {
  print({ value: await act() });
} catch (error) {
  if (!(error instanceof Failure)) throw error;
  print({ failure: error.diagnostics[0] });
}
