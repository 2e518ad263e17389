/** `docs/numbers.json`: the values measured for the documents, with their cache keys. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/package-root.ts';
import { formatValue, type Marker } from './markers.ts';

export interface Measured {
  /** The pipeline's file. */
  readonly command: string;
  readonly date: string;
  /** Hashes of the keys of its stages. */
  readonly keys: Readonly<Record<string, string>>;
  /** Values by source, as in markers. */
  readonly values: Readonly<Record<string, number | string>>;
}

export const RECORD = join(packageRoot, 'docs', 'numbers.json');

/** Paths below the package root of all documents that may quote numbers. */
export function documents(): readonly string[] {
  const pages = readdirSync(join(packageRoot, 'docs')).filter((name) => name.endsWith('.md'));
  return ['README.md', ...pages.map((name) => `docs/${name}`)];
}

export function readDocument(path: string): string {
  return readFileSync(join(packageRoot, path), 'utf8');
}

export function readRecord(): Readonly<Record<string, Measured>> {
  return existsSync(RECORD) ? (JSON.parse(readFileSync(RECORD, 'utf8')) as Record<string, Measured>) : {};
}

/** The text that a document should have at a marker; undefined if it was not measured. */
export function textOf({ source, format }: Marker, measured: Measured | undefined): string | undefined {
  const value = measured?.values[source];
  return value === undefined ? undefined : formatValue(value, format);
}
