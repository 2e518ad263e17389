/** The command line of `npm run bench`. */
import { parseArgs } from 'node:util';
import { chooseCases } from './choose.ts';
import { AXES, type Axis } from './scale.ts';

export interface BenchArguments {
  /** Whether to run Keras, PyTorch, JAX and tfjs, too. */
  readonly peers: boolean;
  /** What to time: steps of cases, or one of the others. */
  readonly work: 'steps' | 'whole' | 'sweep' | 'inference' | 'scale';
  /** The size that varies, with `scale`. */
  readonly axis: Axis | undefined;
  readonly json: boolean;
  /** Names of the cases. */
  readonly cases: readonly string[];
  /** Names of the engines; all if there are none. */
  readonly engines: readonly string[];
  /** Number of turns of each engine. */
  readonly rounds: number;
  /** Steps per stretch; by default those of the case. */
  readonly steps: number | undefined;
}

export const USAGE = `npm run bench -- [options]
  --peers         Keras, PyTorch, JAX and tfjs-node beside Hourglass
  --group NAME    the cases of a group: core, unless there is a --case, or all
  --case NAME     only these cases: names with commas between, or a pattern such as 'dense-*'; may be repeated
  --engine NAME   Hourglass and this engine; may be repeated, and \`keras\` means all of Keras's
  --whole         whole commands of 5 epochs, from start to exit, instead of steps
  --sweep         a sweep of 8 latent sizes and 10 epochs, from start to exit, instead of steps
  --inference     the first evaluate and predict of 70,000 images, instead of steps; without --case, of dense and conv-stride2
  --scale AXIS    steps by the size of the batch, of the hidden layers (width) or of the images (side)
  --rounds N      turns of each engine; 4, or 2 with --whole, --sweep, --inference or --scale
  --steps N       steps of one stretch; with --sweep, of one epoch
  --json          one JSON document; nothing else with 'npm run --silent bench'`;

/** An error of the command line. */
export class UsageError extends Error {}

/** Names of cases by group; `all` has every case. */
export type Groups = Readonly<Record<'core' | 'all', readonly string[]>>;

/** Default cases of `--inference`. */
const INFERRED = ['dense', 'conv-stride2'];

/**
 * @param engines names of all engines
 * @throws UsageError
 */
export function parseArguments(
  args: readonly string[],
  groups: Groups,
  engines: readonly string[],
): BenchArguments {
  const { peers, json, case: cases, group, engine, rounds, steps, scale, ...flags } = readOptions(args);
  const works = (['whole', 'sweep', 'inference'] as const).filter((work) => flags[work]);
  const chosen = [...works, ...(scale === undefined ? [] : (['scale'] as const))];
  const [work = 'steps', other] = chosen;
  if (other !== undefined) throw new UsageError(`--${work} and --${other} cannot be combined`);
  const axis = AXES.find((name) => name === scale);
  if (scale !== undefined && axis === undefined) {
    throw new UsageError(`--scale takes ${AXES.join(', ')}, not \`${scale}\``);
  }
  if (group !== undefined && group !== 'core' && group !== 'all') {
    throw new UsageError(`there is no group \`${group}\`; groups: core, all`);
  }
  const named = cases.flatMap((text) => text.split(',')).filter((text) => text !== '');
  const found = chooseCases(named, groups.all);
  if (found.unknown !== undefined) {
    throw new UsageError(`there is no case \`${found.unknown}\`; cases: ${groups.all.join(', ')}`);
  }
  const stranger = engine.find((name) => !engines.some((each) => isWanted(each, [name])));
  if (stranger !== undefined) {
    throw new UsageError(`there is no engine \`${stranger}\`; there are \`${engines.join('`, `')}\``);
  }
  const usual = group === undefined && work === 'inference' ? INFERRED : groups[group ?? 'core'];
  return {
    peers,
    work,
    axis,
    json,
    cases: named.length > 0 ? found.names : usual,
    engines: engine,
    rounds: rounds === undefined ? (work === 'steps' ? 4 : 2) : wholeNumber('--rounds', rounds),
    steps: steps === undefined ? undefined : wholeNumber('--steps', steps),
  };
}

/** Whether one of the names is an engine's: its full name, or the part before a comma. */
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
        inference: { type: 'boolean', default: false },
        scale: { type: 'string' },
        json: { type: 'boolean', default: false },
        group: { type: 'string' },
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
    throw new UsageError(`${option} takes an integer, 1 or more, not \`${text}\``);
  }
  return Number(text);
}
