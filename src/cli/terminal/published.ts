/** Published results, and what was obtained for them, as tables. */
import type { Catalog } from '../../published/catalog.ts';
import type { Obtained } from '../../published/record.ts';
import { compareFigures, describeCost } from '../../published/rows.ts';
import { formatPlural, table } from './format.ts';
import type { Style } from './style.ts';

/** The names of the results, and their published figures. */
export function renderList(catalog: Catalog, style: Style): string {
  const rows = [...catalog].flatMap(([name, { title, figures }]) =>
    figures.map((figure, index) => [
      index === 0 ? name : '',
      index === 0 ? title : '',
      `${figure.name} ${figure.text}`,
    ]),
  );
  const [head = '', ...lines] = table([['name', 'what', 'published'], ...rows]);
  return [style('dim', head), ...lines].join('\n');
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
      figure.text,
      obtained,
      verdict.text,
    ]),
  ]);
  const [head = '', ...rows] = lines;
  const costs = [...found].map(([name, { seeds, cost }]) => [
    name,
    `${formatPlural(seeds, 'seed')}, each ${describeCost(cost)}`,
  ]);
  return [
    style('dim', head),
    ...rows.map((row, index) => (compared[index]?.verdict.state === 'not met' ? style('yellow', row) : row)),
    '',
    ...table(costs),
  ].join('\n');
}
