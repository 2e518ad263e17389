/** `ro-crate-metadata.json`: the archive as an RO-Crate 1.1 (https://w3id.org/ro/crate/1.1), for tools that do not know Hourglass. */
import type { Pipeline } from '../config/pipeline.ts';
import type { JsonObject } from '../core/json.ts';
import type { Environment, PackedFile } from './generated/types.ts';
import { CRATE } from './manifest.ts';

export interface CrateContent {
  readonly pipeline: Pick<Pipeline, 'name' | 'description'>;
  /** Path of the pipeline in the archive. */
  readonly file: string;
  /** All files except the metadata itself. */
  readonly files: readonly PackedFile[];
  readonly environment: Environment;
}

const VERSION = 'https://w3id.org/ro/crate/1.1';

/** The standard requires a date. The date of packing would make each archive different. */
const PUBLISHED = '1980-01-01';

const MEDIA_TYPES: Readonly<Record<string, string>> = {
  json: 'application/json',
  yaml: 'application/yaml',
  yml: 'application/yaml',
  csv: 'text/csv',
  html: 'text/html',
  txt: 'text/plain',
  png: 'image/png',
  svg: 'image/svg+xml',
  ts: 'text/typescript',
  js: 'text/javascript',
  mjs: 'text/javascript',
};

export function describeCrate(content: CrateContent): JsonObject {
  const { environment, files, pipeline } = content;
  const { name } = pipeline;
  const outputs = files.filter(({ path }) => path.startsWith('outputs/'));
  const references = (list: readonly PackedFile[]): readonly JsonObject[] =>
    list.map(({ path }) => ({ '@id': idOf(path) }));
  return {
    '@context': `${VERSION}/context`,
    '@graph': [
      {
        '@id': CRATE,
        '@type': 'CreativeWork',
        about: { '@id': './' },
        conformsTo: { '@id': VERSION },
        description: 'Description of this archive as an RO-Crate',
      },
      {
        '@id': './',
        '@type': 'Dataset',
        name,
        description: pipeline.description ?? `The pipeline ${name} and its results`,
        datePublished: PUBLISHED,
        license: { '@id': '#license' },
        hasPart: references(files),
        mentions: { '@id': '#run' },
      },
      {
        '@id': '#license',
        '@type': 'CreativeWork',
        name: 'No licence',
        description: 'Submitted for marking; the author decides about any other use.',
      },
      {
        '@id': '#run',
        '@type': 'CreateAction',
        name: `Run of ${name}`,
        instrument: { '@id': '#hourglass' },
        object: { '@id': idOf(content.file) },
        result: references(outputs),
      },
      {
        '@id': '#hourglass',
        '@type': 'SoftwareApplication',
        name: 'Hourglass',
        version: environment.hourglass,
        softwareRequirements: `Node.js ${environment.node}, ${environment.engine.version}`,
        operatingSystem: environment.system,
      },
      ...files.map(describeFile),
    ],
  };
}

function describeFile({ path, bytes, sha256 }: PackedFile): JsonObject {
  const extension = /\.([^./]+)$/.exec(path)?.[1]?.toLowerCase() ?? '';
  return {
    '@id': idOf(path),
    '@type': 'File',
    name: path.slice(path.lastIndexOf('/') + 1),
    contentSize: String(bytes),
    encodingFormat: MEDIA_TYPES[extension] ?? 'application/octet-stream',
    sha256,
  };
}

/** A path as a relative URI. */
function idOf(path: string): string {
  return path.split('/').map(encodeURIComponent).join('/');
}
