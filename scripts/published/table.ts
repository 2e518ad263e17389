/** The table of published results in `docs/published.md`, from `docs/published.json`: what `hourglass reproduce` wrote. */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadChecked } from '../../src/cli/commands/load.ts';
import { formatBytes, formatSeconds } from '../../src/core/format.ts';
import { packageRoot } from '../../src/core/package-root.ts';
import { pipelineOf, type Catalog } from '../../src/published/catalog.ts';
import type { Publication } from '../../src/published/generated/types.ts';
import { parseReproduced, type Cost, type Obtained, type Reproduced } from '../../src/published/record.ts';
import { compareFigures } from '../../src/published/rows.ts';
import { settingsHash } from '../../src/published/settings.ts';
import { CURVES } from './curves.ts';

export const PAGE = 'docs/published.md';
export const RECORD = join(packageRoot, 'docs', 'published.json');

const IWAE_PICTURE = '![The bounds of two importance weighted autoencoders by epoch](images/iwae-curves.png)';

const MARKED = /(<!--published-->\n)[\s\S]*(\n<!--\/published-->)/;

export function readRecord(): Reproduced {
  return existsSync(RECORD) ? parseReproduced(readFileSync(RECORD, 'utf8')) : {};
}

/** The part of the page between the marks. */
export function withTable(page: string, table: string): string {
  if (!MARKED.test(page)) throw new Error(`${PAGE} has no marks for the table`);
  return page.replace(MARKED, (_, before: string, after: string) => `${before}\n${table}\n${after}`);
}

/**
 * Whether the pipeline of a result, as it is now, gave these numbers.
 *
 * @throws Error if the pipeline is not valid
 */
export async function isPresent(name: string, { settings, seeds }: Obtained): Promise<boolean> {
  const set = [`sweep.replicates=${seeds}`];
  const { located, trials } = await loadChecked(pipelineOf(name), { set, trials: true });
  if (located === undefined || trials === undefined) throw new Error(`${pipelineOf(name)} is not valid`);
  return settingsHash(located, trials) === settings;
}

/** Numbers of other settings than the present ones are left out. */
export async function tableOf(catalog: Catalog, record: Reproduced): Promise<string> {
  const rows: string[][] = [];
  const notes: string[] = [];
  const pictures: string[] = [];
  for (const [name, publication] of catalog) {
    const obtained = record[name];
    const isCurrent = obtained !== undefined && (await isPresent(name, obtained));
    rows.push(...rowsOf(name, publication, isCurrent ? obtained : undefined));
    notes.push(...notesOf(name, publication));
    if (name === 'iwae' && isCurrent && existsSync(CURVES)) pictures.push('', IWAE_PICTURE);
  }
  const head = ['result', 'figure', 'published', 'tolerance', 'obtained', 'verdict', 'seeds', 'a seed takes'];
  const lines = [head, head.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`);
  return [...lines, '', ...notes, ...pictures].join('\n');
}

function rowsOf(name: string, publication: Publication, obtained: Obtained | undefined): string[][] {
  const compared = obtained === undefined ? [] : compareFigures(publication, obtained);
  return publication.figures.map((figure, index) => {
    const own = compared.find((each) => each.figure === figure);
    const isFirst = index === 0;
    const text = isFirst ? `[${figure.text}](${publication.source})` : figure.text;
    return [
      isFirst ? `[${name}](../pipelines/published/${name}.yaml)` : '',
      figure.name,
      figure.checked === undefined ? `${text}, not read at its source` : text,
      figure.incomparable === undefined ? String(figure.tolerance) : '–',
      own?.obtained ?? '–',
      own?.verdict.text ?? 'not run yet',
      isFirst && obtained !== undefined ? String(obtained.seeds) : '',
      isFirst && obtained?.cost !== undefined ? costText(obtained.cost) : '',
    ];
  });
}

/** Processor time, which depends less on what else the machine did than the time that passed. */
function costText({ processor, memory }: Cost): string {
  return `${formatSeconds(processor)} of processor time, ${formatBytes(memory)}`;
}

function notesOf(name: string, { title, figures }: Publication): readonly string[] {
  const notes = new Set(figures.flatMap(({ note }) => note ?? []));
  return [`- **${name}**: ${[`${title}.`, ...notes].join(' ')}`];
}
