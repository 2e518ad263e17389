/** A resource-limited process for checking untrusted archives. */
import { spawn } from 'node:child_process';
import { readdir, lstat } from 'node:fs/promises';
import { availableParallelism, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { failure, Failure, type Diagnostic } from '../core/diagnostic.ts';
import type { CheckOptions, Findings } from './check.ts';

export interface ProcessLimits {
  /** Wall time. */
  readonly seconds: number;
  /** Memory of each process, in bytes. Only Linux enforces it. */
  readonly memory: number;
  /** Total size of the files in the work folder, in bytes. */
  readonly disk: number;
}

export const DEFAULT_LIMITS = {
  memory: Math.min(2 ** 33, Math.floor(totalmem() * 0.75)),
  disk: 2 ** 34,
} as const;

/** The pause between two measurements of the work folder. A fast disk writes a few gigabytes in that time. */
const MEASURE_MILLISECONDS = 1000;

export type FromChecker =
  | { readonly type: 'findings'; readonly findings: Findings }
  | { readonly type: 'refused'; readonly diagnostics: readonly Diagnostic[] }
  | { readonly type: 'failed'; readonly stack: string };

/**
 * Checks an archive in a separate process: without network access, with limits that include its children. It is killed with all
 * of them when this process ends.
 *
 * @throws Failure `verification-stopped` if it exceeded a limit or died; system errors such as `disk-full`
 */
export async function checkLimited(
  options: CheckOptions,
  limits: ProcessLimits,
  signal: AbortSignal,
): Promise<Findings> {
  if (signal.aborted) throw failure('interrupted', 'stopped');
  const child = start(limits);
  const end = (): void => {
    // Kill the whole group, which includes the workers.
    if (child.pid !== undefined) endGroup(child.pid);
  };
  let stopped: Failure | undefined;
  const stop = (why: Failure): void => {
    stopped ??= why;
    end();
  };
  const onAbort = (): void => stop(failure('interrupted', 'stopped'));
  const timer = setTimeout(
    () => stop(beyond(`more than ${limits.seconds} seconds`, 'allow more with `--timeout`')),
    limits.seconds * 1000,
  );
  const stopMeasuring = measureFolder(options.work, (bytes) => {
    if (bytes > limits.disk) stop(beyond(`more than ${limits.disk} bytes of disk`));
  });
  process.once('exit', end);
  signal.addEventListener('abort', onAbort);
  try {
    const message = await new Promise<FromChecker | NodeJS.Signals | undefined>((resolve, reject) => {
      child.once('error', reject);
      child.once('message', (received: FromChecker) => resolve(received));
      child.once('close', (_code, signalName) => resolve(signalName ?? undefined));
      child.send({ type: 'check', options }, (error) => {
        // The exit event is more informative.
        if (error !== null) end();
      });
    });
    if (stopped !== undefined) throw stopped;
    if (message === 'SIGXCPU') throw beyond(`more than ${cpuSeconds(limits)} seconds of processor time`);
    if (message === undefined || typeof message === 'string') {
      const how = message === undefined ? '' : ` by ${message}`;
      throw beyond(`its process was killed${how}`, 'it may have run out of memory');
    }
    if (message.type === 'refused') throw new Failure(...message.diagnostics);
    if (message.type === 'failed') throw new Error(message.stack);
    return message.findings;
  } finally {
    clearTimeout(timer);
    stopMeasuring();
    signal.removeEventListener('abort', onAbort);
    process.off('exit', end);
    end();
  }
}

function beyond(what: string, hint?: string): Failure {
  return failure('verification-stopped', `verification was stopped: ${what}`, hint);
}

function start(limits: ProcessLimits): ReturnType<typeof spawn> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const module = (name: string): URL => new URL(`./${name}.${extension}`, import.meta.url);
  const program = [process.execPath, fileURLToPath(module('checker')), String(process.pid)];
  const [file = '', ...args] =
    process.platform === 'win32' ? program : ['/bin/sh', '-c', limitScript(limits), 'sh', ...program];
  return spawn(file, args, {
    // A separate group, so that all of it can be killed.
    detached: process.platform !== 'win32',
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    env: {
      ...process.env,
      // Workers load it, too.
      NODE_OPTIONS: `${process.env['NODE_OPTIONS'] ?? ''} --import=${module('no-network').href}`.trim(),
      PIP_NO_INDEX: '1',
    },
  });
}

/** Limits for the shell, in kilobytes and blocks of 512 bytes. A limit that the system lacks is skipped. */
function limitScript(limits: ProcessLimits): string {
  const data = Math.floor(limits.memory / 1024);
  const file = Math.floor(limits.disk / 512);
  const each = [`-d ${data}`, `-f ${file}`, `-t ${cpuSeconds(limits)}`].map(
    (limit) => `ulimit ${limit} 2>/dev/null; `,
  );
  return `ulimit -c 0; ${each.join('')}exec "$@"`;
}

/** Processor time of one process with all its threads: as much as the machine can do in the time limit. */
function cpuSeconds({ seconds }: ProcessLimits): number {
  return seconds * availableParallelism();
}

function endGroup(pid: number): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It has already ended.
  }
}

/**
 * Measures a folder again and again, one measurement at a time: on a busy machine, one can take longer than the pause, and several
 * at once would slow down each other and the check.
 */
function measureFolder(folder: string, tell: (bytes: number) => void): () => void {
  let timer: NodeJS.Timeout;
  let isOver = false;
  const measureLater = (): void => {
    timer = setTimeout(() => {
      void folderBytes(folder).then((bytes) => {
        if (isOver) return;
        tell(bytes);
        measureLater();
      });
    }, MEASURE_MILLISECONDS);
  };
  measureLater();
  return () => {
    isOver = true;
    clearTimeout(timer);
  };
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const path of await readdir(folder, { recursive: true }).catch(() => [])) {
    const found = await lstat(join(folder, path)).catch(() => undefined);
    if (found?.isFile() === true) bytes += found.size / found.nlink;
  }
  return bytes;
}
