/** The page of a report: its parts and their order. */
import { formatSeconds } from '../core/format.ts';
import { explorerScript } from '../explorer/script.ts';
import type { PageModels } from '../explorer/write/models.ts';
import { asset, brand, renderDocument } from './document.ts';
import { html, type Content, type Html } from './html.ts';
import type { Report } from './report.ts';
import { exploreSection } from './sections/explore.ts';
import { environmentSection, hashesSection, metricsSection, reproduceSection } from './sections/closing.ts';
import { graphOf, pipelineSection } from './sections/pipeline.ts';
import { runningSection } from './sections/running.ts';
import { isOnTop, stageSection } from './sections/stage.ts';
import { findMainFigure, nearestFirst, type MainFigure } from './sections/main-figure.ts';
import { summarySection } from './sections/summary.ts';
import { activityLine, breakable, enumerate, stateMark } from './parts.ts';
import { stateText, statusText } from './states.ts';

/** Parts of the page by the id of their element. Each is replaced when its content changes. */
export function renderParts(report: Report): ReadonlyMap<string, Html> {
  const main = findMainFigure(report);
  return new Map([
    ['head', headPart(report)],
    ['contents', contentsPart(report)],
    ['running-part', runningSection(report)],
    ['summary-part', summarySection(report, main)],
    [
      'explore-part',
      report.explorer === undefined ? html`` : exploreSection(nearModels(report, main, report.explorer)),
    ],
    ['graph-part', graphOf(report)],
    ...report.stages.map((stage) => [`part-${stage.name}`, stageSection(report, stage, main)] as const),
    ['pipeline-part', pipelineSection(report)],
    ['metrics-part', metricsSection(report)],
    ['environment-part', environmentSection(report)],
    ['reproduce-part', reproduceSection(report)],
    ['hashes-part', hashesSection(report)],
  ]);
}

/**
 * The whole document, ending in a line break. Equal reports result in equal bytes.
 *
 * @param version for a live page: the version of its parts; the page then requests newer ones from its server
 */
export function renderPage(report: Report, version?: number): string {
  const parts = renderParts(report);
  // At the end of a run, a live page gets the models.
  const hasModels = version !== undefined || (report.explorer?.models.length ?? 0) > 0;
  const part = (id: string): Html => html`<div id="${id}">${parts.get(id)}</div>`;
  return renderDocument({
    title: `${report.name}: report`,
    script: [
      asset('report.js'),
      ...(version === undefined ? [] : [asset('live.js')]),
      ...(hasModels ? [explorerScript()] : []),
    ].join(''),
    hasModels,
    isLive: version !== undefined,
    header: html`${part('head')}${version === undefined ? undefined : liveLine(version)}`,
    contents: part('contents'),
    // What runs now and the results first, then what one can look at, then what one can look up.
    main: html`${version === undefined ? undefined : part('running-part')} ${part('summary-part')}
      ${part('explore-part')}
      <section id="stages" aria-labelledby="stages-title">
        <h2 id="stages-title">Stages</h2>
        ${part('graph-part')} ${report.stages.map(({ name }) => part(`part-${name}`))}
      </section>
      ${part('pipeline-part')} ${part('metrics-part')} ${part('environment-part')} ${part('reproduce-part')}
      ${part('hashes-part')}`,
    footer: html``,
  });
}

/** The model of the main figure is the first to be tried. */
function nearModels(report: Report, main: MainFigure | undefined, explorer: PageModels): PageModels {
  return { ...explorer, models: nearestFirst(report, main, explorer.models) };
}

/** Shows whether the page is still connected to its run. */
function liveLine(version: number): Html {
  return html`<p class="live" role="status" id="live" data-version="${version}">
    Live: what happens in the run appears here.
  </p>`;
}

function headPart(report: Report): Html {
  const { name, description, activity, stages, sweep } = report;
  const { text, status } = statusText(report);
  const trial = sweep === undefined ? undefined : html` <span class="quiet">trial #${sweep.number}</span>`;
  return html`${brand('report')}
    ${
      sweep === undefined
        ? undefined
        : html`<p class="back"><a href="../../sweep.html">← All trials of the sweep ${sweep.name}</a></p>`
    }
    <h1>${breakable(name)}${trial}</h1>
    ${description === undefined ? undefined : html`<p class="lead">${description}</p>`}
    <p class="status ${status}"><strong>${text}</strong>${facts(report).map((fact) => [' · ', fact])}</p>
    ${overridesLine(report)}
    ${activity === undefined || activity.text === '' ? undefined : activityLine(activity)}
    ${stages.map((stage) =>
      stage.activity === undefined || isOnTop(stage) ? undefined : activityLine(stage.activity, stage.name),
    )}`;
}

/** The changes by the command line, which the file below does not show. */
function overridesLine({ overrides }: Report): Content {
  if (overrides.length === 0) return undefined;
  return html`<p class="overrides">
    With ${enumerate(overrides.map((text) => html`<code><span class="whole">-S </span>${text}</code>`))},
    which ${overrides.length === 1 ? 'replaces a value' : 'replace values'} of the file
  </p>`;
}

function facts({ started, seconds, stages, seed }: Report): readonly Content[] {
  const done = stages.filter(({ state }) => state === 'done').length;
  const outdated = stages.filter((stage) => stage.outdated !== undefined).length;
  return [
    ...(started === undefined ? [] : [dateText(started)]),
    ...(seconds === undefined ? [] : [formatSeconds(seconds)]),
    `${done} of ${stages.length} stages`,
    ...(outdated === 0 ? [] : [`${outdated} of an earlier setting`]),
    `seed ${seed}`,
  ];
}

/** `2026-11-23 19:04 UTC`: the same in every time zone. */
function dateText(milliseconds: number): Html {
  const text = new Date(milliseconds).toISOString();
  return html`<time datetime="${text}">${text.slice(0, 10)} ${text.slice(11, 16)} UTC</time>`;
}

function contentsPart({ stages, explorer }: Report): Html {
  const link = (id: string, text: string): Html => html`<li><a href="#${id}">${text}</a></li>`;
  return html`<ul>
    ${stages.some(isOnTop) ? link('running', 'Running') : undefined}
    ${link('summary', 'Results')}${explorer === undefined ? undefined : link('explore', 'Explore')}
    <li>
      <a href="#stages">Stages</a>
      <ul>
        ${stages.map(
          (stage) =>
            html`<li>
              <a href="#stage-${stage.name}"
                >${stateMark(stage.state)}<span class="visually-hidden">${stateText(stage)}: </span
                >${breakable(stage.name)}</a
              >
            </li>`,
        )}
      </ul>
    </li>
    ${link('pipeline', 'Settings')}${link('metrics', 'Metrics')}${link('environment', 'Environment')}${link('reproduce', 'How to repeat it')}${link('hashes', 'Hashes')}
  </ul>`;
}
