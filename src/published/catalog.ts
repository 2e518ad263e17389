/** The published results that come with Hourglass: `pipelines/published/`, a pipeline for each source, and `published.json`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../core/package-root.ts';
import type { Publication } from './generated/types.ts';

/** The folder of the results that come with Hourglass. */
export const PUBLISHED = join(packageRoot, 'pipelines', 'published');

/** By the names of their pipelines, the shortest trainings first. */
export type Catalog = ReadonlyMap<string, Publication>;

/** `published.json` of a folder. A test validates Hourglass's own. */
export function readCatalog(folder = PUBLISHED): Catalog {
  const text = readFileSync(join(folder, 'published.json'), 'utf8');
  const { $schema: _schema, ...publications } = JSON.parse(text) as Record<string, Publication>;
  return new Map(Object.entries(publications));
}

/** The absolute path of the pipeline that reproduces a result. */
export function pipelineOf(name: string, folder = PUBLISHED): string {
  return join(folder, `${name}.yaml`);
}
