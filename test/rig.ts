/** A temporary folder with pipelines in it, in which the command line is run as a user would. */
import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { sha256 } from '../src/core/json.ts';

/** Beside this file's folder: `dist/test/rig.js` runs `dist/src/cli/main.js`. */
const MAIN = fileURLToPath(new URL('../src/cli/main.js', import.meta.url));

const START = `const { main } = await import(${JSON.stringify(MAIN)}); process.exitCode = await main(process.argv.slice(1));`;

/** Arguments of `node` that run `main` as `bin/hourglass.js` does, without compiling; those of Hourglass follow. */
export const HOURGLASS = ['--input-type=module', '--eval', START, '--'] as const;

export interface RunOptions {
  /** Added to the environment; `undefined` removes a variable. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** Each is taken, one after the other, when stderr since the one before matches. */
  readonly steps?: readonly Step[];
  /** Told the number of the process. */
  readonly onStart?: (pid: number) => void;
}

export interface Step {
  readonly when: RegExp;
  /** A signal to send, or anything else to do; it is given the number of the process, and stderr. */
  readonly act: NodeJS.Signals | ((pid: number, stderr: string) => void);
}

export interface Finished {
  /** Exit code; null if a signal ended the process. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** What commands print with `--json`: each has the members that its work calls for. */
export interface JsonOutput {
  readonly status: string;
  readonly stages: readonly {
    readonly name: string;
    readonly state: string;
    readonly action: string;
    readonly reason: { readonly kind: string };
    readonly resume?: { readonly epoch?: number };
    readonly downloads?: readonly string[];
  }[];
  readonly diagnostics: readonly DiagnosticOutput[];
  readonly files: readonly { readonly valid: boolean; readonly diagnostics: readonly DiagnosticOutput[] }[];
  readonly outputs: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly kept: readonly string[];
  }[];
  readonly cache: { readonly entries: number; readonly versions: Readonly<Record<string, unknown>> };
}

export interface DiagnosticOutput {
  readonly severity: string;
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly file?: string;
  readonly line?: number;
  readonly column?: number;
  readonly stage?: string;
  readonly edits?: readonly { readonly text: string }[];
}

/** The problems of the only pipeline of a command such as `check`. */
export function problemsOf({ files, diagnostics }: Partial<JsonOutput>): readonly DiagnosticOutput[] {
  return files?.[0]?.diagnostics ?? diagnostics ?? [];
}

export interface Rig {
  readonly folder: string;
  path(...parts: readonly string[]): string;
  write(file: string, text: string | Uint8Array): void;
  read(file: string): string;
  exists(file: string): boolean;
  /** Runs `hourglass <args>` in the folder. */
  run(args: readonly string[], options?: RunOptions): Promise<Finished>;
  /** The same with `--json`: what it printed must be one JSON document. */
  runJson(
    args: readonly string[],
    options?: RunOptions,
  ): Promise<{ readonly code: number | null; readonly json: JsonOutput }>;
}

/** A test; or `{ after }` of `node:test`, for a rig that the tests of a file share. */
interface Cleaner {
  after(clear: () => void): void;
}

export function rig(t: Cleaner): Rig {
  const folder = mkdtempSync(join(tmpdir(), 'hourglass-rig-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const path = (...parts: readonly string[]): string => join(folder, ...parts);
  const run = (args: readonly string[], options: RunOptions = {}): Promise<Finished> =>
    start(t, folder, args, options);
  return {
    folder,
    path,
    write(file, text) {
      mkdirSync(dirname(path(file)), { recursive: true });
      writeFileSync(path(file), text);
    },
    read: (file) => readFileSync(path(file), 'utf8'),
    exists: (file) => existsSync(path(file)),
    run,
    async runJson(args, options) {
      const { code, stdout, stderr } = await run([...args, '--json'], options);
      try {
        return { code, json: JSON.parse(stdout) as JsonOutput };
      } catch {
        throw new Error(`stdout is no JSON document:\n${stdout}\nstderr:\n${stderr}`);
      }
    },
  };
}

function start(t: Cleaner, folder: string, args: readonly string[], options: RunOptions): Promise<Finished> {
  const child = spawn(process.execPath, [...HOURGLASS, ...args], {
    cwd: folder,
    env: { ...cleanEnvironment(), ...options.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // Of a test that failed or took too long.
  t.after(() => child.kill('SIGKILL'));
  if (child.pid !== undefined) options.onStart?.(child.pid);
  let stdout = '';
  let stderr = '';
  const steps = [...(options.steps ?? [])];
  let seen = 0;
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
    const [step] = steps;
    if (step?.when.test(stderr.slice(seen)) !== true) return;
    steps.shift();
    seen = stderr.length;
    if (typeof step.act === 'string') child.kill(step.act);
    else if (child.pid !== undefined) step.act(child.pid, stderr);
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** SHA-256 of everything that a run wrote under its name, except its own records, which contain times. */
export function fingerprint(
  { path }: Rig,
  name: string,
  outputs = 'outputs',
): Readonly<Record<string, string>> {
  const root = path(outputs, name);
  const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter(
    (file) => statSync(join(root, file)).isFile() && !RECORDS.has(file) && !file.startsWith('.artifacts/'),
  );
  return Object.fromEntries(files.sort().map((file) => [file, sha256(readFileSync(join(root, file)))]));
}

const RECORDS: ReadonlySet<string> = new Set(['run.json', 'log.jsonl', 'report.html']);

/** The environment without what changes the output or the signals: CI, npm, colours, and `_`, by which `nohup` shows. */
function cleanEnvironment(): NodeJS.ProcessEnv {
  const { NO_COLOR: _noColor, FORCE_COLOR: _forceColor, CI: _ci, _: _program, ...rest } = process.env;
  return Object.fromEntries(Object.entries(rest).filter(([name]) => !name.startsWith('npm_')));
}

/** A pipeline that trains a tiny model on a few real images in about a second. */
export const TINY = `name: tiny
seed: 7
threads: 1
params: { latent_size: 4, epochs: 2 }
stages:
  mnist: { type: dataset, source: mnist, limit: { train: 128, test: 32 } }
  noisy: { type: noise, data: mnist, kind: gaussian, mean: 0.5, stddev: 0.5, clip: [0, 1] }
  model:
    type: model
    input_shape: [28, 28, 1]
    encoder:
      - Conv2D: { filters: 2, kernel_size: 3, strides: 4, padding: same, activation: relu }
      - Flatten
      - Dropout: { rate: 0.1 }
      - Dense: { units: "\${params.latent_size}" }
    decoder:
      - Dense: { units: 784, activation: sigmoid }
      - Reshape: { target_shape: [28, 28, 1] }
  trained:
    type: train
    model: model
    data: noisy
    target: mnist
    loss: mse
    metrics: [mae]
    epochs: "\${params.epochs}"
    batch_size: 50
    validation: test
    preview: { rows: 2, columns: 2 }
  quality: { type: evaluate, model: trained, data: noisy, target: mnist, metrics: [mse, psnr, ssim] }
  denoised: { type: predict, model: trained, data: noisy }
  digits: { type: figure, kind: images, data: noisy, rows: 2, columns: 3, labels: true }
  comparison: { type: figure, kind: comparison, model: trained, data: noisy, target: mnist, samples: 3 }
  curves: { type: figure, kind: history, model: trained }
`;
