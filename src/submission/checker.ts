/**
 * The process that `checkLimited` starts: checks one archive, sends its findings, and ends. Its argument is the id of its parent
 * process; if the parent ends, so does it.
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
  // Loaded here, so that a failure to load is reported.
  void import('./check.ts')
    .then(({ checkArchive }) => checkArchive(message.options))
    .then((findings): FromChecker => ({ type: 'findings', findings }), refusal)
    .then((answer) => process.send?.(answer));
});
// The parent process has ended.
process.once('disconnect', () => process.exit(1));

/** Keeps the meaning of system errors when they are sent to the parent. */
function refusal(thrown: unknown): FromChecker {
  const error = troubleOf(thrown);
  if (error instanceof Failure) return { type: 'refused', diagnostics: error.diagnostics };
  return { type: 'failed', stack: error instanceof Error ? (error.stack ?? error.message) : String(error) };
}
