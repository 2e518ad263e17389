/** `docs/numbers.json`: what was measured for the documents, and under which keys. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../src/core/package-root.ts';
import { formatValue, type Marker } from './markers.ts';

export interface Measured {
  /** What was run. */
  readonly command: string;
  readonly date: string;
  /** Hashes of the keys of its stages. */
  readonly keys: Readonly<Record<string, string>>;
  /** By source, as markers name it. */
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

/** What a document should say at a marker; undefined where nothing was measured. */
export function textOf({ source, format }: Marker, measured: Measured | undefined): string | undefined {
  const value = measured?.values[source];
  return value === undefined ? undefined : formatValue(value, format);
}
