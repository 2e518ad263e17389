/** Writes everything that is generated from the schemas; with `--check`, says what is out of step instead. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { composeSchema } from '../src/core/compose-schema.ts';
import { packageRoot } from '../src/core/package-root.ts';
import { readSchema, SHARED_SCHEMAS, STAGE_TYPES } from '../src/core/schemas.ts';
import { generateTypes } from './generate-types.ts';

/** Texts of all generated files, by their path below the package root. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const shared = SHARED_SCHEMAS.map(readSchema);
  const stages = STAGE_TYPES.map((type) => readSchema(`stages/${type}`));
  const pipeline = composeSchema(new Map(STAGE_TYPES.map((type) => [type, readSchema(`stages/${type}`)])));
  return new Map([
    ['src/config/generated/settings.ts', generateTypes(shared, stages)],
    ['schemas/pipeline.schema.json', `${JSON.stringify(pipeline, null, 2)}\n`],
  ]);
}

for (const [path, text] of generatedFiles()) {
  const file = join(packageRoot, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
}
