/** The end of a report: all metrics, the environment, how to reproduce the run, and the hashes that identify it. */
import { sha256 } from '../../core/json.ts';
import { repeatText } from '../command.ts';
import { html, type Html } from '../html.ts';
import { metricName, plainMetric } from '../metric-names.ts';
import {
  breakable,
  download,
  enumerate,
  factList,
  foldedSection,
  number,
  platformFacts,
  repeatsText,
  stageLink,
  type Fact,
} from '../parts.ts';
import type { Report } from '../report.ts';

export function metricsSection({ stages }: Report): Html {
  const left = stages.filter(({ outdated }) => outdated !== undefined);
  const rows = stages.flatMap((stage) =>
    Object.entries(stage.metrics).map(([name, value]) => ({ stage, name, value })),
  );
  return foldedSection(
    'metrics',
    'Metrics',
    html`${
      rows.length === 0
        ? html`<p>No stage has measured anything.</p>`
        : html`<table>
            <caption>
              All that was measured with these settings, as in
              <code>metrics.json</code>
            </caption>
            <thead>
              <tr>
                <th scope="col">Stage</th>
                <th scope="col">Metric</th>
                <th scope="col" class="number">Value</th>
                <th scope="col">Meaning</th>
              </tr>
            </thead>
            <tbody>
              ${rows.map(
                ({ stage, name, value }) =>
                  html`<tr>
                    <th scope="row">${stageLink(stage.name)}</th>
                    <td>${breakable(name)}</td>
                    <td class="number">${number(value)}</td>
                    <td class="quiet">${metricName(plainMetric(name), stage.settings)}</td>
                  </tr> `,
              )}
            </tbody>
          </table>`
    }
    ${
      left.length === 0
        ? undefined
        : html`<p class="quiet">
            Without ${enumerate(left.map(({ name }) => stageLink(name)))}, whose results are of an earlier
            setting.
          </p>`
    }`,
    'left-out',
  );
}

export function environmentSection({
  seed,
  threads,
  engine,
  versions,
  otherVersions,
  overrides,
}: Report): Html {
  const facts: readonly Fact[] = [
    ['Seed', String(seed)],
    ...(overrides.length === 0 ? [] : [['Overrides', overrides.join(' ')] as const]),
    ...(threads.length === 0 ? [] : [['TensorFlow threads', threads.join(', ')] as const]),
    ...platformFacts(engine, versions),
    ...otherVersions.map(([stage, version]) => [`Made before: ${stage}`, `Hourglass ${version}`] as const),
  ];
  return foldedSection('environment', 'Environment', factList(facts), 'printed');
}

export function reproduceSection(report: Report): Html {
  const { name, sources, hasPlugins, engine, seed } = report;
  return foldedSection(
    'reproduce',
    'How to repeat it',
    html`<p>
        Every random draw derives from the seed ${seed}. The same pipeline gives the same numbers and figures,
        bit for bit ${repeatsText(engine)}.
      </p>
      <ol>
        <li>
          Save ${enumerate(sources.map(download))}, which this page
          carries${sources.length > 1 ? ', each in the place that its name says' : undefined}${
            hasPlugins ? ', beside its plugins' : undefined
          }.
        </li>
        <li>
          Run it:
          <pre class="command"><code>${repeatText(report)}</code></pre>
        </li>
        <li>
          Compare its report, <code>outputs/${name}/report.html</code>, with this page: hashes and metrics
          must be the same.
        </li>
      </ol>
      ${engine?.['kind'] === 'portable' ? html`<p>It was run on the portable engine: <code>--engine portable</code>.</p>` : undefined}`,
    'printed',
  );
}

export function hashesSection({ stages, sources }: Report): Html {
  const known = stages.filter(({ hash }) => hash !== undefined);
  return foldedSection(
    'hashes',
    'Hashes',
    html`<p>
        SHA-256 of the pipeline ${sources.length === 1 ? 'file' : 'files'}, and for each stage of all that its
        result depends on: type and version, settings, inputs, seed, engine, data files.
      </p>
      <table class="hashes">
        <caption>
          Hashes
        </caption>
        <tbody>
          ${sources.map(
            ({ file, text }) =>
              html`<tr>
                <th scope="row">${breakable(file)}</th>
                <td><code>${sha256(text)}</code></td>
              </tr> `,
          )}
          ${known.map(
            ({ name, hash }) =>
              html`<tr>
                <th scope="row">${breakable(name)}</th>
                <td><code>${hash}</code></td>
              </tr> `,
          )}
        </tbody>
      </table>`,
    'left-out',
  );
}
