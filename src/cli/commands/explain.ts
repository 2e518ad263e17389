import type { LocatedPipeline } from '../../config/pipeline.ts';
import { failure, isError, type Diagnostic } from '../../core/diagnostic.ts';
import { deriveSeed } from '../../core/seed.ts';
import type { EngineChoice } from '../../engine/engine.ts';
import { explain as explainProgram, type Explained } from '../../engine/explain.ts';
import { costOfProgram } from '../../engine/program/cost.ts';
import type { Program } from '../../engine/program/program.ts';
import { MIN_COMPILED_ROWS } from '../../engine/train/rows.ts';
import { loadForTracing } from '../../engine/trace/load.ts';
import type { NodeDefinition, StageProgram } from '../../nodes/contract.ts';
import { builtinNodes } from '../../nodes/registry.ts';
import { checkTargets } from '../../plan/make.ts';
import { EXIT } from '../exit.ts';
import { diagnosticToJson } from '../terminal/diagnostics.ts';
import { formatBytes, formatCount, formatOperations, formatPlural } from '../terminal/format.ts';
import { programToJson } from '../terminal/program-json.ts';
import { countOf, describeSize, renderLargest, renderProgram } from '../terminal/program-text.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { loadChecked, printProblems, type PipelineOptions } from './load.ts';

export interface ExplainOptions extends PipelineOptions {
  readonly pipeline: string;
  /** By default the only stage that trains. */
  readonly stage?: string;
  readonly engine: EngineChoice;
  readonly passes?: boolean;
  readonly validation?: boolean;
}

/** `hourglass explain` */
export async function explain(terminal: Terminal, options: ExplainOptions): Promise<number> {
  const { located, diagnostics, sources } = await loadChecked(options.pipeline, { ...options, files: false });
  if (located === undefined) return printProblems(terminal, diagnostics, sources);
  const stage = options.stage ?? onlyTraining(located);
  const problems = [...checkTargets(located, [stage]), ...checkExplainable(located, stage)];
  if (problems.some(isError)) return printProblems(terminal, problems, sources);
  const traced = await traceStage(located, stage, options.validation === true);
  const explained = await explainProgram(traced.program, options.engine, traced.compile);
  if (terminal.options.json) {
    terminal.result(JSON.stringify(toJson(stage, traced, explained, diagnostics, options), null, 2));
    return EXIT.done;
  }
  const { title, program } = traced;
  const style = terminal.resultStyle;
  const isWhole = options.passes !== true;
  const head = [
    style('bold', `${stage}: ${title}`),
    style('dim', describeMode(explained, traced.compile !== undefined)),
    style('dim', `# ${isWhole && explained.mode !== 'eager' ? LEGENDS[explained.mode] : COSTS}`),
  ];
  const body = isWhole ? whole(terminal, explained) : passes(terminal, program, explained);
  terminal.result([...head, '', ...body].join('\n'));
  if (located.pipeline.sweep !== undefined && !terminal.options.quiet)
    terminal.note('\nThe pipeline has a sweep: these are the values without it. `-S` sets others.');
  return EXIT.done;
}

/** Describes the notes at the ends of lines. */
const COSTS = 'operations, bytes read and written';
const LEGENDS = {
  xla: `${COSTS}, and what computes it: a kernel of Hourglass, or XLA`,
  webassembly: `${COSTS}, and the kernel that computes it`,
};

function onlyTraining({ pipeline: { stages } }: LocatedPipeline): string {
  const training = [...stages].filter(([, { type }]) => type === 'train').map(([name]) => name);
  const [only, ...more] = training;
  if (only !== undefined && more.length === 0) return only;
  throw failure(
    'usage',
    only === undefined ? 'no stage of the pipeline trains' : 'several stages train: name one',
    only === undefined
      ? `\`explain\` shows stages of the types ${quoted(explainableTypes())}`
      : `its stages that train: ${training.join(', ')}`,
  );
}

function explainableTypes(): readonly string[] {
  return [...builtinNodes.values()].filter(({ trace }) => trace !== undefined).map(({ type }) => type);
}

/** Only stages that run batches through a model have a program. */
function checkExplainable({ pipeline, locate }: LocatedPipeline, stage: string): readonly Diagnostic[] {
  const type = pipeline.stages.get(stage)?.type;
  if (type === undefined || traceOf(type) !== undefined) return [];
  const others = [...pipeline.stages].filter(([, other]) => traceOf(other.type) !== undefined);
  return [
    {
      code: 'wrong-stage-kind',
      severity: 'error',
      message: `\`${stage}\` is a stage of type \`${type}\`, which has no program`,
      range: locate(['stages', stage], 'key'),
      hint:
        others.length === 0
          ? `\`explain\` shows stages of the types ${quoted(explainableTypes())}`
          : `stages with a program: ${others.map(([name]) => name).join(', ')}`,
    },
  ];
}

function quoted(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(', ');
}

function traceOf(type: string): NodeDefinition['trace'] {
  return builtinNodes.get(type)?.trace;
}

async function traceStage(
  { pipeline: { stages, seed } }: LocatedPipeline,
  stage: string,
  isValidation: boolean,
): Promise<StageProgram> {
  const settings = stages.get(stage);
  const trace = traceOf(settings?.type ?? '');
  if (settings === undefined || trace === undefined) throw new TypeError(`${stage} has no program`);
  return trace(
    {
      tf: await loadForTracing(),
      stage,
      settings,
      stages,
      seed: (purpose) => deriveSeed(seed, stage, purpose),
    },
    isValidation ? 'validation' : undefined,
  );
}

/** How the program runs, in a sentence. Training is compiled for any number of images. */
function describeMode({ mode, engine, fallbackReason }: Explained, isTraining: boolean): string {
  const where = `${engine.version}, ${engine.platform}`;
  const why = fallbackReason === undefined ? '' : `; ${fallbackReason}`;
  const few = `; fewer than ${formatCount(MIN_COMPILED_ROWS)} images are ${MODES.eager}`;
  return `${MODES[mode]} (${where})${why}${mode === 'xla' && !isTraining ? few : ''}`;
}

const MODES: Readonly<Record<Explained['mode'], string>> = {
  xla: "compiled by XLA, with Hourglass's kernels",
  webassembly: "run by Hourglass's kernels in WebAssembly",
  eager: 'run by TensorFlow, one operation at a time',
};

/** The program, its total cost, and the most expensive instructions. */
function whole(terminal: Terminal, { program, targetOf }: Explained): readonly string[] {
  const style = terminal.resultStyle;
  const total = costOfProgram(program);
  return [
    renderProgram(program, { ...textOptions(terminal), targetOf }),
    '',
    `${style('bold', 'total')}: ${[
      formatPlural(countOf(program), 'instruction'),
      formatOperations(total.operations),
      `${formatBytes(total.read)} read`,
      `${formatBytes(total.written)} written`,
    ].join(', ')}`,
    '',
    renderLargest(program, total, style),
  ];
}

/** The program as traced, and after each pass that changed it. */
function passes(terminal: Terminal, traced: Program, { passes: made }: Explained): readonly string[] {
  const style = terminal.resultStyle;
  const options = { ...textOptions(terminal), targetOf: () => undefined };
  let before = traced;
  const parts = made.flatMap(({ name, program }) => {
    const counts = `${countOf(before)} -> ${describeSize(program, costOfProgram(program))}`;
    before = program;
    return [
      '',
      style('bold', `after ${name}: ${counts}`),
      '',
      renderProgram(program, { ...options, parameters: false }),
    ];
  });
  return [
    style('bold', `as traced: ${describeSize(traced, costOfProgram(traced))}`),
    '',
    renderProgram(traced, options),
    ...parts,
  ];
}

function textOptions({ interactive, columns, options, resultStyle }: Terminal) {
  return { full: options.verbose, columns: interactive ? columns() : Infinity, style: resultStyle };
}

function toJson(
  stage: string,
  { title, program: traced }: StageProgram,
  { mode, engine, fallbackReason, program, passes: made, targetOf }: Explained,
  diagnostics: readonly Diagnostic[],
  options: ExplainOptions,
) {
  const none = (): undefined => undefined;
  const withTotal = (each: Program, target: Explained['targetOf']) => ({
    total: costOfProgram(each),
    program: programToJson(each, target),
  });
  return {
    status: 'done',
    stage,
    title,
    mode,
    ...(fallbackReason === undefined ? {} : { fallbackReason }),
    engine,
    ...withTotal(program, targetOf),
    ...(options.passes === true
      ? {
          passes: [
            { name: 'trace', ...withTotal(traced, none) },
            ...made.map(({ name, program: each }) => ({ name, ...withTotal(each, none) })),
          ],
        }
      : {}),
    diagnostics: diagnostics.map(diagnosticToJson),
  };
}
