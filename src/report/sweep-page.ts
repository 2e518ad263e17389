/** The page of a sweep: its trials, their results, and how to reproduce them. */
import type { RunRecord } from '../artifacts/run-record.ts';
import { formatCount, formatSeconds } from '../core/format.ts';
import type { JsonObject } from '../core/json.ts';
import { brand, renderDocument } from './document.ts';
import type { Cell, Picture } from './exhibit.ts';
import { html, type Content, type Html } from './html.ts';
import { notesBlock } from './markdown.ts';
import {
  breakable,
  cellContent,
  download,
  enumerate,
  factList,
  figure,
  repeatsText,
  table,
  type Fact,
  wide,
} from './parts.ts';
import { STATUS_LABELS } from './states.ts';
import type { WrittenFile } from './written.ts';

/** Longer tables are cut: the full table is in `sweep.csv`. */
const MOST_ROWS = 200;

/** The content of the page of a sweep, as data. */
export interface SweepReport {
  readonly name: string;
  readonly description?: string;
  /** The author's notes, as Markdown. */
  readonly notes?: string;
  readonly status: RunRecord['status'];
  /** The result in one sentence. */
  readonly answer?: string;
  readonly seed: number;
  /** The question, as names and values: parameters with their values, replicates, the metric. */
  readonly asked: readonly Fact[];
  /** Names of the columns in `groups`. */
  readonly columns: readonly string[];
  /** The mean results per combination. */
  readonly groups: readonly { readonly cells: readonly Cell[]; readonly isBest: boolean }[];
  readonly figures: readonly Picture[];
  readonly trialColumns: readonly string[];
  readonly trials: readonly (readonly Cell[])[];
  /** Trials that did not finish, and why. */
  readonly failures: readonly { readonly trial: Cell; readonly label: string; readonly reason: string }[];
  readonly done: number;
  /** Total of all trials. */
  readonly seconds: number;
  readonly facts: readonly Fact[];
  /** The engine of the sweep. */
  readonly engine: JsonObject | undefined;
  /** The pipeline and the files that it extends. */
  readonly sources: readonly WrittenFile[];
  /** Commands to reproduce the sweep and one of its trials. */
  readonly commands: readonly (readonly [what: string, command: string])[];
}

/** The whole document. Equal reports result in equal bytes. */
export function renderSweepPage(report: SweepReport): string {
  const { name, description, status, trials, done, seconds, seed, failures } = report;
  const link = (id: string, text: string): Html => html`<li><a href="#${id}">${text}</a></li>`;
  return renderDocument({
    title: `${name}: sweep`,
    script: '',
    isLive: false,
    header: html`${brand('sweep')}
      <h1>${breakable(name)}</h1>
      ${description === undefined ? undefined : html`<p class="lead">${description}</p>`}
      <p class="status ${status}">
        <strong>${STATUS_LABELS[status]}</strong> · ${formatCount(done)} of ${formatCount(trials.length)}
        trials${failures.length === 0 ? undefined : ` · ${formatCount(failures.length)} failed`} ·
        ${formatSeconds(seconds)} of work · seed ${seed}
      </p>`,
    contents: html`<ul>
      ${link('summary', 'Summary')}${link('results', 'Results')}${link('figures', 'Figures')}${link('trials', 'Trials')}${link('environment', 'Environment')}${link('reproduce', 'How to repeat it')}
    </ul>`,
    main: html`${summary(report)} ${results(report)} ${figures(report)} ${listed(report)}
    ${environment(report)} ${reproduce(report)}`,
    footer: html`<p class="quiet">
      All trials with all of their metrics are in <code>sweep.csv</code> and <code>sweep.json</code> beside
      this page, and their outputs in <code>trials/</code>.
    </p>`,
  });
}

function summary({ answer, notes, asked, failures }: SweepReport): Html {
  return html`<section id="summary" aria-labelledby="summary-title">
    <h2 id="summary-title">Summary</h2>
    ${answer === undefined ? undefined : html`<p class="lead">${answer}</p>`}
    ${
      failures.length === 0
        ? undefined
        : html`<ul class="problems">
            ${failures.slice(0, MOST_ROWS).map(
              ({ trial, label, reason }) =>
                html`<li class="error">
                  <p>
                    <strong>Trial ${cellContent(trial)}</strong>${label === '' ? undefined : ` (${label})`}:
                    ${reason}
                  </p>
                </li>`,
            )}
          </ul>`
    }
    ${notesBlock(notes, 'Notes')}
    <h3>What was swept</h3>
    ${factList(asked)}
  </section>`;
}

function results({ columns, groups }: SweepReport): Html {
  const hasBest = groups.some(({ isBest }) => isBest);
  const shown = groups.slice(0, MOST_ROWS).map(({ cells, isBest }) => {
    const [first, ...rest] = cells;
    return first === undefined || !isBest ? cells : [{ ...first, prefix: '★ ' }, ...rest];
  });
  return section(
    'results',
    'Results',
    wide(
      table({
        caption: `Mean ± standard deviation over the replicates${hasBest ? '; ★ marks the best' : ''}`,
        columns,
        rows: shown,
        omitted: groups.length - shown.length,
      }),
      'Results',
    ),
  );
}

function figures({ figures: pictures }: SweepReport): Html {
  return section(
    'figures',
    'Figures',
    pictures.length === 0
      ? html`<p>There is nothing to draw.</p>`
      : pictures.map((picture) => figure(picture, picture.path)),
  );
}

function listed({ trialColumns, trials }: SweepReport): Html {
  const shown = trials.slice(0, MOST_ROWS);
  return section(
    'trials',
    'Trials',
    wide(
      table({
        caption: html`Each trial by its number in the list, which leads to its report. Its folder is named by
        a hash of its settings`,
        columns: trialColumns,
        rows: shown,
        omitted: trials.length - shown.length,
      }),
      'Trials',
    ),
  );
}

function environment({ facts }: SweepReport): Html {
  return section('environment', 'Time and environment', factList(facts));
}

function reproduce({ seed, engine, sources, commands }: SweepReport): Html {
  return section(
    'reproduce',
    'How to repeat it',
    html`<p>
        Every random draw derives from the seed ${seed}, and those of further replicates from seeds that
        derive from it. The same pipeline gives the same numbers and figures, bit for bit
        ${repeatsText(engine)}.
      </p>
      ${
        sources.length === 0
          ? undefined
          : html`<p>This page carries the pipeline: save ${enumerate(sources.map(download))}.</p>`
      }
      ${commands.map(
        ([what, command]) =>
          html`<p>${what}</p>
            <pre class="command"><code>${command}</code></pre>`,
      )}`,
  );
}

function section(id: string, title: string, content: Content): Html {
  return html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    ${content}
  </section>`;
}
