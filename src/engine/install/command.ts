import { spawn } from 'node:child_process';
import { failure } from '../../core/diagnostic.ts';

/** Tells what is being done, and how much of it is done, from 0 to 1. */
export type InstallProgress = (step: string, fraction?: number) => void;

export interface CommandOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  readonly timeoutSeconds: number;
}

export interface CommandResult {
  /** Exit code; -1 if the command could not be started, was killed or took too long. */
  readonly code: number;
  /** What it printed, both streams, the end of it. */
  readonly output: string;
  /** Why it failed, if it did: one line of the output, or the exit code. */
  readonly reason: string;
}

const OUTPUT_LIMIT = 20_000;

/**
 * Runs a program to its end, without a shell.
 *
 * @throws Failure `interrupted` if the signal is aborted
 */
export function runCommand(
  command: string,
  args: readonly string[],
  options: CommandOptions,
): Promise<CommandResult> {
  return new Promise((resolve, reject) => {
    let output = '';
    const child = spawn(command, args, {
      cwd: options.cwd,
      env: options.env ?? process.env,
      signal: options.signal,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => {
        output = (output + text).slice(-OUTPUT_LIMIT);
      });
    }
    // Node's own time limit goes on waiting for a program that could not be started.
    const timer = setTimeout(() => child.kill('SIGKILL'), options.timeoutSeconds * 1000);
    const finish = (code: number): void => {
      clearTimeout(timer);
      if (options.signal?.aborted) reject(failure('interrupted', `stopped while running ${command}`));
      else resolve({ code, output, reason: reasonIn(output) || `exit code ${code}` });
    };
    child.on('error', () => finish(-1));
    child.on('close', (code) => finish(code ?? -1));
  });
}

/** The last line, but of a Node.js program that ended with an error that error: its last line is only Node's version. */
function reasonIn(text: string): string {
  const lines = text.split(/\r?\n|\r/).filter((line) => line.trim() !== '');
  const error = lines.find((line) => /^\w*Error(?: \[\w+\])?: /.test(line));
  return (error ?? lines.at(-1) ?? '').trim().slice(0, 300);
}
