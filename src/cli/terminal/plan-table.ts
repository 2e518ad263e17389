/** A plan as a table, or as a Mermaid graph. */
import type { Json } from '../../core/json.ts';
import type { Change, Plan, PlannedStage, Reason } from '../../plan/plan.ts';
import { unreachable } from '../../core/diagnostic.ts';
import { formatCounts, table } from './format.ts';
import type { Style } from './style.ts';

/** What would run, and why. */
export function renderPlan(plan: Plan, style: Style): string {
  const rows = plan.stages.map((stage) => [
    stage.action === 'run' ? 'run' : 'cached',
    stage.name,
    stage.type,
    explain(stage.reason),
  ]);
  const lines = table([['', 'stage', 'type', 'why'], ...rows]).map((line, index) => {
    if (index === 0) return style('dim', line);
    return plan.stages[index - 1]?.action === 'run' ? style('bold', line) : style('dim', line);
  });
  const running = plan.stages.filter(({ action }) => action === 'run').length;
  const cached = plan.stages.length - running;
  const summary =
    running === 0
      ? 'nothing to do'
      : `${formatCounts([[running, 'stage']])} to run${cached === 0 ? '' : `, ${cached} from the cache`}`;
  return [...lines, '', summary].join('\n');
}

/** Why a stage runs or does not, in a few words. */
export function explain(reason: Reason): string {
  switch (reason.kind) {
    case 'unchanged':
      return 'unchanged';
    case 'restored':
      return reason.changes.length === 0
        ? 'known from an earlier run'
        : `known from an earlier run: ${list(reason.changes)}`;
    case 'never-ran':
      return 'never ran';
    case 'changed':
      return list(reason.changes);
    case 'inputs-changed':
      return `needs ${reason.stages.join(', ')}`;
    case 'not-in-cache':
      return 'its result is no longer in the cache';
    case 'forced':
      return 'forced';
    default:
      return unreachable(reason);
  }
}

function list(changes: readonly Change[]): string {
  const shown = changes.slice(0, 3).map(describeChange);
  return changes.length > 3 ? `${shown.join('; ')}; and ${changes.length - 3} more` : shown.join('; ');
}

/** `params.latent_size 8 -> 16 (mnist.yaml:12)` */
function describeChange({ path, before, after, range }: Change): string {
  const where = range === undefined ? '' : ` (${range.file}:${range.start.line})`;
  if (before === undefined) return `${path} ${short(after)} is new${where}`;
  if (after === undefined) return `${path} ${short(before)} is gone`;
  return `${path} ${short(before)} -> ${short(after)}${where}`;
}

function short(value: Json | undefined): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}

/** The graph for a Markdown page: stages that run are drawn bold. */
export function renderMermaid(plan: Plan): string {
  const index = new Map(plan.stages.map((stage, position) => [stage.name, position]));
  const nodes = plan.stages.map(
    (stage, position) => `  s${position}["${stage.name}<br/><small>${stage.type}</small>"]`,
  );
  const edges = plan.stages.flatMap((stage, position) =>
    [...new Set(Object.values(stage.inputs))].map((input) => `  s${index.get(input) ?? 0} --> s${position}`),
  );
  const running = plan.stages.flatMap((stage, position) => (isRun(stage) ? [`s${position}`] : []));
  const marks =
    running.length === 0 ? [] : ['  classDef run stroke-width:3px', `  class ${running.join(',')} run`];
  return ['flowchart LR', ...nodes, ...edges, ...marks].join('\n');
}

function isRun(stage: PlannedStage): boolean {
  return stage.action === 'run';
}
