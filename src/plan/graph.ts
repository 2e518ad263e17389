/** References between stages -> a graph without cycles. */
import { stageMeant } from '../config/advice/parameters.ts';
import type { LocatedPipeline } from '../config/pipeline.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import type { OutputKind, StageType } from '../core/stage-type.ts';
import { suggest } from '../core/suggest.ts';

export interface GraphStage {
  readonly name: string;
  readonly type: StageType;
  /** The stages that this one refers to, by the setting that names them. */
  readonly inputs: Readonly<Record<string, string>>;
}

export interface GraphResult {
  /** Stages with valid references, each after everything it needs; otherwise in the order of the file. */
  readonly stages: readonly GraphStage[];
  readonly diagnostics: readonly Diagnostic[];
}

const KIND_NAMES: Readonly<Record<OutputKind, string>> = {
  images: 'images',
  model: 'an untrained model',
  'trained-model': 'a trained model',
  vectors: 'vectors',
  metrics: 'metrics',
  scores: 'scores of images',
  figure: 'a figure',
};

/** Resolves the references of all stages and orders the stages. A stage with a bad reference is left out. */
export function buildGraph(located: LocatedPipeline): GraphResult {
  const diagnostics: Diagnostic[] = [];
  const nodes = new Map<string, GraphStage>();
  for (const [name, settings] of located.pipeline.stages) {
    const type = located.stageTypes.get(settings.type);
    if (type === undefined) continue;
    const found = resolveInputs(located, name, type);
    diagnostics.push(...found.diagnostics);
    if (found.inputs !== undefined) nodes.set(name, { name, type, inputs: found.inputs });
  }
  const cycles = findCycles(nodes);
  for (const cycle of cycles) diagnostics.push(cycleDiagnostic(located, nodes, cycle));
  const inCycle = new Set(cycles.flat());
  return { stages: order(nodes, inCycle), diagnostics };
}

function resolveInputs(
  located: LocatedPipeline,
  name: string,
  type: StageType,
): { readonly inputs?: Record<string, string>; readonly diagnostics: readonly Diagnostic[] } {
  const settings = located.pipeline.stages.get(name);
  const diagnostics: Diagnostic[] = [];
  const inputs: Record<string, string> = {};
  let isComplete = true;
  for (const [key, port] of Object.entries(type.inputs)) {
    const target = settings?.[key];
    if (typeof target !== 'string') continue;
    const other = located.pipeline.stages.get(target);
    if (located.invalidStages.has(target)) {
      // The problems of that stage are already reported.
      isComplete = false;
      continue;
    }
    if (other === undefined) {
      const range = located.locate(['stages', name, key], 'value');
      const candidates = stagesOfKinds(located, port.accepts).filter((candidate) => candidate !== name);
      const near =
        stageMeant(target, candidates) ??
        suggest(target, candidates) ??
        suggest(target, [...located.pipeline.stages.keys()]);
      const removal = located.removedStages.get(target);
      diagnostics.push({
        code: 'unknown-stage',
        severity: 'error',
        message: `\`${key}\` names the stage \`${target}\`, which ${removal === undefined ? 'does not exist' : 'is removed'}`,
        range,
        hint: near === undefined ? stagesFor(located, candidates, port.accepts) : `did you mean \`${near}\`?`,
        ...(near === undefined || removal !== undefined ? {} : { edits: [{ range, text: near }] }),
        ...(removal === undefined ? {} : { related: [{ message: 'by this `null`', range: removal }] }),
      });
      continue;
    }
    const kind = located.stageTypes.get(other.type)?.outputs;
    if (kind === undefined) continue;
    if (!port.accepts.includes(kind)) {
      diagnostics.push({
        code: 'wrong-stage-kind',
        severity: 'error',
        message:
          `\`${key}\` needs ${port.accepts.map((accepted) => KIND_NAMES[accepted]).join(' or ')}, ` +
          `but \`${target}\` is a stage of type \`${other.type}\` and produces ${KIND_NAMES[kind]}`,
        range: located.locate(['stages', name, key], 'value'),
        hint: stagesFor(located, stagesOfKinds(located, port.accepts), port.accepts),
        related: [
          {
            message: `\`${target}\` is defined here`,
            range: located.locate(['stages', target], 'key'),
          },
        ],
      });
      continue;
    }
    inputs[key] = target;
  }
  return isComplete && diagnostics.length === 0 ? { inputs, diagnostics } : { diagnostics };
}

function stagesOfKinds(located: LocatedPipeline, kinds: readonly OutputKind[]): readonly string[] {
  return [...located.pipeline.stages].flatMap(([name, settings]) => {
    const kind = located.stageTypes.get(settings.type)?.outputs;
    return kind !== undefined && kinds.includes(kind) ? [name] : [];
  });
}

function stagesFor(
  { invalidStages }: LocatedPipeline,
  names: readonly string[],
  kinds: readonly OutputKind[],
): string {
  const wanted = kinds.map((kind) => KIND_NAMES[kind]).join(' or ');
  // A stage with mistakes may be meant.
  const others = invalidStages.size === 0 ? '' : 'correct the stages that have mistakes, or ';
  if (names.length === 0) return `the pipeline has no stage that produces ${wanted}: ${others}add one`;
  return `stages that produce ${wanted}: ${names.map((name) => `\`${name}\``).join(', ')}`;
}

/** Every cycle once, as a list of stage names. Depth-first search with the path as the stack. */
function findCycles(nodes: ReadonlyMap<string, GraphStage>): readonly (readonly string[])[] {
  const cycles: string[][] = [];
  const finished = new Set<string>();
  const visit = (name: string, path: readonly string[]): void => {
    const start = path.indexOf(name);
    if (start >= 0) {
      cycles.push(path.slice(start));
      return;
    }
    const node = nodes.get(name);
    if (node === undefined || finished.has(name)) return;
    for (const input of new Set(Object.values(node.inputs))) visit(input, [...path, name]);
    finished.add(name);
  };
  for (const name of nodes.keys()) visit(name, []);
  return cycles;
}

function cycleDiagnostic(
  located: LocatedPipeline,
  nodes: ReadonlyMap<string, GraphStage>,
  cycle: readonly string[],
): Diagnostic {
  const links = cycle.map((name, index) => {
    const next = cycle[(index + 1) % cycle.length] ?? name;
    const key =
      Object.entries(nodes.get(name)?.inputs ?? {}).find(([, target]) => target === next)?.[0] ?? '';
    return {
      message: `\`${name}\` needs \`${next}\``,
      range: located.locate(['stages', name, key], 'value'),
    };
  });
  const [first, ...others] = links;
  return {
    code: 'stage-cycle',
    severity: 'error',
    message: `stages depend on each other in a circle: ${[...cycle, cycle[0]].map((name) => `\`${name}\``).join(' -> ')}`,
    ...(first === undefined ? {} : { range: first.range }),
    hint: 'let one of them refer to another stage',
    related: others,
  };
}

/**
 * Each stage after those it needs, otherwise in the order of the file. Stages in cycles, and those that need them, are left out.
 */
function order(nodes: ReadonlyMap<string, GraphStage>, inCycle: ReadonlySet<string>): readonly GraphStage[] {
  const placed = new Map<string, boolean>();
  const result: GraphStage[] = [];
  const place = (name: string): boolean => {
    const known = placed.get(name);
    if (known !== undefined) return known;
    const node = nodes.get(name);
    placed.set(name, false);
    if (node === undefined || inCycle.has(name)) return false;
    if (!Object.values(node.inputs).every(place)) return false;
    placed.set(name, true);
    result.push(node);
    return true;
  };
  for (const name of nodes.keys()) place(name);
  return result;
}

/** The targets and everything that they need; all stages if there are no targets. */
export function neededFor(stages: readonly GraphStage[], targets: readonly string[]): ReadonlySet<string> {
  const wanted = new Set(targets.length === 0 ? stages.map((stage) => stage.name) : targets);
  // Backwards: a stage comes after everything it needs.
  for (const stage of [...stages].reverse()) {
    if (wanted.has(stage.name)) for (const input of Object.values(stage.inputs)) wanted.add(input);
  }
  return wanted;
}
