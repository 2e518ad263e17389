/** The command line of `npm run bench`. */
import { parseArgs } from 'node:util';

export interface BenchArguments {
  /** Run Keras, PyTorch, JAX and tfjs, too. */
  readonly peers: boolean;
  /** Time whole commands instead of steps. */
  readonly whole: boolean;
  /** Time a whole sweep instead of steps. */
  readonly sweep: boolean;
  readonly json: boolean;
  /** Names of the cases; all if there are none. */
  readonly cases: readonly string[];
  /** Names of the engines; all if there are none. */
  readonly engines: readonly string[];
  /** Turns that each engine gets. */
  readonly rounds: number;
  /** Steps of one stretch; undefined leaves them to the case. */
  readonly steps: number | undefined;
}

export const USAGE = `npm run bench -- [options]
  --peers         Keras, PyTorch, JAX and tfjs-node beside Hourglass
  --whole         whole commands of 5 epochs, from start to exit, instead of steps
  --sweep         a sweep of 8 latent sizes and 10 epochs, from start to exit, instead of steps
  --case NAME     only this case; may be repeated
  --engine NAME   Hourglass and this engine; may be repeated, and \`keras\` means all of Keras's
  --rounds N      turns of each engine; 4, or 2 with --whole or --sweep
  --steps N       steps of one stretch; with --sweep, of one epoch
  --json          one JSON document; nothing else with 'npm run --silent bench'`;

/** What is wrong with the command line. */
export class UsageError extends Error {}

/** @throws UsageError */
export function parseArguments(args: readonly string[], knownCases: readonly string[]): BenchArguments {
  const { peers, whole, sweep, json, case: cases, engine, rounds, steps } = readOptions(args);
  const unknown = cases.find((name) => !knownCases.includes(name));
  if (unknown !== undefined) {
    throw new UsageError(`there is no case \`${unknown}\`; there are ${knownCases.join(', ')}`);
  }
  return {
    peers,
    whole,
    sweep,
    json,
    cases,
    engines: engine,
    rounds: rounds === undefined ? (whole || sweep ? 2 : 4) : wholeNumber('--rounds', rounds),
    steps: steps === undefined ? undefined : wholeNumber('--steps', steps),
  };
}

/** Whether an engine is meant by one of the names: its own, or the part of it before a comma. */
export function isWanted(engine: string, wanted: readonly string[]): boolean {
  return wanted.length === 0 || wanted.some((name) => engine === name || engine.startsWith(`${name},`));
}

function readOptions(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        peers: { type: 'boolean', default: false },
        whole: { type: 'boolean', default: false },
        sweep: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
        case: { type: 'string', multiple: true, default: [] },
        engine: { type: 'string', multiple: true, default: [] },
        rounds: { type: 'string' },
        steps: { type: 'string' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function wholeNumber(option: string, text: string): number {
  if (!/^[1-9]\d{0,5}$/.test(text)) {
    throw new UsageError(`${option} takes a whole number from 1, not \`${text}\``);
  }
  return Number(text);
}
