/** The published results that come with Hourglass: `pipelines/published/`, a pipeline for each source, and `published.json`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../core/package-root.ts';
import type { Publication } from './generated/types.ts';

const FOLDER = join(packageRoot, 'pipelines', 'published');

/** By the names of their pipelines, the shortest trainings first. */
export type Catalog = ReadonlyMap<string, Publication>;

/** `published.json`. A test validates it. */
export function readCatalog(): Catalog {
  const text = readFileSync(join(FOLDER, 'published.json'), 'utf8');
  const { $schema: _schema, ...publications } = JSON.parse(text) as Record<string, Publication>;
  return new Map(Object.entries(publications));
}

/** The absolute path of the pipeline that reproduces a result. */
export function pipelineOf(name: string): string {
  return join(FOLDER, `${name}.yaml`);
}
