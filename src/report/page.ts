/** The page of a report: one HTML document that needs nothing else. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatSeconds } from '../core/format.ts';
import { packageRoot } from '../core/package-root.ts';
import { html, Html, textOf, type Content } from './html.ts';
import type { Report } from './report.ts';
import { environmentSection, hashesSection, metricsSection, reproduceSection } from './sections/closing.ts';
import { pipelineSection } from './sections/pipeline.ts';
import { stageSection } from './sections/stage.ts';
import { findMainFigure, summarySection } from './sections/summary.ts';
import { activityLine, stateMark } from './parts.ts';
import { STATES, STATUS_LABELS } from './states.ts';

/** Parts of the page by the id of the element that holds them. Each is rendered anew when what it shows has changed. */
export function renderParts(report: Report): ReadonlyMap<string, Html> {
  const main = findMainFigure(report);
  return new Map([
    ['head', headPart(report)],
    ['contents', contentsPart(report)],
    ['summary-part', summarySection(report, main)],
    ['pipeline-part', pipelineSection(report)],
    ...report.stages.map((stage) => [`part-${stage.name}`, stageSection(report, stage, main)] as const),
    ['metrics-part', metricsSection(report)],
    ['environment-part', environmentSection(report)],
    ['reproduce-part', reproduceSection(report)],
    ['hashes-part', hashesSection(report)],
  ]);
}

/**
 * The whole document, ending in a line break. The same report gives the same bytes.
 *
 * @param version of a page that follows its run: that of its parts; it then asks its own server for newer ones
 */
export function renderPage(report: Report, version?: number): string {
  const style = asset('report.css');
  const script = asset('report.js') + (version === undefined ? '' : asset('live.js'));
  const parts = renderParts(report);
  const part = (id: string): Html => html`<div id="${id}">${parts.get(id)}</div>`;
  const policy = [
    "default-src 'none'",
    'img-src data:',
    `style-src '${sourceHash(style)}'`,
    `script-src '${sourceHash(script)}'`,
    ...(version === undefined ? [] : ["connect-src 'self'"]),
    "base-uri 'none'",
    "form-action 'none'",
  ].join('; ');
  const page = html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${policy}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>${report.name}: report</title>
        <link rel="icon" href="data:image/svg+xml;base64,${Buffer.from(ICON).toString('base64')}" />
        ${element('style', style)}
      </head>
      <body>
        <a class="skip" href="#summary">Skip to the summary</a>
        <header>${part('head')}${version === undefined ? undefined : liveLine(version)}</header>
        <div class="columns">
          <nav aria-label="Contents">${part('contents')}</nav>
          <main>
            ${part('summary-part')} ${part('pipeline-part')}
            <section id="stages" aria-labelledby="stages-title">
              <h2 id="stages-title">Stages</h2>
              ${report.stages.map(({ name }) => part(`part-${name}`))}
            </section>
            ${part('metrics-part')} ${part('environment-part')} ${part('reproduce-part')}
          </main>
        </div>
        <footer>${part('hashes-part')}</footer>
        ${element('script', script)}
      </body>
    </html> `;
  return textOf(page);
}

/** Says whether the page still follows its run. */
function liveLine(version: number): Html {
  return html`<p class="live" role="status" id="live" data-version="${version}">
    Live: what happens in the run appears here.
  </p>`;
}

function headPart(report: Report): Html {
  const { name, description, status, activity, stages } = report;
  return html`<p class="brand">${new Html(ICON)} Hourglass report</p>
    <h1>${name}</h1>
    ${description === undefined ? undefined : html`<p class="lead">${description}</p>`}
    <p class="status ${status}">
      <strong>${activity === undefined ? STATUS_LABELS[status] : 'Running'}</strong
      >${facts(report).map((fact) => [' · ', fact])}
    </p>
    ${activity === undefined || activity.text === '' ? undefined : activityLine(activity)}
    ${stages.map((stage) => (stage.activity === undefined ? undefined : activityLine(stage.activity, stage.name)))}`;
}

function facts({ started, seconds, stages, seed }: Report): readonly Content[] {
  const done = stages.filter(({ state }) => state === 'done').length;
  return [
    ...(started === undefined ? [] : [dateText(started)]),
    ...(seconds === undefined ? [] : [formatSeconds(seconds)]),
    `${done} of ${stages.length} stages`,
    `seed ${seed}`,
  ];
}

/** `2026-11-23 19:04 UTC`: the same wherever the report is written. */
function dateText(milliseconds: number): Html {
  const text = new Date(milliseconds).toISOString();
  return html`<time datetime="${text}">${text.slice(0, 10)} ${text.slice(11, 16)} UTC</time>`;
}

function contentsPart({ stages }: Report): Html {
  const link = (id: string, text: string): Html => html`<li><a href="#${id}">${text}</a></li>`;
  return html`<ul>
    ${link('summary', 'Summary')}${link('pipeline', 'Pipeline')}
    <li>
      <a href="#stages">Stages</a>
      <ul>
        ${stages.map(
          ({ name, state }) =>
            html`<li>
              <a href="#stage-${name}"
                >${stateMark(state)}<span class="visually-hidden">${STATES[state].label}: </span>${name}</a
              >
            </li>`,
        )}
      </ul>
    </li>
    ${link('metrics', 'Metrics')}${link('environment', 'Environment')}${link('reproduce', 'How to repeat it')}${link('hashes', 'Hashes')}
  </ul>`;
}

/** Two trapezoids: an hourglass, and the shape of an autoencoder. */
const ICON =
  '<svg xmlns="http://www.w3.org/2000/svg" class="icon" width="20" height="20" viewBox="0 0 20 20" aria-hidden="true">' +
  '<path fill="#0b66a8" d="M3 2h14L12 10l5 8H3l5-8z"/></svg>';

/** Not in a template: the formatter of our sources would add white space, which the hash of the content tells. */
function element(name: 'style' | 'script', content: string): Html {
  return new Html(`<${name}>${content}</${name}>`);
}

function asset(name: string): string {
  return readFileSync(join(packageRoot, 'assets', 'report', name), 'utf8');
}

/** How a content security policy names an inline style or script. */
function sourceHash(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`;
}
