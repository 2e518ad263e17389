/**
 * The process that `checkLimited` starts: checks one archive, answers, and ends. Its argument is the number of the process that
 * asks, with which it ends.
 */
import { Worker } from 'node:worker_threads';
import { Failure } from '../core/diagnostic.ts';
import type { CheckOptions } from './check.ts';
import type { FromChecker } from './limited.ts';
import { troubleOf } from './trouble.ts';

const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
new Worker(new URL(`./watchdog.${extension}`, import.meta.url), { workerData: Number(process.argv[2]) })
  .once('error', (error) => process.send?.(refusal(error)))
  .unref();

process.once('message', (message: { readonly options: CheckOptions }) => {
  // Loaded here, so that it is told if the system does not let it be loaded.
  void import('./check.ts')
    .then(({ checkArchive }) => checkArchive(message.options))
    .then((findings): FromChecker => ({ type: 'findings', findings }), refusal)
    .then((answer) => process.send?.(answer));
});
// Whoever asked is gone.
process.once('disconnect', () => process.exit(1));

/** What the system refused keeps its meaning on the way. */
function refusal(thrown: unknown): FromChecker {
  const error = troubleOf(thrown);
  if (error instanceof Failure) return { type: 'refused', diagnostics: error.diagnostics };
  return { type: 'failed', stack: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
