/** The top of a live page: what the running stages show so far. */
import { html, type Html } from '../html.ts';
import { activityLine, stageLink } from '../parts.ts';
import type { Report } from '../report.ts';
import { isOnTop, renderExhibit } from './stage.ts';

export function runningSection({ stages }: Report): Html {
  const running = stages.filter(isOnTop);
  if (running.length === 0) return html``;
  return html`<section id="running" aria-labelledby="running-title">
    <h2 id="running-title">Running</h2>
    ${running.map(
      ({ name, activity, exhibits }) =>
        html`<div class="running" role="group" aria-label="${name}">
          ${activity === undefined ? html`<p>${stageLink(name)}</p>` : activityLine(activity, name)}
          <div class="so-far">
            ${exhibits.map((exhibit, index) => renderExhibit(exhibit, `${name}-${index}`, name, undefined))}
          </div>
        </div>`,
    )}
  </section>`;
}
