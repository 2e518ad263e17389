/** A machine with an empty cache, and only a test's programs in its path. */
import assert from 'node:assert/strict';
import { spawn, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { Diagnostic } from '../../src/core/diagnostic.ts';
import { ensureEngine, type EnsuredEngine } from '../../src/engine/tensorflow/install.ts';
import { readEngineRecord } from '../../src/engine/tensorflow/location.ts';
import type { EngineStatus } from '../../src/engine/status.ts';
import { temporaryFolder } from '../nodes/context.ts';
import type { Drawn } from './engine-process.ts';

const PROGRAM = fileURLToPath(new URL('./engine-process.js', import.meta.url));

type Variables = Readonly<Record<string, string>>;

/** What came of an action: one of the two. */
export interface Outcome<Value> {
  readonly value?: Value;
  readonly failure?: Diagnostic;
}

export interface Running<Value> {
  readonly child: ChildProcess;
  /** The reported steps of an installation. */
  readonly steps: readonly string[];
  /** Rejects if the process ends without an outcome, with what it printed to its standard error. */
  readonly outcome: Promise<Outcome<Value>>;
}

/** Shell text for `program`: answers a question for the version, and stops there. */
const ANSWER_VERSION = 'case "$*" in *--version*) exit 0;; esac';

export class Machine {
  /** The machine's own folder. */
  readonly folder: string;
  readonly cache: string;
  readonly #bin: string;

  constructor(t: TestContext) {
    this.folder = temporaryFolder(t);
    this.cache = join(this.folder, 'cache');
    this.#bin = join(this.folder, 'bin');
    mkdirSync(this.#bin);
  }

  startEnsure(choice: string, env: Variables = {}): Running<EnsuredEngine> {
    return this.#start(['ensure', choice], env);
  }

  ensure(choice: string, env: Variables = {}): Promise<Outcome<EnsuredEngine>> {
    return this.startEnsure(choice, env).outcome;
  }

  status(choice: string, env: Variables = {}): Promise<Outcome<EngineStatus>> {
    return this.#start<EngineStatus>(['status', choice], env).outcome;
  }

  draw(choice: string, env: Variables = {}): Promise<Outcome<Drawn>> {
    return this.#start<Drawn>(['draw', choice], env).outcome;
  }

  remove(): Promise<Outcome<boolean>> {
    return this.#start<boolean>(['remove'], {}).outcome;
  }

  #start<Value>(args: readonly string[], env: Variables): Running<Value> {
    const child = spawn(process.execPath, [PROGRAM, ...args], {
      env: {
        PATH: this.#bin,
        HOME: this.folder,
        TMPDIR: this.folder,
        HOURGLASS_CACHE: this.cache,
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const steps: string[] = [];
    const outcome = new Promise<Outcome<Value>>((resolve, reject) => {
      let [output, errors] = ['', ''];
      let result: Outcome<Value> | undefined;
      child.stderr.on('data', (text) => (errors += String(text)));
      child.stdout.on('data', (text) => {
        const lines = (output + String(text)).split('\n');
        output = lines.pop() ?? '';
        for (const line of lines) {
          const message = JSON.parse(line) as Outcome<Value> & { readonly step?: string };
          if (message.step === undefined) result = message;
          else steps.push(message.step);
        }
      });
      child.on('error', reject);
      child.on('close', () => (result === undefined ? reject(new Error(errors)) : resolve(result)));
    });
    return { child, steps, outcome };
  }

  /** Puts a program onto the path; `text` is a shell script. Its calls are counted. */
  program(name: string, text: string): void {
    const log = join(this.folder, `${name}.calls`);
    writeFileSync(join(this.#bin, name), `#!/bin/sh\necho "$*" >> "${log}"\n${text}\n`);
    chmodSync(join(this.#bin, name), 0o755);
  }

  /** The arguments of each call of a program. */
  calls(name: string): readonly string[] {
    const path = join(this.folder, `${name}.calls`);
    return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
  }

  /** A Python whose pip does as `text` says; the folder for downloads is then `$1`. */
  python(text: string): void {
    this.program('python3', `${ANSWER_VERSION}\nwhile [ "$1" != -d ]; do shift; done; shift\n${text}`);
  }

  /** A Python whose pip returns a file; the variables pin that file. */
  pipGives(bytes: Buffer): Variables {
    const wheel = this.file('given.whl', bytes);
    this.python(`/bin/cp "${wheel}" "$1/tensorflow.whl"`);
    return { TEST_WHEEL_SHA256: createHash('sha256').update(bytes).digest('hex') };
  }

  /** A compiler that does as `text` says; the addon to make is then `$last`. */
  compiler(text: string): void {
    this.program('c++', `${ANSWER_VERSION}\nfor last; do :; done\n${text}`);
  }

  /** A compiler that gives the addon of this machine's real engine. With `isHeld`, only when `letGo` is called. */
  async workingCompiler({ isHeld = false } = {}): Promise<void> {
    const addon = join(await installedFolder(), 'tfjs_binding.node');
    const hold = join(this.folder, 'hold');
    if (isHeld) writeFileSync(hold, '');
    this.compiler(`while [ -e "${hold}" ]; do /bin/sleep 0.05; done\n/bin/ln -s "${addon}" "$last"`);
  }

  letGo(): void {
    rmSync(join(this.folder, 'hold'));
  }

  file(name: string, bytes: Buffer): string {
    const path = join(this.folder, name);
    writeFileSync(path, bytes);
    return path;
  }

  /** The files in the folder of engines, without records of failures. */
  engines(): readonly string[] {
    const folder = join(this.cache, 'engine');
    return existsSync(folder) ? readdirSync(folder).filter((name) => !name.endsWith('.refused.json')) : [];
  }
}

/** The folder of this machine's own engine, which is installed if it is missing. */
export async function installedFolder(): Promise<string> {
  await ensureEngine('native', () => undefined, new AbortController().signal);
  const record = await readEngineRecord();
  assert.ok(record);
  return join(record.addon, '..');
}

/** Waits for a condition that running processes bring about; fails if one of them ends first. */
export async function until(isSo: () => boolean, running: readonly Running<unknown>[]): Promise<void> {
  while (!isSo()) {
    for (const { child, outcome } of running) {
      if (child.exitCode !== null || child.signalCode !== null)
        assert.fail(`ended early: ${JSON.stringify(await outcome)}`);
    }
    await sleep(10);
  }
}
