/** Writes the report of a run. */
import { join } from 'node:path';
import { writeFileAtomic } from '../files/atomic.ts';
import { renderPage } from './page.ts';
import { readReport, type ModelsInPage } from './read.ts';
import type { Report, SweepLink } from './report.ts';

/**
 * Writes `report.html` of a run's outputs.
 *
 * @param folder absolute path of `outputs/<name>`
 * @param options `models`: trained models that can be tried in the page; `sweep`: the sweep, if the run is a trial
 * @returns the file and its content
 * @throws Failure `no-run`, or if the file cannot be written
 */
export async function writeReport(
  folder: string,
  { models, sweep }: { readonly models: ModelsInPage; readonly sweep?: SweepLink },
): Promise<{ readonly path: string; readonly report: Report }> {
  const report = { ...(await readReport(folder, models)), ...(sweep === undefined ? {} : { sweep }) };
  const path = join(folder, 'report.html');
  await writeFileAtomic(path, renderPage(report));
  return { path, report };
}
