/** A plan as a table. */
import { unreachable } from '../../core/diagnostic.ts';
import type { Json } from '../../core/json.ts';
import type { Change, Plan, Reason } from '../../plan/plan.ts';
import { shortPlace } from './diagnostics.ts';
import { formatPlural, printable, table } from './format.ts';
import type { Style } from './style.ts';

/** The stages that would run, and why. */
export function renderPlan(plan: Plan, style: Style): string {
  const rows = plan.stages.map((stage) => [
    stage.action === 'run' ? 'run' : 'cached',
    stage.name,
    stage.type,
    [
      explain(stage.reason),
      ...(stage.resume?.epoch === undefined ? [] : [`resumes after epoch ${stage.resume.epoch}`]),
      ...(stage.downloads === undefined ? [] : [`downloads ${stage.downloads.map(printable).join(', ')}`]),
    ].join('; '),
  ]);
  const lines = table([['', 'stage', 'type', 'why'], ...rows]).map((line, index) => {
    if (index === 0) return style('dim', line);
    return plan.stages[index - 1]?.action === 'run' ? style('bold', line) : style('dim', line);
  });
  return [...lines, '', summarize(plan)].join('\n');
}

function summarize({ stages }: Plan): string {
  const running = stages.filter(({ action }) => action === 'run').length;
  const cached = stages.length - running;
  if (stages.every(({ reason }) => reason.kind === 'unchanged')) return 'nothing to do';
  if (running === 0) return `nothing to run: all ${formatPlural(cached, 'stage')} from the cache`;
  return `${formatPlural(running, 'stage')} to run${cached === 0 ? '' : `, ${cached} from the cache`}`;
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
      return `uses ${reason.stages.join(', ')}, which changed`;
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

/** `params.latent_size 8 -> 16 (mnist.yaml:12)`, or `(-S)` for a value from the command line. */
function describeChange({ path, before, after, madeBy, range }: Change): string {
  if (path === 'version') {
    const maker = madeBy === undefined ? 'another version of Hourglass' : `Hourglass ${madeBy}`;
    return `${maker} made it: the version of the stage type was ${short(before)}, is ${short(after)}`;
  }
  const where = range === undefined ? '' : ` (${shortPlace(range)})`;
  if (before === undefined) return `${path} ${short(after)} was added${where}`;
  if (after === undefined) return `${path} ${short(before)} was removed`;
  return `${path} ${short(before)} -> ${short(after)}${where}`;
}

function short(value: Json | undefined): string {
  const text = printable(typeof value === 'string' ? value : JSON.stringify(value));
  return text.length > 40 ? `${text.slice(0, 39)}…` : text;
}
