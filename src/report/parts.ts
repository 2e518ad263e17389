/** Pieces of HTML that several sections use. */
import { formatCount, formatNumber } from '../core/format.ts';
import type { JsonObject } from '../core/json.ts';
import type { Cell, Picture } from './exhibit.ts';
import { drawMark } from './graph.ts';
import { html, type Content, type Html } from './html.ts';
import type { Activity, StageState } from './report.ts';
import { STATES } from './states.ts';
import type { WrittenFile } from './written.ts';

/** The mark of a state. Its text is for screen readers, or is shown beside it. */
export function stateMark(state: StageState): Html {
  const { mark } = STATES[state];
  return html`<svg class="mark ${state}" width="18" height="18" viewBox="-9 -9 18 18" aria-hidden="true">
    <circle r="8" />
    ${drawMark(mark)}
  </svg>`;
}

export function stageLink(name: string): Html {
  return html`<a href="#stage-${name}">${breakable(name)}</a>`;
}

/** Items joined for a sentence: `a, b and c`. */
export function enumerate(items: readonly Content[]): Content {
  return items.map((item, index) => {
    if (index === 0) return item;
    return [index === items.length - 1 ? ' and ' : ', ', item];
  });
}

/** A link to download a file of the pipeline. */
export function download({ file, text }: WrittenFile): Html {
  const name = file.split('/').at(-1) ?? file;
  return html`<a href="data:text/yaml;base64,${Buffer.from(text).toString('base64')}" download="${name}"
    >${file}</a
  >`;
}

export function picture({ mime, data, width, height, alt }: Picture): Html {
  return html`<img
    src="data:${mime};base64,${data.toString('base64')}"
    width="${width}"
    height="${height}"
    alt="${alt}"
  />`;
}

/** A picture on a white card, with its file below it. */
export function figure(shown: Picture, path: string): Html {
  return html`<figure>
    <div class="card">${picture(shown)}</div>
    <figcaption>${breakable(path)}</figcaption>
  </figure>`;
}

/** A name and its value. */
export type Fact = readonly [name: string, value: string];

export function factList(facts: readonly Fact[]): Html {
  return html`<dl class="facts">
    ${facts.map(
      ([name, value]) =>
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;
}

/** The versions and the engine of a run. */
export function platformFacts(
  engine: JsonObject | undefined,
  versions: Readonly<Record<string, unknown>>,
): readonly Fact[] {
  return [
    ...Object.entries(engine ?? {}).map(([key, value]) => [`Engine: ${key}`, String(value)] as const),
    ...Object.entries(versions).map(([name, version]) => [NAMES.get(name) ?? name, String(version)] as const),
  ];
}

/** The machines on which a run reproduces its numbers. */
export function repeatsText(engine: JsonObject | undefined): string {
  return engine?.['kind'] === 'portable'
    ? 'on every machine'
    : 'on the same platform with the same number of threads';
}

const NAMES = new Map([
  ['hourglass', 'Hourglass'],
  ['node', 'Node'],
]);

export interface TableOptions {
  readonly caption: Content;
  readonly columns: readonly string[];
  /** Whether the first cell of a row is its heading. */
  readonly rows: readonly (readonly Cell[])[];
  readonly omitted?: number;
}

export function table({ caption, columns, rows, omitted = 0 }: TableOptions): Html {
  const numeric = columns.map((_, column) => rows.some((row) => row[column]?.numeric === true));
  const aligned = (column: number): Content => (numeric[column] === true ? html` class="number"` : undefined);
  return html`<table>
    <caption>
      ${caption}${omitted > 0 ? `, without its last ${formatCount(omitted)} rows` : undefined}
    </caption>
    <thead>
      <tr>
        ${columns.map((name, column) => (name === '' ? html`<td></td>` : html`<th scope="col" ${aligned(column)}>${breakable(name)}</th>`))}
      </tr>
    </thead>
    <tbody>
      ${rows.map(
        (row) =>
          html`<tr>
            ${row.map((cell, column) =>
              column === 0
                ? html`<th scope="row" ${aligned(column)}>${cellContent(cell)}</th>`
                : html`<td${aligned(column)}>${cellContent(cell)}</td>`,
            )}
          </tr> `,
      )}
    </tbody>
  </table>`;
}

/** The content of a cell: its links, or its text, which expands to the full content. */
export function cellContent({ prefix = '', text, full, links }: Cell): Content {
  if (links !== undefined) {
    return links.map(
      (link, index) => html`${index === 0 ? prefix : ', '}<a href="./${link.path}">${link.text}</a>`,
    );
  }
  if (full === undefined) return [prefix, breakable(text)];
  return html`<details class="value">
    <summary>${prefix}${text}</summary>
    <pre>${full}</pre>
  </details>`;
}

/** A name or a path with possible line breaks after underscores and slashes. */
export function breakable(name: string): Content {
  return name.split(/(?<=[_/])/).map((part, index) => (index === 0 ? part : [html`<wbr />`, part]));
}

/** A number with four significant digits, and with all digits in a tooltip. */
export function number(value: number): Html {
  return html`<span title="${value}">${formatNumber(value)}</span>`;
}

/** The current activity and its progress. */
export function activityLine({ text, fraction }: Activity, stage?: string): Html {
  const bar =
    fraction === undefined
      ? undefined
      : html`<progress max="1" value="${fraction.toFixed(3)}" aria-label="Progress"></progress>`;
  return html`<p class="activity">${stage === undefined ? undefined : stageLink(stage)} ${bar} ${text}</p>`;
}

/** Wide content scrolls separately, also by keyboard. */
export function wide(content: Html, label: string): Html {
  return html`<div class="scroll wide" tabindex="0" role="group" aria-label="${label}">${content}</div>`;
}

/**
 * Folded content, which the reader unfolds.
 *
 * @param onPaper whether it is printed, folded or not
 */
export function details(summary: Content, content: Html, onPaper: 'printed' | 'left-out' = 'left-out'): Html {
  return html`<details class="${onPaper}">
    <summary>${summary}</summary>
    ${content}
  </details>`;
}

/** A section of what is looked up rather than read: folded. */
export function foldedSection(
  id: string,
  title: string,
  content: Html,
  onPaper: 'printed' | 'left-out',
): Html {
  return html`<section id="${id}" class="folded ${onPaper}" aria-labelledby="${id}-title">
    ${details(html`<h2 id="${id}-title">${title}</h2>`, content, onPaper)}
  </section>`;
}
