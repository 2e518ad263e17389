/** The page of a comparison: what differs between runs, their curves together, and their pictures side by side. */
import { brand, renderDocument } from './document.ts';
import type { Cell, Picture } from './exhibit.ts';
import { html, type Content, type Html } from './html.ts';
import { enumerate, figure, table, wide } from './parts.ts';

/** A table with a row for each setting or number, and a column for each run. */
export type ComparedRows = readonly (readonly Cell[])[];

/** One picture of each run that has it. */
export interface ComparedPictures {
  /** The stage and the file. */
  readonly name: string;
  /** By run. */
  readonly pictures: readonly (readonly [run: string, picture: Picture | undefined])[];
}

export interface Comparison {
  readonly runs: readonly string[];
  /** Settings that differ. */
  readonly settings: ComparedRows;
  /** All numbers; the first rows are those that differ. */
  readonly numbers: ComparedRows;
  readonly curves: readonly { readonly stage: string; readonly picture: Picture }[];
  readonly pictures: readonly ComparedPictures[];
  /** Results that the cache no longer has, by run. */
  readonly missing: readonly (readonly [run: string, stages: readonly string[]])[];
}

/** The whole document. */
export function renderComparison(comparison: Comparison): string {
  const { runs, settings, numbers, curves, pictures, missing } = comparison;
  const code = enumerate(runs.map((run) => html`<code>${run}</code>`));
  const columns = ['', ...runs];
  const parts: readonly (readonly [id: string, title: string, content: Content])[] = [
    [
      'summary',
      'Settings that differ',
      settings.length === 0
        ? html`<p>The settings are the same.</p>`
        : wide(
            table({ caption: 'Parameters first, then settings of stages', columns, rows: settings }),
            'Settings',
          ),
    ],
    [
      'numbers',
      'Numbers',
      numbers.length === 0
        ? html`<p>The runs measured nothing.</p>`
        : wide(table({ caption: 'Those that differ come first', columns, rows: numbers }), 'Numbers'),
    ],
    ...(curves.length === 0
      ? []
      : [['curves', 'Curves', curves.map(({ stage, picture }) => figure(picture, stage))] as const]),
    ...(pictures.length === 0 ? [] : [['pictures', 'Pictures', pictures.map(sideBySide)] as const]),
  ];
  return renderDocument({
    title: `Comparison: ${runs.join(', ')}`,
    script: '',
    isLive: false,
    header: html`${brand('comparison')}
      <h1>Comparison of ${runs.length} runs</h1>
      <p class="status">${code}</p>`,
    contents: html`<ul>
      ${parts.map(([id, title]) => html`<li><a href="#${id}">${title}</a></li>`)}
    </ul>`,
    main: html`${missing.map(
      ([run, stages]) =>
        html`<p class="note">
          The cache no longer has these results of <code>${run}</code>: ${enumerate(stages)}. Their curves and
          pictures are missing here.
        </p>`,
    )}
    ${parts.map(
      ([id, title, content]) =>
        html`<section id="${id}" aria-labelledby="${id}-title">
          <h2 id="${id}-title">${title}</h2>
          ${content}
        </section>`,
    )}`,
    footer: html``,
  });
}

function sideBySide({ name, pictures }: ComparedPictures): Html {
  return html`<h3>${name}</h3>
    <div class="side-by-side">
      ${pictures.map(([run, picture]) =>
        picture === undefined ? html`<p class="note">${run} has none.</p>` : figure(picture, run),
      )}
    </div>`;
}
