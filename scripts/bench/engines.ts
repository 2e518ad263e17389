/** The engines that are timed, and the communication with them. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { createInterface } from 'node:readline';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageRoot } from '../../src/core/package-root.ts';
import { isWanted } from './arguments.ts';
import { hasConvolutions, type BenchCase } from './bench-case.ts';
import type { Ready, Stretch, Task } from './protocol.ts';

export interface EngineSpec {
  readonly name: string;
  readonly isPeer: boolean;
  command(task: Task): readonly string[];
  /** Whether to run it on a case if it is not requested by name. By default, it runs on all. */
  suits?(benchCase: BenchCase): boolean;
}

export const PYTHON = join(packageRoot, '.bench', 'venv', 'bin', 'python');

const PEERS = join(packageRoot, 'scripts', 'bench', 'peers');

function own(name: string, program: string, ...args: readonly string[]): EngineSpec {
  const path = fileURLToPath(new URL(`./${program}.js`, import.meta.url));
  return {
    name,
    isPeer: false,
    command: (task) => [process.execPath, path, JSON.stringify(task), ...args],
  };
}

function peer(name: string, program: string, mode: string): EngineSpec {
  return {
    name,
    isPeer: true,
    command: (task) => [PYTHON, join(PEERS, `${program}_peer.py`), JSON.stringify(task), mode],
  };
}

export const OURS = 'hourglass';

/** Engines that take long to start or to run are timed only on the two oldest cases. */
const onFirst = ({ name }: BenchCase): boolean => ['dense', 'conv'].includes(name);
const withoutConvolutions = (benchCase: BenchCase): boolean => !hasConvolutions(benchCase);

export const ENGINES: readonly EngineSpec[] = [
  own(OURS, 'hourglass', 'auto'),
  { ...own('hourglass, eager', 'hourglass', 'eager'), suits: onFirst },
  own('hourglass, webassembly', 'hourglass', 'auto', 'portable'),
  { ...own('tfjs-node fit', 'tfjs'), isPeer: true, suits: onFirst },
  peer('keras', 'keras', 'default'),
  peer('keras, jit', 'keras', 'jit'),
  // `steps_per_execution`, which is rarely set, saves Keras most of its work between steps.
  { ...peer('keras, jit, 25 steps a call', 'keras', 'jit-25'), suits: withoutConvolutions },
  peer('torch, eager', 'torch', 'eager'),
  { ...peer('torch, compile', 'torch', 'compile'), suits: onFirst },
  peer('jax, by the step', 'jax', 'step'),
  // In a loop, XLA's convolutions take more than a second per step.
  { ...peer('jax, scan', 'jax', 'scan'), suits: withoutConvolutions },
];

/** The engines of a case: ours, and requested ones that suit it. An engine requested by its full name always runs. */
export function enginesOf(
  benchCase: BenchCase,
  { peers, engines }: { readonly peers: boolean; readonly engines: readonly string[] },
): readonly EngineSpec[] {
  return ENGINES.filter(({ name, isPeer, suits }) => {
    if (name === OURS) return true;
    // The peers have no labels.
    if (isPeer && benchCase.architecture.classes !== undefined) return false;
    if ((isPeer && !peers) || !isWanted(name, engines)) return false;
    return engines.includes(name) || (suits?.(benchCase) ?? true);
  });
}

/** Hourglass on another task, which takes turns with a case. */
export function onOther(task: Task): EngineSpec {
  const { command } = own(OURS, 'hourglass', 'auto');
  return { name: `${OURS}, ${task.name}`, isPeer: false, command: () => command(task) };
}

/** A running engine. */
export class Contestant {
  readonly name: string;
  readonly #child: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  #said = '';

  constructor({ name, command }: EngineSpec, task: Task) {
    const [program = '', ...args] = command(task);
    this.name = name;
    this.#child = spawn(program, args, { stdio: 'pipe' });
    // The end of its output shows that it has ended.
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString()).slice(-2000);
    });
    this.#child.on('error', (error) => {
      this.#said = error.message;
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Waits until the engine is warmed up. */
  async ready(): Promise<Ready> {
    return (await this.#read()) as Ready;
  }

  async run(): Promise<Stretch> {
    this.#child.stdin.write('run\n');
    return (await this.#read()) as Stretch;
  }

  stop(): void {
    this.#child.stdin.end();
    this.#child.kill('SIGKILL');
  }

  /** @throws Error with its last output, if it ended */
  async #read(): Promise<unknown> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error(`${this.name} ended: ${this.#said.trim()}`);
    return JSON.parse(line.value);
  }
}
