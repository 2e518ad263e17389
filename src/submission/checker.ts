/** The process that `checkLimited` starts: checks one archive, answers, and ends. */
import { checkArchive, type CheckOptions } from './check.ts';
import type { FromChecker } from './limited.ts';

process.once('message', (message: { readonly options: CheckOptions }) => {
  void checkArchive(message.options)
    .then(
      (findings): FromChecker => ({ type: 'findings', findings }),
      (error: unknown): FromChecker => ({
        type: 'failed',
        stack: error instanceof Error ? (error.stack ?? error.message) : String(error),
      }),
    )
    .then((answer) => process.send?.(answer));
});
// Whoever asked is gone.
process.once('disconnect', () => process.exit(1));
