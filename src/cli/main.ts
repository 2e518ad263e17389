/** The command line. */
import { describeProgram } from './describe.ts';
import { EXIT } from './exit.ts';
import { reportProblem } from './problems.ts';

/**
 * Runs one command line.
 *
 * @param args without the program's name
 * @returns the exit code
 */
export async function main(args: readonly string[]): Promise<number> {
  // A reader that has seen enough, such as `head`, is no error, and no reason to stop a run.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
  let code: number = EXIT.done;
  try {
    await describeProgram((result) => (code = result)).parseAsync(args, { from: 'user' });
    return code;
  } catch (error) {
    return reportProblem(error, args);
  }
}
