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
import { ensureEngine, removeEngine } from '../../src/engine/install.ts';
import { PLATFORM, WHEELS } from '../../src/engine/pins.ts';
import { engineStatus } from '../../src/engine/status.ts';

const CHOICES: readonly EngineChoice[] = ['auto', 'native', 'portable'];

const [action = '', argument = ''] = process.argv.slice(2);
const choice = CHOICES.find((name) => name === argument) ?? 'auto';
const controller = new AbortController();
process.once('SIGINT', () => controller.abort());

// The real wheel is too large for a test: a small one is made the pinned one.
const sha256 = process.env['TEST_WHEEL_SHA256'];
const pin = WHEELS[PLATFORM];
if (sha256 !== undefined && pin !== undefined) Object.assign(pin, { sha256 });

const print = (line: object): boolean => process.stdout.write(`${JSON.stringify(line)}\n`);
const act = (): Promise<unknown> => {
  switch (action) {
    case 'ensure':
      return ensureEngine(choice, (step) => print({ step }), controller.signal);
    case 'status':
      return engineStatus(choice);
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
