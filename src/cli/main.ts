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
  // What a plugin prints is no result.
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
  // On stderr, whatever `--json` asked of stdout.
  return problem === undefined ? code : Math.max(code, reportProblem(problem, []));
}

/** Reports what ends the process before its command has: nothing ends without a word, or with exit code 0. */
function guardProcess(args: readonly string[]): { stop(): void } {
  // An error that no command waits for, such as one of a plugin's timer.
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
 * Keeps an error of stdout or stderr from ending the process. A reader that has seen enough, such as `head`, is no error, and no
 * reason to stop a run; nor is a terminal that was closed.
 */
function watchStreams(): { problem(): Promise<Error | undefined> } {
  let lost: string | undefined;
  process.stdout.on('error', (error) => {
    if (!['EPIPE', 'EIO'].includes(errorCode(error))) lost ??= errorCode(error);
  });
  // There is no other place to say it.
  process.stderr.on('error', () => undefined);
  return {
    async problem() {
      // An error comes after the write that it is of.
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
