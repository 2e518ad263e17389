/** YAML documents other than pipelines: validated by their own schema, with places as for pipelines. */
import type { Diagnostic, SourceFile } from '../core/diagnostic.ts';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import { explain } from './diagnostics/explain.ts';
import { tidyRange, toJson, type LocatedMap } from './located.ts';
import { parseSource } from './parse.ts';
import { readSource } from './read.ts';
import { PathSet } from './diagnostics/path-set.ts';
import { errorAt, inOrder } from './diagnostics/report.ts';
import { Validator } from './validator.ts';

export interface ReadDocument {
  readonly source: SourceFile;
  /** All problems. */
  readonly diagnostics: readonly Diagnostic[];
  /** With defaults filled in; present if there is no error. */
  readonly data?: JsonObject;
}

/** A kind of document. */
export interface DocumentKind {
  readonly schema: JsonObject;
  /** What it is, for messages: `the pipeline`. */
  readonly whole: string;
  /** The problem with a document that is of another kind: its other problems are not reported. */
  readonly isOther: (root: LocatedMap) => Diagnostic | undefined;
}

/**
 * Reads a document whose root is a map.
 *
 * @throws Failure if the file cannot be read
 */
export async function readYamlDocument(
  file: string,
  { schema, whole, isOther }: DocumentKind,
): Promise<ReadDocument> {
  const source = await readSource(file, file);
  const diagnostics: Diagnostic[] = [];
  const root = parseSource(source, (diagnostic) => diagnostics.push(diagnostic));
  if (root === undefined || root === 'empty' || root.kind !== 'map') {
    if (root !== undefined && diagnostics.length === 0) {
      const start = { line: 1, column: 1 };
      const range = root === 'empty' ? { file, start, end: start } : tidyRange(root);
      diagnostics.push(errorAt(range, 'wrong-type', 'this file is a map of keys to values'));
    }
    return { source, diagnostics };
  }
  const other = isOther(root);
  if (other !== undefined) return { source, diagnostics: [other] };
  const broken = new PathSet();
  const data = toJson(root, (path) => broken.add(path));
  if (!isJsonObject(data)) throw new Error('a document is a map');
  const { errors } = Validator.shared().validate(schema, data);
  diagnostics.push(...explain(errors, { whole, root, at: [], data, schema, broken }));
  return {
    source,
    diagnostics: inOrder(diagnostics, [source]),
    ...(diagnostics.length === 0 ? { data } : {}),
  };
}
