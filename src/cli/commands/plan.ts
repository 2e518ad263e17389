import { resolve } from 'node:path';
import type { EngineChoice } from '../../engine/engine.ts';
import { planPipeline, workspaceOf } from '../../run/plan.ts';
import { otherVersion } from '../../run/other-version.ts';
import { otherSources } from '../../run/source.ts';
import { EXIT } from '../exit.ts';
import { callWords, commandLine } from '../program.ts';
import { diagnosticToJson, renderDiagnostics } from '../terminal/diagnostics.ts';
import { renderMermaid } from '../terminal/mermaid.ts';
import { renderPlan } from '../terminal/plan-table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { loadChecked, printProblems, type PipelineOptions } from './load.ts';

export interface PlanCommandOptions extends PipelineOptions {
  readonly pipeline: string;
  readonly stages: readonly string[];
  readonly outputs: string;
  readonly engine: EngineChoice;
  readonly force?: boolean;
  readonly mermaid?: boolean;
}

/** `hourglass plan`, and `hourglass run --dry-run` */
export async function plan(terminal: Terminal, options: PlanCommandOptions): Promise<number> {
  const { located, diagnostics, sources } = await loadChecked(options.pipeline, {
    ...options,
    targets: options.stages,
  });
  if (located === undefined) return printProblems(terminal, diagnostics, sources);
  const planned = await planPipeline(located, {
    outputs: resolve(options.outputs),
    targets: options.stages,
    force: options.force === true,
    engine: options.engine,
  });
  if (planned.plan === undefined) return printProblems(terminal, planned.diagnostics, sources);
  const workspace = workspaceOf(located, resolve(options.outputs));
  const warnings = [
    ...diagnostics,
    ...(await otherSources(located, workspace)),
    ...(await otherVersion(workspace)),
  ];
  if (terminal.options.json) {
    const stages = planned.plan.stages.map(
      ({ name, type, inputs, action, reason, resume, downloads, hash }) => ({
        name,
        type,
        inputs,
        action,
        reason,
        ...(resume?.epoch === undefined ? {} : { resume: { epoch: resume.epoch } }),
        ...(downloads === undefined ? {} : { downloads }),
        hash,
      }),
    );
    terminal.result(
      JSON.stringify({ status: 'planned', stages, diagnostics: warnings.map(diagnosticToJson) }, null, 2),
    );
    return EXIT.done;
  }
  if (warnings.length > 0) terminal.note(`${renderDiagnostics(warnings, sources, terminal.noteStyle)}\n`);
  terminal.result(
    options.mermaid === true ? renderMermaid(planned.plan) : renderPlan(planned.plan, terminal.resultStyle),
  );
  if (located.pipeline.sweep !== undefined && !terminal.options.quiet) {
    const list = commandLine([...callWords('sweep', options), '--dry-run']);
    terminal.note(`\nThis is one run with the values of the file. The trials of its sweep: \`${list}\``);
  }
  return EXIT.done;
}
