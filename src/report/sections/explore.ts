/** The models of a run, to be tried in the page. */
import type { PageModels } from '../../explorer/write/models.ts';
import { html, Html, withCode } from '../html.ts';
import { enumerate, stageLink } from '../parts.ts';

/** The controls are added by the page's script. */
export function exploreSection({ models, wasm, absent }: PageModels): Html {
  return html`<section id="explore" aria-labelledby="explore-title">
    <h2 id="explore-title">Explore</h2>
    ${
      models.length === 0
        ? undefined
        : html`<p>
              ${enumerate(models.map(({ stage }) => stageLink(stage)))}
              ${models.length === 1 ? 'runs' : 'run'} in this page, with images of the data set. Try the
              ${models.length === 1 ? 'model' : 'models'}: draw something, change the noise, or move through
              the latents. Nothing leaves your browser.
            </p>
            <noscript
              ><p class="note">
                This needs scripts, which your browser does not run for this page.
              </p></noscript
            >
            <p class="on-paper quiet">To try the model, open the report in a browser.</p>
            <div class="explorer">
              ${models.map(({ stage, json }) => dataElement(stage, json))}
              <script type="text/plain" class="wasm">
                ${wasm}
              </script>
            </div>`
    }
    ${absent.map(
      ({ stage, reason }) =>
        html`<p class="note">${stageLink(stage)} cannot be tried in this page: ${withCode(reason)}</p>`,
    )}
  </section>`;
}

/** No character of the data can end the element. */
function dataElement(stage: string, json: string): Html {
  return html`<script type="application/json" class="model" data-stage="${stage}">
    ${new Html(json.replaceAll('<', '\\u003c'))}
  </script>`;
}
