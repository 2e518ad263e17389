/** One stage: its settings and its results. */
import { describeChanges, type StageChange } from '../../artifacts/standing.ts';
import { formatBytes, formatCount, formatNumber, formatSeconds } from '../../core/format.ts';
import type { Exhibit, Frame, ModelTable, TableExhibit } from '../exhibit.ts';
import { html, type Content, type Html } from '../html.ts';
import { notesBlock } from '../markdown.ts';
import {
  activityLine,
  breakable,
  details,
  enumerate,
  figure,
  number,
  picture,
  stageLink,
  stateMark,
  table,
  wide,
} from '../parts.ts';
import type { Report, ReportStage, StageFile } from '../report.ts';
import { stateText } from '../states.ts';
import { linesId, settings } from './pipeline.ts';
import type { MainFigure } from './main-figure.ts';

/** The number of pictures of a series on paper. */
const PRINTED = 4;
/** Longer file lists are cut. */
const MOST_FILES = 200;

export function stageSection(report: Report, stage: ReportStage, main: MainFigure | undefined): Html {
  const { name, state, exhibits, metrics, outdated, activity } = stage;
  const described = settings(stage);
  const shown = isOnTop(stage)
    ? html`<p class="quiet">What it shows so far is <a href="#running">at the top</a>.</p>`
    : html`${exhibits.map((exhibit, index) => renderExhibit(exhibit, `${name}-${index}`, name, main))}
      ${outdated === undefined ? undefined : aside(undefined, stage.files)}`;
  return html`<article id="stage-${name}" aria-labelledby="stage-${name}-title">
    <h3 id="stage-${name}-title">${stateMark(state)}${breakable(name)}</h3>
    <p class="quiet">${describe(report, stage)}</p>
    ${notesBlock(stage.notes, `Notes on ${name}`)}
    ${activity === undefined || isOnTop(stage) ? undefined : activityLine(activity)}
    ${
      isAgain(stage)
        ? html`<p class="note">
            This run did not finish it: what follows is an earlier result of the same settings.
          </p>`
        : undefined
    }
    ${Object.keys(metrics).length === 0 ? undefined : metricList(metrics)}
    ${outdated === undefined ? shown : earlierResult(outdated.changes, shown)}
    ${aside(described, outdated === undefined ? stage.files : [])}
  </article>`;
}

/** Whether a stage is shown at the top of the page: while it runs and has curves or previews. */
export function isOnTop({ state, exhibits }: ReportStage): boolean {
  return state === 'running' && exhibits.length > 0;
}

/** Whether a stage with a result was run again and did not finish. */
function isAgain({ state, hash }: ReportStage): boolean {
  return (state === 'failed' || state === 'interrupted') && hash !== undefined;
}

/** An outdated result is collapsed, and says which settings produced it. */
function earlierResult(changes: readonly StageChange[], shown: Html): Html {
  const differs = describeChanges(changes);
  return html`<p class="note">
      The result in its folder is of an earlier
      setting${differs === '' ? undefined : html`: <strong>${differs}</strong>`}. It does not belong to the
      settings on this page.
    </p>
    ${details('Show the result of the earlier setting', html`<div class="earlier">${shown}</div>`)}`;
}

function describe(report: Report, stage: ReportStage): Content {
  const { name, type, seconds, inputs, written } = stage;
  const needs = [...new Set(Object.values(inputs))].map(stageLink);
  const users = report.stages.filter((other) => Object.values(other.inputs).includes(name));
  const told: Content[] = [
    html`<code>${type}</code>`,
    seconds === undefined ? stateText(stage) : `${stateText(stage)} in ${formatSeconds(seconds)}`,
    ...(needs.length === 0 ? [] : [html`from ${enumerate(needs)}`]),
    ...(users.length === 0 ? [] : [html`used by ${enumerate(users.map((user) => stageLink(user.name)))}`]),
    ...written.map(({ file, lines: [first, last] }) => {
      const where = file === 0 ? undefined : html` of ${report.sources[file]?.file}`;
      const which = first === last ? `line ${first}` : `lines ${first} to ${last}`;
      return html`<a href="#${linesId(name, file)}">${which}${where}</a>`;
    }),
  ];
  return told.map((item, index) => (index === 0 ? item : [' · ', item]));
}

function metricList(metrics: Readonly<Record<string, number>>): Html {
  return html`<dl class="metrics">
    ${Object.entries(metrics).map(
      ([name, value]) =>
        html`<div>
          <dt>${breakable(name)}</dt>
          <dd>${number(value)}</dd>
        </div>`,
    )}
  </dl>`;
}

export function renderExhibit(
  exhibit: Exhibit,
  id: string,
  stage: string,
  main: MainFigure | undefined,
): Html {
  switch (exhibit.kind) {
    case 'figure':
      // Its data is already in the page.
      if (main?.stage === stage && main.picture.path === exhibit.picture.path) {
        return html`<p class="quiet">
          ${exhibit.picture.path} is shown <a href="#summary">in the results</a>.
        </p>`;
      }
      return figure(exhibit.picture, `${stage}/${exhibit.picture.path}`);
    case 'curves':
      return figure(exhibit.picture, `${stage}/${exhibit.picture.path}`);
    case 'map':
      return mapFigure(exhibit, stage);
    case 'series':
      return series(exhibit, id, stage);
    case 'models':
      return html`<div class="models">${exhibit.models.map(modelTable)}</div>`;
    case 'table':
      return tableOf(exhibit);
    case 'text':
      return details(
        exhibit.path,
        html`<pre class="scroll" role="region" aria-label="${exhibit.path}" tabindex="0">
${exhibit.text}</pre>`,
      );
    case 'unshown':
      return html`<p class="note">${exhibit.path} is not shown: ${exhibit.reason}.</p>`;
  }
}

function series(
  { counts, frames, omitted, beside }: Extract<Exhibit, { kind: 'series' }>,
  id: string,
  stage: string,
): Html {
  const last = frames.length - 1;
  const printed = new Set(
    Array.from({ length: PRINTED }, (_, index) => Math.round((index * last) / (PRINTED - 1))),
  );
  const note =
    omitted === 0
      ? undefined
      : html`<p class="quiet">
          ${frames.length} of ${frames.length + omitted} pictures, at even distances.
        </p>`;
  return html`<div class="series" role="group" aria-label="${stage}: pictures by ${counts}">
    <div class="control" hidden>
      <label for="${id}">${counts}</label
      ><input type="range" id="${id}" min="0" max="${last}" value="${last}" /><output for="${id}"></output>
    </div>
    <div class="frames" role="group" aria-label="${counts}" tabindex="0">
      ${beside.map(
        (shown) =>
          html`<figure>
            <div class="card">${picture(shown)}</div>
            <figcaption>${breakable(`${stage}/${shown.path}`)}</figcaption>
          </figure> `,
      )}${frames.map(
        (frame, index) =>
          html`<figure
            class="frame${printed.has(index) ? ' printed' : ''}"
            data-label="${caption(counts, frame)}"
          >
            <div class="card">${picture(frame.picture)}</div>
            <figcaption>${caption(counts, frame)}</figcaption>
          </figure> `,
      )}
    </div>
    ${note}
  </div>`;
}

/** A map that shows the image of a point on hover, or when a point is selected with the arrow keys. */
function mapFigure({ picture: shown, tiles }: Extract<Exhibit, { kind: 'map' }>, stage: string): Html {
  if (tiles === undefined) return figure(shown, `${stage}/${shown.path}`);
  const points = tiles.points.map(({ x, y, label }) => [Math.round(x), Math.round(y), label ?? null]);
  return html`<figure
    class="map"
    data-points="${JSON.stringify(points)}"
    data-columns="${tiles.columns}"
    data-width="${tiles.width}"
    data-height="${tiles.height}"
  >
    <div class="card">${picture(shown)}</div>
    <img class="tiles-of-map" src="data:image/png;base64,${tiles.data.toString('base64')}" alt="" hidden />
    <div class="peek" hidden><canvas></canvas><output></output></div>
    <figcaption>
      ${breakable(`${stage}/${shown.path}`)}<span class="peek-hint" hidden>
        · point at the map to see images, or go along them with the arrow keys</span
      >
    </figcaption>
  </figure>`;
}

/** `epoch 3: loss 0.0428, val_loss 0.035` */
function caption(counts: string, { number, measured }: Frame): string {
  const numbers = Object.entries(measured).map(([name, value]) => `${name} ${formatNumber(value)}`);
  return numbers.length === 0 ? `${counts} ${number}` : `${counts} ${number}: ${numbers.join(', ')}`;
}

function modelTable({ name, layers, totals }: ModelTable): Html {
  return html`<div>
    ${table({
      caption: name,
      columns: ['layer', 'type', 'output shape', 'parameters'],
      rows: layers.map((layer) => [
        { text: layer.name, numeric: false },
        { text: layer.type, numeric: false },
        { text: layer.shape, numeric: false },
        { text: layer.parameters, numeric: true },
      ]),
    })}
    <p class="quiet totals">${totals.join(' · ')}</p>
  </div>`;
}

function tableOf(exhibit: TableExhibit): Html {
  const shown = wide(table({ ...exhibit, caption: exhibit.path }), exhibit.path);
  return exhibit.main ? shown : details(exhibit.path, shown);
}

/** The settings and the files of a stage, which are looked up rather than read. */
function aside(described: Content, files: readonly StageFile[]): Content {
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  const count = files.length === 1 ? '1 file' : `${formatCount(files.length)} files`;
  const parts = [
    ...(described === undefined ? [] : ['Settings']),
    ...(files.length === 0 ? [] : [`${count}, ${formatBytes(bytes)}`]),
  ];
  if (parts.length === 0) return undefined;
  return details(
    parts.join('; '),
    html`${described === undefined ? undefined : html`<p class="settings">${described}</p>`}
    ${files.length === 0 ? undefined : fileList(files)}`,
  );
}

function fileList(files: readonly StageFile[]): Html {
  const shown = files.slice(0, MOST_FILES);
  const left = files.length - shown.length;
  return html`<ul class="files">
    ${shown.map((file) => html`<li><code>${file.path}</code> <span class="quiet">${formatBytes(file.bytes)}</span></li>`)}${
      left > 0 ? html`<li>and ${formatCount(left)} more</li>` : undefined
    }
  </ul>`;
}
