/** The program texts in `docs/compiled-training.md`: the output of `hourglass explain` for the document's pipeline. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { plainStyle } from '../src/cli/terminal/style.ts';
import { countOf, describeSize, renderProgram } from '../src/cli/terminal/program-text.ts';
import { loadPipeline } from '../src/config/load.ts';
import { packageRoot } from '../src/core/package-root.ts';
import { deriveSeed } from '../src/core/seed.ts';
import { explain } from '../src/engine/explain.ts';
import { costOfProgram } from '../src/engine/program/cost.ts';
import type { Instruction, Program } from '../src/engine/program/program.ts';
import { loadForTracing } from '../src/engine/trace/load.ts';
import { kernelsOf } from '../src/engine/lowering/kernels-of.ts';
import { xlaTargetOf } from '../src/engine/xla/target-of.ts';
import { builtinNodes } from '../src/nodes/registry.ts';

export const TOUR = join(packageRoot, 'docs', 'compiled-training.md');

/** Line width of the texts. */
const COLUMNS = 110;

/**
 * `<!-- explain: WHAT /LINES/ -->` and the block below it. WHAT is `traced`, the name of a pass (the first of this name), or
 * the target that runs the program: `xla`, `webassembly`. Of the program, only lines that match are shown, each with the lines that continue it.
 */
const BLOCK = /<!-- explain: ([\w-]+)(?: \/(.+)\/)? -->\n\n?```text\n[^]*?```/g;

/** Fills all blocks of a document. Its first YAML block is the pipeline, with one `train` stage. */
export async function fillTour(document: string): Promise<string> {
  const [, pipeline] = /```yaml\n([^]*?)```/.exec(document) ?? [];
  if (pipeline === undefined) throw new Error('the document has no pipeline');
  const traced = await trace(pipeline);
  const { passes } = await explain(traced, 'native', 'auto');
  const made = [{ name: 'traced', program: traced }, ...passes];
  return document.replaceAll(BLOCK, (block: string, what: string, lines?: string) => {
    const [marker = ''] = block.split('\n', 1);
    return `${marker}\n\n\`\`\`text\n${textOf(what, made, lines)}\n\`\`\``;
  });
}

interface Made {
  readonly name: string;
  readonly program: Program;
}

function textOf(what: string, made: readonly Made[], lines: string | undefined): string {
  const target = { xla: xlaTargetOf, webassembly: kernelsOf }[what];
  const index = target === undefined ? made.findIndex(({ name }) => name === what) : made.length - 1;
  const [before, found] = [made[index - 1], made[index]];
  if (found === undefined) throw new Error(`no pass \`${what}\` changes the program`);
  const size = describeSize(found.program, costOfProgram(found.program));
  const head =
    target !== undefined
      ? []
      : [
          before === undefined
            ? `as traced: ${size}`
            : `after ${what}: ${countOf(before.program)} -> ${size}`,
        ];
  const shown = chosen(rendered(found.program, target ?? (() => undefined)), lines);
  return [...head, ...(head.length > 0 ? [''] : []), ...shown].join('\n');
}

function rendered(
  program: Program,
  targetOf: (instruction: Instruction) => string | undefined,
): readonly string[] {
  const options = { full: false, columns: COLUMNS, style: plainStyle, targetOf };
  return renderProgram(program, options).split('\n');
}

/** The requested lines, with `…` for lines between them. */
function chosen(lines: readonly string[], wanted: string | undefined): readonly string[] {
  if (wanted === undefined) return lines;
  const pattern = new RegExp(wanted);
  const kept: string[] = [];
  let isKept = false;
  for (const line of lines) {
    // Continuation lines are indented more than bodies.
    if (!line.startsWith('    ')) isKept = pattern.test(line);
    if (isKept) kept.push(line);
    else if (kept.at(-1) !== '…') kept.push('…');
  }
  return kept;
}

async function trace(pipeline: string): Promise<Program> {
  const folder = mkdtempSync(join(tmpdir(), 'hourglass-tour-'));
  try {
    const file = join(folder, 'pipeline.yaml');
    writeFileSync(file, pipeline);
    const stageTypes = () => Promise.resolve({ types: builtinNodes, problems: [] });
    const { located, diagnostics } = await loadPipeline(file, { stageTypes });
    const [problem] = diagnostics;
    if (located === undefined) throw new Error(`the pipeline of the document: ${problem?.message ?? ''}`);
    const { stages, seed } = located.pipeline;
    const [stage, settings] = [...stages].find(([, { type }]) => type === 'train') ?? [];
    const traced = await builtinNodes.get('train')?.trace?.({
      tf: await loadForTracing(),
      stage: stage ?? '',
      settings: settings ?? {},
      stages,
      seed: (purpose) => deriveSeed(seed, stage ?? '', purpose),
    });
    if (traced === undefined) throw new Error('the pipeline of the document has no training');
    return traced.program;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function readTour(): string {
  return readFileSync(TOUR, 'utf8');
}
