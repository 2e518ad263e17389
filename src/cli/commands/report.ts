import { readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { pathFromHere } from '../../core/path.ts';
import { exists } from '../../files/atomic.ts';
import { Workspace, workspacesIn } from '../../artifacts/workspace.ts';
import { failure } from '../../core/diagnostic.ts';
import type { ModelsInPage } from '../../report/read.ts';
import { writeReport } from '../../report/write.ts';
import { storeOf } from '../../run/plan.ts';
import { isAnother } from '../../run/source.ts';
import { sweepPage, writeSweepPage } from '../../sweep/page.ts';
import type { SweepRecord } from '../../sweep/record.ts';
import { readSweepNow } from '../../sweep/now.ts';
import { trialsFolder } from '../../sweep/plan.ts';
import { trialPage, writeTrialPage } from '../../sweep/trial-pages.ts';
import { EXIT } from '../exit.ts';
import { callWords, commandLine } from '../program.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { isPipelineFile, otherOutputs, outputsName } from './outputs.ts';

export interface ReportOptions {
  /** The name of a pipeline, or its file. */
  readonly pipeline: string;
  readonly outputs: string;
  readonly open: boolean;
  /** Whether the page also has models that make it large. */
  readonly allModels: boolean;
  /** For a sweep: the number of a trial, or the name of its folder. */
  readonly trial?: string;
}

/** `hourglass report` */
export async function report(terminal: Terminal, options: ReportOptions): Promise<number> {
  const { pipeline } = options;
  const models = options.allModels ? 'all' : 'small';
  const outputs = resolve(options.outputs);
  const name = await outputsName(pipeline);
  const present = (await workspacesIn(outputs)).map(({ folder }) => basename(folder));
  if (!present.includes(name)) {
    throw failure(
      'no-run',
      `there are no outputs of a pipeline \`${name}\` in \`${options.outputs}\``,
      isPipelineFile(pipeline)
        ? `run it first: \`${commandLine(callWords('run', options))}\``
        : otherOutputs(name, present),
    );
  }
  const workspace = join(outputs, name);
  const show = (path: string): void => terminal.result(pathFromHere(path));
  const sweep = await readSweepNow(workspace, storeOf(outputs));
  const page = sweepPage(workspace);
  if (options.trial !== undefined) {
    const resume = resumeCommand(sweep, options);
    const written = await trialReport(workspace, sweep, { wanted: options.trial, resume, models });
    if (terminal.options.json)
      terminal.result(JSON.stringify({ status: 'done', report: written, unshown: [] }, null, 2));
    else show(written);
    if (options.open) await openInBrowser(terminal, written);
    return EXIT.done;
  }
  if (sweep !== undefined) await writeSweepPage(workspace, sweep);
  if (sweep !== undefined && !(await exists(join(workspace, 'run.json')))) {
    if (terminal.options.json)
      terminal.result(JSON.stringify({ status: 'done', report: page, unshown: [] }, null, 2));
    else show(page);
    if (options.open) await openInBrowser(terminal, page);
    return EXIT.done;
  }
  const { path, report: shown } = await writeReport(workspace, { models });
  const damaged = shown.stages.flatMap((stage) =>
    stage.exhibits.flatMap((exhibit) =>
      exhibit.kind === 'unshown' ? [`${stage.name}/${exhibit.path}: ${exhibit.reason}`] : [],
    ),
  );
  const note = await noteOn(workspace, pipeline, shown.sources[0]?.text ?? '');
  if (terminal.options.json) {
    terminal.result(JSON.stringify({ status: 'done', report: path, unshown: damaged }, null, 2));
  } else {
    for (const line of damaged) terminal.note(`not shown: ${line}`);
    if (note !== undefined) terminal.note(note);
    if (sweep !== undefined) show(page);
    show(path);
  }
  if (options.open) await openInBrowser(terminal, path);
  return EXIT.done;
}

/** The command that starts the sweep again with the same options. */
function resumeCommand(sweep: SweepRecord | undefined, { pipeline, outputs }: ReportOptions): string {
  const { overrides: set = [], over = [], metricArgument: metric } = sweep ?? {};
  return commandLine(
    callWords('sweep', {
      pipeline: isPipelineFile(pipeline) ? pipeline : 'FILE',
      outputs,
      set,
      over,
      metric,
    }),
  );
}

/** Writes the page of one trial again. */
async function trialReport(
  workspace: string,
  sweep: SweepRecord | undefined,
  {
    wanted,
    resume,
    models,
  }: { readonly wanted: string; readonly resume: string; readonly models: ModelsInPage },
): Promise<string> {
  const name = basename(workspace);
  if (sweep === undefined)
    throw failure('no-run', `\`${name}\` has no results of a sweep`, `\`${resume}\` makes some`);
  const place = sweep.trials.findIndex(
    ({ id }, index) => id === wanted || `${index + 1}` === wanted.replace(/^#/, ''),
  );
  const trial = sweep.trials[place];
  if (trial === undefined)
    throw failure('usage', `the sweep has no trial \`${wanted}\``, trialsHint(sweep, resume));
  const folder = join(trialsFolder(workspace), trial.id);
  if ((await new Workspace(folder).readRun()) === undefined) {
    const number = `trial #${place + 1}`;
    throw trial.state === 'failed'
      ? failure('no-run', `${number} failed before it started: ${trial.problem ?? 'reason unknown'}`)
      : failure('no-run', `${number} has not started`, `\`${resume}\` runs it`);
  }
  await writeTrialPage(workspace, sweep.pipeline, { id: trial.id, number: place + 1, models });
  return join(workspace, trialPage(trial.id));
}

/** Lists the trials, and why there are no others. */
function trialsHint({ trials, sweep, search, status }: SweepRecord, resume: string): string {
  const known = trials.length === 1 ? 'its only trial is #1' : `its trials are #1 to #${trials.length}`;
  const isOpen = status === 'running' || status === 'interrupted';
  if (search !== undefined && isOpen) return `${known} so far; \`${resume}\` chooses more`;
  const cap = sweep.run_cap === undefined ? '' : ` (\`run_cap: ${sweep.run_cap}\`)`;
  return `${known}${cap}; outputs of trials that are no longer in the sweep are removed; if the trials return, they come from the cache`;
}

/** A note if the pipeline file is not what was run: another file has the same name, or it was edited. */
async function noteOn(workspace: string, pipeline: string, source: string): Promise<string | undefined> {
  const text = await readFile(pipeline, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const recorded = (await new Workspace(workspace).readRun())?.source;
  const made = typeof recorded === 'string' ? resolve(workspace, recorded) : resolve(pipeline);
  if (await isAnother(made, resolve(pipeline))) {
    return `${pathFromHere(made)}, which has the same name, wrote these outputs, not ${pipeline}`;
  }
  if (text.replace(/^\ufeff/, '') === source) return undefined;
  return `${pipeline} has changed since; the report shows it as it was run`;
}

async function openInBrowser(terminal: Terminal, path: string): Promise<void> {
  const { default: open } = await import('open');
  try {
    await open(path);
  } catch {
    terminal.note('no browser could be started: open the file yourself');
  }
}
