import { join, resolve } from 'node:path';
import { pathFromHere } from '../../core/path.ts';
import { failure } from '../../core/diagnostic.ts';
import { markIgnored } from '../../files/marks.ts';
import { parseRunName, pastRun } from '../../history/find.ts';
import { availabilityOf, restoreRun } from '../../history/restore.ts';
import { writeReport } from '../../report/write.ts';
import { storeOf } from '../../run/plan.ts';
import { lockOutputs } from '../../sweep/slurm/held.ts';
import { EXIT } from '../exit.ts';
import { commandLine } from '../program.ts';
import { formatPlural, printable } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface RestoreOptions {
  /** `NAME@NUMBER` */
  readonly run: string;
  readonly outputs: string;
}

/** `hourglass restore` */
export async function restore(terminal: Terminal, options: RestoreOptions): Promise<number> {
  const outputs = resolve(options.outputs);
  const { name, run: number } = parseRunName(options.run);
  if (number === undefined)
    throw failure(
      'usage',
      `\`${options.run}\` is not a run`,
      `name it as in \`${commandLine(['restore', 'quickstart@2'])}\`; \`hourglass runs\` lists the runs of a pipeline`,
    );
  const store = storeOf(outputs);
  const run = await pastRun(name, number, { outputs, store });
  const folder = join(outputs, name);
  const locks = await lockOutputs(outputs, [name]);
  let moved: readonly string[];
  try {
    const { entries, missing, total } = await availabilityOf(run, store, true);
    if (missing.length > 0)
      throw failure(
        'no-run',
        `the cache no longer has ${missing.length} of the ${formatPlural(total, 'result')} of \`${options.run}\`: ${missing.join(', ')}`,
        `nothing was changed. To compute them again, with the pipeline file as it was then: \`${commandLine(run.command)}\``,
      );
    await markIgnored(outputs);
    moved = await restoreRun(run, entries, { folder, check: locks.check });
    await writeReport(folder, { models: 'small' });
  } finally {
    await locks.release();
  }
  if (terminal.options.json) {
    terminal.result(JSON.stringify({ status: 'done', workspace: folder, run: number, moved }, null, 2));
    return EXIT.done;
  }
  terminal.result(
    `${pathFromHere(folder)}/ shows run ${number} again: ${formatPlural(Object.keys(run.record.stages).length, 'stage')}`,
  );
  for (const path of moved)
    terminal.note(`a file of your own was in the way: it is now \`${printable(path)}\``);
  if (!terminal.options.quiet)
    terminal.note('The pipeline file is as it was: `plan` says how it differs from these results.');
  return EXIT.done;
}
