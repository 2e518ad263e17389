/** Published results, and what was obtained for them, as tables. */
import type { Catalog } from '../../published/catalog.ts';
import type { PublishedFigure } from '../../published/generated/types.ts';
import type { Obtained } from '../../published/record.ts';
import { compareFigures, describeCost } from '../../published/rows.ts';
import { isMismatch } from '../../published/verdict.ts';
import { formatPlural, table } from './format.ts';
import type { Style } from './style.ts';

/** A published number as text: with a star if it was not read at its source. */
function publishedText({ text, checked }: PublishedFigure): string {
  return checked === undefined ? `${text}*` : text;
}

/** What the star means, if one of the figures has it. */
function starNote(figures: readonly PublishedFigure[]): readonly string[] {
  const isStarred = figures.some(({ checked }) => checked === undefined);
  return isStarred ? ['', '* This number was not read at its source.'] : [];
}

/** The names of the results, and their published figures. */
export function renderList(catalog: Catalog, style: Style): string {
  const rows = [...catalog].flatMap(([name, { title, figures }]) =>
    figures.map((figure, index) => [
      index === 0 ? name : '',
      index === 0 ? title : '',
      `${figure.name} ${publishedText(figure)}`,
    ]),
  );
  const [head = '', ...lines] = table([['name', 'what', 'published'], ...rows]);
  const figures = [...catalog.values()].flatMap((each) => each.figures);
  return [style('dim', head), ...lines, ...starNote(figures)].join('\n');
}

/** One row for each figure, and below what each result took. */
export function renderComparison(
  catalog: Catalog,
  found: ReadonlyMap<string, Obtained>,
  style: Style,
): string {
  const compared = [...found].flatMap(([name, obtained]) => {
    const publication = catalog.get(name);
    return publication === undefined
      ? []
      : compareFigures(publication, obtained).map((each, index) => ({ ...each, name, index }));
  });
  const lines = table([
    ['name', 'figure', 'published', 'obtained', 'verdict'],
    ...compared.map(({ name, index, figure, obtained, verdict }) => [
      index === 0 ? name : '',
      figure.name,
      publishedText(figure),
      obtained,
      verdict.text,
    ]),
  ]);
  const [head = '', ...rows] = lines;
  const disagrees = compared.map(({ verdict }) => isMismatch(verdict));
  const costs = [...found].map(([name, { seeds, cost }]) => [
    name,
    `${formatPlural(seeds, 'seed')}${cost === undefined ? '' : `, each ${describeCost(cost)}`}`,
  ]);
  return [
    style('dim', head),
    ...rows.map((row, index) => (disagrees[index] === true ? style('yellow', row) : row)),
    '',
    ...table(costs),
    ...starNote(compared.map(({ figure }) => figure)),
  ].join('\n');
}
