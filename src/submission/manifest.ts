/** `manifest.json` and `environment.json`: the two files of an archive that describe it. */
import type { ValidateFunction } from 'ajv';
import { failure, type Diagnostic } from '../core/diagnostic.ts';
import type { Json } from '../core/json.ts';
import { readSchema } from '../schema/schemas.ts';
import type { Environment, Manifest } from './generated/types.ts';
import { isDeep } from './json-text.ts';

export const MANIFEST = 'manifest.json';
export const ENVIRONMENT = 'environment.json';
export const RESOLVED = 'resolved.yaml';
export const CRATE = 'ro-crate-metadata.json';
export const METRICS = 'outputs/metrics.json';
export const REPORT = 'outputs/report.html';

/** Path in the archive of a stage's artifact. */
export const artifactPath = (stage: string, path: string): string => `outputs/${stage}/${path}`;

/** @throws Failure `archive-unsafe` for anything but a manifest */
export async function readManifest(text: string): Promise<Manifest> {
  const value = parse(text, MANIFEST);
  if (!(await validator<Manifest>('Manifest'))(value)) throw unreadable(MANIFEST);
  return value;
}

/** @throws Failure `archive-unsafe` for anything but a description of an environment */
export async function readEnvironment(text: string): Promise<Environment> {
  const value = parse(text, ENVIRONMENT);
  if (!(await validator<Environment>('Environment'))(value)) throw unreadable(ENVIRONMENT);
  return value;
}

/** JSON as `pack` writes it: equal values have equal texts. */
export function toText(value: Json): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}

async function validator<T>(definition: string): Promise<ValidateFunction<T>> {
  const { Ajv } = await import('ajv');
  const ajv = new Ajv({ strict: true, ownProperties: true, logger: false, validateSchema: false });
  ajv.addSchema(readSchema('submission'));
  return ajv.compile<T>({ $ref: `submission.json#/definitions/${definition}` });
}

/** Also refuses duplicate keys, which parsers treat differently. `JSON.parse` accepts them, but `toText` never writes them. */
function parse(text: string, name: string): unknown {
  if (isDeep(text)) throw unreadable(name);
  try {
    const value = JSON.parse(text) as Json;
    if (toText(value) === text) return value;
  } catch {
    // Reported like any other text that `pack` does not write.
  }
  throw unreadable(name);
}

/** A claim of an archive that is wrong. */
export function mismatch(message: string): Diagnostic {
  return { code: 'verification-mismatch', severity: 'error', message };
}

function unreadable(name: string): Error {
  return failure(
    'archive-unsafe',
    `\`${name}\` in the archive is not as \`hourglass pack\` writes it`,
    'submit the file unchanged, as `hourglass pack` wrote it',
  );
}
