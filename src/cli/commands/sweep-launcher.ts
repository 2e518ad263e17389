/** Chooses the launcher of a sweep, by the command line or the `launcher` block of the pipeline. */
import { createInterface } from 'node:readline/promises';
import { isArgument } from '../../config/located.ts';
import type { LocatedPipeline } from '../../config/pipeline.ts';
import { failure, type SourceFile } from '../../core/diagnostic.ts';
import type { Launcher } from '../../sweep/launcher.ts';
import { localLauncher } from '../../sweep/local.ts';
import { slurmLauncher } from '../../sweep/slurm/launcher.ts';
import type { SweepFlags } from '../options.ts';

/** @throws Failure `bad-setting` for options of another launcher */
export function launcherOf(
  located: LocatedPipeline,
  sources: readonly SourceFile[],
  flags: SweepFlags,
): Launcher {
  const block = located.pipeline.sweep?.launcher;
  const kind = flags.on ?? block?.kind ?? 'local';
  const given = {
    partition: flags.partition,
    account: flags.account,
    time: flags.time,
    memory: flags.mem,
    cpus: flags.cpus,
    array_limit: flags.arrayLimit,
    trials_per_job: flags.trialsPerJob,
    // Commander's convention: true unless `--no-requeue` is given.
    requeue: flags.requeue === false ? false : undefined,
  };
  if (kind === 'local') {
    if (
      flags.wait === true ||
      flags.sbatchArg !== undefined ||
      Object.values(given).some((value) => value !== undefined)
    )
      throw failure('bad-setting', 'options of a batch system without a batch system', 'add `--on slurm`');
    return localLauncher;
  }
  const method = located.pipeline.sweep?.method;
  if (method === 'halving' || method === 'bayes')
    throw failure(
      'bad-setting',
      `\`method: ${method}\` chooses trials by results and cannot run as a job array`,
      `run it in one job: \`sbatch --cpus-per-task 4 --wrap "hourglass sweep ${located.file} --on local"\``,
    );
  const own = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return slurmLauncher({
    pipeline: {
      directory: process.cwd(),
      file: located.file,
      sources: sources.filter(({ name }) => !isArgument(name)),
      overrides: located.overrides,
      over: flags.over,
      metric: flags.metric,
      allowPlugins: flags.allowPlugins === true,
    },
    settings: { ...block, ...own },
    sbatchArgs: flags.sbatchArg ?? [],
    wait: flags.wait === true,
    asksToCancel,
  });
}

/** Asks on a terminal. Elsewhere the jobs continue, since nobody asked to cancel them. */
async function asksToCancel(): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return false;
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  // After a second Ctrl-C or the end of the input, the jobs continue, too.
  const ended = new Promise<string>(
    (give) => void terminal.on('SIGINT', () => give('')).on('close', () => give('')),
  );
  try {
    const answer = await Promise.race([
      terminal.question('Cancel the jobs, too? Otherwise they continue. [y/N] '),
      ended,
    ]);
    return /^\s*y(es)?\s*$/i.test(answer);
  } finally {
    terminal.close();
  }
}
