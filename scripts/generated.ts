/** Everything generated from the schemas. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { composeSchema } from '../src/schema/compose.ts';
import { packageRoot } from '../src/core/package-root.ts';
import { readSchema, SHARED_SCHEMAS, STAGE_TYPES, withoutNotes } from '../src/schema/schemas.ts';
import { generateReference } from './generate-reference.ts';
import { generateTypes } from './generate-types.ts';

/** Texts of all generated files, by their paths below the package root. */
export function generatedFiles(): ReadonlyMap<string, string> {
  const stages = new Map(STAGE_TYPES.map((type) => [type, readSchema(`stages/${type}`)]));
  const own = new Map([...stages].map(([type, schema]) => [type, withoutNotes(schema)]));
  const reference = generateReference(
    readSchema('document'),
    own,
    readSchema('layers'),
    readSchema('training'),
  );
  return new Map([
    [
      'src/schema/generated/settings.ts',
      generateTypes(
        'Settings of stages after validation, with defaults in place.',
        SHARED_SCHEMAS.map(readSchema),
        [...own.values()],
      ),
    ],
    [
      'src/submission/generated/types.ts',
      generateTypes(
        'What describes a submission and an assignment, after validation, with defaults in place.',
        [readSchema('submission')],
        [readSchema('assignment')],
      ),
    ],
    ['src/published/generated/types.ts', generateTypes('Published results.', [readSchema('published')], [])],
    ['schemas/pipeline.schema.json', `${JSON.stringify(composeSchema(stages), null, 2)}\n`],
    ['docs/reference.md', reference],
  ]);
}

/** Paths of the generated files that are outdated. */
export function outOfStep(): readonly string[] {
  return [...generatedFiles()].flatMap(([path, text]) => (read(path) === text ? [] : [path]));
}

function read(path: string): string | undefined {
  try {
    return readFileSync(join(packageRoot, path), 'utf8');
  } catch {
    return undefined;
  }
}
