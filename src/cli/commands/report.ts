import { readFile } from 'node:fs/promises';
import { basename, extname, join, relative, resolve } from 'node:path';
import { exists } from '../../files/atomic.ts';
import { Workspace, workspacesIn } from '../../artifacts/workspace.ts';
import { failure } from '../../core/diagnostic.ts';
import { writeReport } from '../../report/write.ts';
import { storeOf } from '../../run/plan.ts';
import { isAnother } from '../../run/source.ts';
import { sweepPage, writeSweepPage } from '../../sweep/page.ts';
import type { SweepRecord } from '../../sweep/record.ts';
import { readSweepNow } from '../../sweep/slurm/collect.ts';
import { trialPage, writeTrialPage } from '../../sweep/trial-pages.ts';
import { EXIT } from '../exit.ts';
import { callWords, commandLine } from '../program.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { otherOutputs, outputsName } from './outputs.ts';

export interface ReportOptions {
  /** The name of a pipeline, or its file. */
  readonly pipeline: string;
  readonly outputs: string;
  readonly open: boolean;
  /** Of a sweep: the number of a trial, or the name of its folder. */
  readonly trial?: string;
}

/** `hourglass report` */
export async function report(terminal: Terminal, options: ReportOptions): Promise<number> {
  const { pipeline } = options;
  const outputs = resolve(options.outputs);
  const name = await outputsName(pipeline);
  const present = (await workspacesIn(outputs)).map(({ folder }) => basename(folder));
  if (!present.includes(name)) {
    const isFile = ['.yaml', '.yml'].includes(extname(pipeline));
    throw failure(
      'no-run',
      `there are no outputs of a pipeline \`${name}\` in \`${options.outputs}\``,
      isFile ? `run it first: \`${commandLine(callWords('run', options))}\`` : otherOutputs(name, present),
    );
  }
  const workspace = join(outputs, name);
  const show = (path: string): void => terminal.result(relative(process.cwd(), path) || path);
  const sweep = await readSweepNow(workspace, storeOf(outputs));
  const page = sweepPage(workspace);
  if (options.trial !== undefined) {
    const written = await trialReport(workspace, sweep, options.trial);
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
  const { path, report: shown } = await writeReport(workspace);
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

/** Writes the page of one trial again. */
async function trialReport(
  workspace: string,
  sweep: SweepRecord | undefined,
  wanted: string,
): Promise<string> {
  const name = basename(workspace);
  if (sweep === undefined) throw failure('no-run', `\`${name}\` has no results of a sweep`);
  const place = sweep.trials.findIndex(
    ({ id }, index) => id === wanted || `${index + 1}` === wanted.replace(/^#/, ''),
  );
  const trial = sweep.trials[place];
  if (trial === undefined) {
    const count = sweep.trials.length;
    throw failure(
      'usage',
      `the sweep has no trial \`${wanted}\``,
      `its trials have the numbers 1 to ${count}`,
    );
  }
  await writeTrialPage(workspace, sweep.pipeline, { id: trial.id, number: place + 1 });
  return join(workspace, trialPage(trial.id));
}

/** Where a pipeline file is not what was run: another file of the same name was, or it was edited. */
async function noteOn(workspace: string, pipeline: string, source: string): Promise<string | undefined> {
  const text = await readFile(pipeline, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  const recorded = (await new Workspace(workspace).readRun())?.source;
  const made = typeof recorded === 'string' ? resolve(workspace, recorded) : resolve(pipeline);
  if (await isAnother(made, resolve(pipeline))) {
    return `${relative(process.cwd(), made)}, which has the same name, made these outputs, and not ${pipeline}`;
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
