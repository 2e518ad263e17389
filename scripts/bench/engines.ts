/** The programs that are timed, and how one of them is talked to. */
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
  /** Whether it is worth its time for a case, unless it is asked for by name; all are if this is left out. */
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

/** What takes long to start or to run is timed on the two oldest cases. */
const onFirst = ({ name }: BenchCase): boolean => ['dense', 'conv'].includes(name);
const withoutConvolutions = (benchCase: BenchCase): boolean => !hasConvolutions(benchCase);

export const ENGINES: readonly EngineSpec[] = [
  own(OURS, 'hourglass', 'auto'),
  { ...own('hourglass, eager', 'hourglass', 'eager'), suits: onFirst },
  own('hourglass, webassembly', 'hourglass', 'auto', 'portable'),
  { ...own('tfjs-node fit', 'tfjs'), isPeer: true, suits: onFirst },
  peer('keras', 'keras', 'default'),
  peer('keras, jit', 'keras', 'jit'),
  // `steps_per_execution`, which few set, spares Keras most of its work between steps.
  { ...peer('keras, jit, 25 steps a call', 'keras', 'jit-25'), suits: withoutConvolutions },
  peer('torch, eager', 'torch', 'eager'),
  { ...peer('torch, compile', 'torch', 'compile'), suits: onFirst },
  peer('jax, by the step', 'jax', 'step'),
  // In a loop, XLA's convolutions take more than a second a step.
  { ...peer('jax, scan', 'jax', 'scan'), suits: withoutConvolutions },
];

/** The engines of a case: ours, and those that are wanted and suit it. An engine's full name wants it in any case. */
export function enginesOf(
  benchCase: BenchCase,
  { peers, engines }: { readonly peers: boolean; readonly engines: readonly string[] },
): readonly EngineSpec[] {
  return ENGINES.filter(({ name, isPeer, suits }) => {
    if (name === OURS) return true;
    if ((isPeer && !peers) || !isWanted(name, engines)) return false;
    return engines.includes(name) || (suits?.(benchCase) ?? true);
  });
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
    // That it ended is told by the end of its output.
    this.#child.stdin.on('error', () => undefined);
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#said = (this.#said + chunk.toString()).slice(-2000);
    });
    this.#child.on('error', (error) => {
      this.#said = error.message;
    });
    this.#lines = createInterface({ input: this.#child.stdout })[Symbol.asyncIterator]();
  }

  /** Waits until it is warm. */
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

  /** @throws Error with what it said last, if it ended */
  async #read(): Promise<unknown> {
    const line = await this.#lines.next();
    if (line.done === true) throw new Error(`${this.name} ended: ${this.#said.trim()}`);
    return JSON.parse(line.value);
  }
}
