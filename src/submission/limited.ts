/** A process with limits, for work that an archive of a stranger asks for. */
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
  /** Memory of each process, in bytes. Only Linux heeds it. */
  readonly memory: number;
  /** What all files in the work folder may take together, in bytes. */
  readonly disk: number;
}

export const DEFAULT_LIMITS = {
  memory: Math.min(2 ** 33, Math.floor(totalmem() * 0.75)),
  disk: 2 ** 34,
} as const;

/** How often the work folder is measured. A quick disk writes a few gigabytes in that time. */
const MEASURE_MILLISECONDS = 1000;

export type FromChecker =
  | { readonly type: 'findings'; readonly findings: Findings }
  | { readonly type: 'refused'; readonly diagnostics: readonly Diagnostic[] }
  | { readonly type: 'failed'; readonly stack: string };

/**
 * Checks an archive in a process of its own: without a network, with limits that all its children share, and ended with
 * all of them when this process ends.
 *
 * @throws Failure `verification-stopped` if it went beyond a limit or died; what the system refused, such as `disk-full`
 */
export async function checkLimited(
  options: CheckOptions,
  limits: ProcessLimits,
  signal: AbortSignal,
): Promise<Findings> {
  if (signal.aborted) throw failure('interrupted', 'stopped');
  const child = start(limits);
  const end = (): void => {
    // The group: with it go the workers.
    if (child.pid !== undefined) endGroup(child.pid);
  };
  let stopped: Failure | undefined;
  const stop = (why: Failure): void => {
    stopped ??= why;
    end();
  };
  const onAbort = (): void => stop(failure('interrupted', 'stopped'));
  const timer = setTimeout(
    () => stop(beyond(`more than ${limits.seconds} seconds`, 'give it more with `--timeout`')),
    limits.seconds * 1000,
  );
  const measure = setInterval(() => {
    void folderBytes(options.work).then((bytes) => {
      if (bytes > limits.disk) stop(beyond(`more than ${limits.disk} bytes of disk`));
    });
  }, MEASURE_MILLISECONDS);
  process.once('exit', end);
  signal.addEventListener('abort', onAbort);
  try {
    const message = await new Promise<FromChecker | NodeJS.Signals | undefined>((resolve, reject) => {
      child.once('error', reject);
      child.once('message', (received: FromChecker) => resolve(received));
      child.once('close', (_code, signalName) => resolve(signalName ?? undefined));
      child.send({ type: 'check', options }, (error) => {
        // Its end says more.
        if (error !== null) end();
      });
    });
    if (stopped !== undefined) throw stopped;
    if (message === 'SIGXCPU') throw beyond(`more than ${cpuSeconds(limits)} seconds of processor time`);
    if (message === undefined || typeof message === 'string') {
      const how = message === undefined ? '' : ` by ${message}`;
      throw beyond(`its process was ended${how}`, 'it may have run out of memory');
    }
    if (message.type === 'refused') throw new Failure(...message.diagnostics);
    if (message.type === 'failed') throw new Error(message.stack);
    return message.findings;
  } finally {
    clearTimeout(timer);
    clearInterval(measure);
    signal.removeEventListener('abort', onAbort);
    process.off('exit', end);
    end();
  }
}

function beyond(what: string, hint?: string): Failure {
  return failure('verification-stopped', `verifying was stopped: ${what}`, hint);
}

function start(limits: ProcessLimits): ReturnType<typeof spawn> {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const module = (name: string): URL => new URL(`./${name}.${extension}`, import.meta.url);
  const program = [process.execPath, fileURLToPath(module('checker')), String(process.pid)];
  const [file = '', ...args] =
    process.platform === 'win32' ? program : ['/bin/sh', '-c', limitScript(limits), 'sh', ...program];
  return spawn(file, args, {
    // A group of its own, so that all of it can be ended.
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

/** Limits of the shell, in kilobytes and blocks of 512 bytes; a system that lacks one goes on without. */
function limitScript(limits: ProcessLimits): string {
  const data = Math.floor(limits.memory / 1024);
  const file = Math.floor(limits.disk / 512);
  const each = [`-d ${data}`, `-f ${file}`, `-t ${cpuSeconds(limits)}`].map(
    (limit) => `ulimit ${limit} 2>/dev/null; `,
  );
  return `ulimit -c 0; ${each.join('')}exec "$@"`;
}

/** What one process may compute with all its threads: as much as the machine can in the time. */
function cpuSeconds({ seconds }: ProcessLimits): number {
  return seconds * availableParallelism();
}

function endGroup(pid: number): void {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, 'SIGKILL');
  } catch {
    // It has ended already.
  }
}

async function folderBytes(folder: string): Promise<number> {
  let bytes = 0;
  for (const path of await readdir(folder, { recursive: true }).catch(() => [])) {
    const found = await lstat(join(folder, path)).catch(() => undefined);
    if (found?.isFile() === true) bytes += found.size / found.nlink;
  }
  return bytes;
}
