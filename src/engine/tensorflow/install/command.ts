import { spawn } from 'node:child_process';
import { failure } from '../../../core/diagnostic.ts';
import { withoutNotes } from '../log-filter.ts';

/** Reports what is being done, and how much of it is done, from 0 to 1. */
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
  /** The end of what it printed, both streams together. */
  readonly output: string;
  /** Why it failed, if it did: the signal that ended it, one line of the output, or the exit code. */
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
    let isLate = false;
    // Node's own time limit keeps waiting for a program that could not be started.
    const timer = setTimeout(() => {
      isLate = true;
      child.kill('SIGKILL');
    }, options.timeoutSeconds * 1000);
    const finish = (code: number, reason: string): void => {
      clearTimeout(timer);
      if (options.signal?.aborted) reject(failure('interrupted', `stopped while running ${command}`));
      else resolve({ code, output, reason });
    };
    child.on('error', (error) => finish(-1, error.message));
    child.on('close', (code, killedBy) => {
      const said = reasonIn(output);
      if (isLate) finish(-1, `not finished after ${options.timeoutSeconds} seconds`);
      else if (killedBy !== null) finish(-1, `ended by ${killedBy}${said === '' ? '' : `: ${said}`}`);
      else finish(code ?? -1, said === '' ? `exit code ${code ?? -1}` : said);
    });
  });
}

/** The last line. For a Node.js program that ended with an error, the error: the last line is then only Node's version. */
function reasonIn(text: string): string {
  const lines = withoutNotes(text)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const error = lines.find((line) => /^\w*Error(?: \[\w+\])?: /.test(line));
  return (error ?? lines.at(-1) ?? '').trim().slice(0, 300);
}
