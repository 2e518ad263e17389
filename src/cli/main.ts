/** The command line. */
import { Console } from 'node:console';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { errorCode, systemFailure } from '../files/atomic.ts';
import { Failure, failure } from '../core/diagnostic.ts';
import { textOf } from '../nodes/plugin-guard.ts';
import { describeProgram } from './describe.ts';
import { EXIT } from './exit.ts';
import { reportProblem } from './problems.ts';
import { wasInterrupted } from './signals.ts';
import { versionLines } from './versions.ts';

/**
 * Runs one command line.
 *
 * @param args without the program's name
 * @returns the exit code
 */
export async function main(args: readonly string[]): Promise<number> {
  const streams = watchStreams();
  const guard = guardProcess(args);
  // Output of a plugin is not part of the result.
  globalThis.console = new Console(process.stderr);
  let code: number = EXIT.done;
  try {
    const versions = args.some((word) => word === '-V' || word === '--version') ? await versionLines() : '';
    await describeProgram((result) => (code = result), versions).parseAsync(args, { from: 'user' });
  } catch (error) {
    code = reportProblem(error, args);
  }
  const problem = await streams.problem();
  guard.stop();
  // On stderr, even with `--json`.
  return problem === undefined ? code : Math.max(code, reportProblem(problem, []));
}

/** Reports if the process ends before its command: never without a message, and never with exit code 0. */
function guardProcess(args: readonly string[]): { stop(): void } {
  // An error that no command waits for, for example from a plugin's timer.
  const onError = (error: unknown): void => {
    process.off('exit', onExit);
    const isOfPlugin = args.includes('--allow-plugins') && !(systemFailure(error) instanceof Failure);
    const problem = isOfPlugin
      ? failure('plugin-invalid', `a plugin failed, and nothing waited for it: ${textOf(error)}`)
      : error;
    process.exit(reportProblem(problem, args));
  };
  const onExit = (): void => {
    if (wasInterrupted()) return;
    const problem = failure(
      'plugin-invalid',
      'a plugin ended the process, or waits for something that never happens',
    );
    process.exitCode = reportProblem(problem, args);
  };
  process.on('uncaughtException', onError).on('exit', onExit);
  return { stop: () => void process.off('uncaughtException', onError).off('exit', onExit) };
}

/**
 * Prevents errors of stdout or stderr from ending the process. A reader that closes the pipe early, such as `head`, is not an
 * error, and no reason to stop a run. The same applies to a closed terminal.
 */
function watchStreams(): { problem(): Promise<Error | undefined> } {
  let lost: string | undefined;
  process.stdout.on('error', (error) => {
    if (!['EPIPE', 'EIO'].includes(errorCode(error))) lost ??= errorCode(error);
  });
  // There is nowhere else to report it.
  process.stderr.on('error', () => undefined);
  return {
    async problem() {
      // The error event comes after the write that caused it.
      if (process.stdout.writableLength > 0)
        await new Promise<void>((resolve) => void process.stdout.write('', () => resolve()));
      await nextTurn();
      return lost === undefined
        ? undefined
        : failure(
            'output-not-writable',
            `stdout cannot be written (${lost}): the printed output is incomplete`,
          );
    },
  };
}
