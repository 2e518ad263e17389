import { failure } from '../../core/diagnostic.ts';
import { parseRunName } from '../../history/find.ts';
import type { PipelineFlags } from '../options.ts';
import { commandLine } from '../program.ts';
import type { Terminal } from '../terminal/terminal.ts';

export interface CompareOptions extends PipelineFlags {
  /** One pipeline, whose trials are compared; or several runs. */
  readonly runs: readonly string[];
  readonly outputs: string;
  /** For trials: a parameter, or `stage.metric`. */
  readonly sort?: string;
  readonly csv?: boolean;
  /** For runs: the page to write. */
  readonly page?: string;
}

/** `hourglass compare` */
export async function compare(terminal: Terminal, options: CompareOptions): Promise<number> {
  const { runs, sort, csv, page } = options;
  const [only = '', ...others] = runs;
  if (others.length > 0) {
    for (const [flag, value] of [
      ['--sort', sort],
      ['--csv', csv],
    ] as const)
      if (value !== undefined) throw failure('usage', `\`${flag}\` is for the trials of one sweep`);
    const { compareRuns } = await import('./compare-runs.ts');
    return compareRuns(terminal, options);
  }
  const { name, run, trial } = parseRunName(only);
  if (run !== undefined || trial !== undefined)
    throw failure(
      'usage',
      `\`${only}\` is one run, and there is nothing to compare it with`,
      `name another one: \`${commandLine(['compare', only, `${name}@${run === 1 ? 2 : 1}`])}\``,
    );
  if (page !== undefined) throw failure('usage', '`--page` is for several runs: a sweep has `sweep.html`');
  const { compareTrials } = await import('./compare-trials.ts');
  return compareTrials(terminal, { ...options, pipeline: only });
}
