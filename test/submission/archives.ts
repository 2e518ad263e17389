/** Archives for tests: read without our reader, and written byte by byte, valid or invalid. */
import { buffer } from 'node:stream/consumers';
import { crc32, deflateRawSync } from 'node:zlib';
import yauzl from 'yauzl';
import { sha256 } from '../../src/core/json.ts';
import type { Environment, Manifest } from '../../src/submission/generated/types.ts';
import { describeCrate } from '../../src/submission/crate.ts';
import { CRATE, REPORT, RESOLVED, toText } from '../../src/submission/manifest.ts';
import { writeZip } from '../../src/submission/zip-write.ts';

export type Files = ReadonlyMap<string, Buffer>;

export async function contents(path: string): Promise<Files> {
  const zip = await yauzl.openPromise(path, { lazyEntries: true, autoClose: false });
  const files = new Map<string, Buffer>();
  for await (const entry of zip.eachEntry()) {
    files.set(entry.fileName, await buffer(await zip.openReadStreamPromise(entry)));
  }
  zip.close();
  return files;
}

export interface Forgery {
  /** Contents to put in place; `null` removes a file. */
  readonly files?: Readonly<Record<string, string | Buffer | null>>;
  readonly manifest?: (manifest: Manifest) => Manifest;
}

/** An archive changed by someone who knows the format: all hashes match. */
export async function forge(files: Files, forgery: Forgery): Promise<Buffer> {
  return zipOf(forgeFiles(files, forgery));
}

export async function zipOf(files: Files): Promise<Buffer> {
  return Buffer.from(await writeZip([...files].map(([path, data]) => ({ path, data }))));
}

export function forgeFiles(files: Files, { files: changes = {}, manifest: edit }: Forgery): Files {
  const all = new Map(files);
  for (const [path, content] of Object.entries(changes)) {
    if (content === null) all.delete(path);
    else all.set(path, Buffer.from(content));
  }
  all.delete('manifest.json');
  const before = JSON.parse(String(files.get('manifest.json'))) as Manifest;
  const stages = before.stages.map((stage) => ({
    ...stage,
    files: stage.files.map((file) => {
      const data = all.get(`outputs/${stage.name}/${file.path}`);
      return data === undefined ? file : { path: file.path, ...described(data) };
    }),
  }));
  const list = (): Manifest['files'] => [...all].map(([path, data]) => ({ path, ...described(data) }));
  if (changes[CRATE] === undefined && all.delete(CRATE)) {
    const crate = describeCrate({
      pipeline: before.pipeline,
      file: before.pipeline.file,
      files: list(),
      environment: JSON.parse(String(all.get('environment.json'))) as Environment,
    });
    all.set(CRATE, Buffer.from(toText(crate)));
  }
  const manifest = { ...before, stages, files: list() };
  all.set('manifest.json', Buffer.from(toText(edit === undefined ? manifest : edit(manifest))));
  return all;
}

function described(data: Buffer): { readonly bytes: number; readonly sha256: string } {
  return { bytes: data.length, sha256: sha256(data) };
}

export const ENVIRONMENT: Environment = {
  hourglass: '0.1.0',
  node: '20.0.0',
  system: 'linux-x64',
  processor: { model: 'none', features: [] },
  engine: { kind: 'native', version: 'tensorflow 2.21.0', platform: 'linux-x64' },
  packages: '',
};

/** The smallest files that make an archive, and further ones, all of them listed. */
export function listed(others: Readonly<Record<string, string | Buffer>> = {}, pipeline = PIPELINE): Files {
  const files = new Map<string, Buffer>([
    ['environment.json', Buffer.from(toText(ENVIRONMENT))],
    ['outputs/metrics.json', Buffer.from('{}')],
    ['pipeline/p.yaml', Buffer.from(pipeline)],
    ...Object.entries(others).map(([path, data]): [string, Buffer] => [path, Buffer.from(data)]),
  ]);
  const manifest: Manifest = {
    format: 'hourglass-submission-1',
    pipeline: { file: 'pipeline/p.yaml', name: 'p', seed: 0, overrides: [], threads: 1 },
    stages: [{ name: 'mnist', type: 'dataset', hash: '0'.repeat(64), metrics: [], files: [] }],
    files: [...files].map(([path, data]) => ({ path, ...described(data) })),
  };
  return new Map([['manifest.json', Buffer.from(toText(manifest))], ...files]);
}

/** The smallest consistent archive. */
export function consistent(): Files {
  const mnist = 'type: dataset\n    source: mnist\n    limit: null\n    normalize: minmax\n';
  const resolved = `name: p\nstages:\n  mnist:\n    ${mnist}seed: 0\nparams: {}\nplugins: []\n`;
  return forgeFiles(listed({ [RESOLVED]: resolved, [REPORT]: '<!doctype html>', [CRATE]: '{}' }), {});
}

export const PIPELINE = 'name: p\nstages: { mnist: { type: dataset, source: mnist } }\n';

/** Fields of a header that do not match the data. */
export interface RawHeader {
  readonly name?: string | Buffer;
  readonly flags?: number;
  readonly method?: number;
  readonly crc?: number;
  readonly packed?: number;
  readonly size?: number;
  readonly extra?: Buffer;
  readonly time?: number;
  readonly date?: number;
  readonly needed?: number;
}

export interface RawEntry {
  readonly name: string | Buffer;
  readonly data: Buffer;
  readonly deflate?: boolean;
  /** Bytes to write instead of the data. */
  readonly raw?: Buffer;
  readonly both?: RawHeader;
  readonly local?: RawHeader;
  readonly central?: RawHeader & {
    readonly comment?: string;
    readonly attributes?: number;
    readonly internal?: number;
    readonly disk?: number;
    readonly madeBy?: number;
    readonly offset?: number;
  };
  /** Bytes after the data. */
  readonly after?: Buffer;
}

export interface RawZip {
  readonly entries: readonly RawEntry[];
  readonly before?: Buffer;
  /** Bytes between the last file and the directory. */
  readonly between?: Buffer;
  /** Bytes between the directory and the end record. */
  readonly record?: Buffer;
  readonly end?: {
    readonly count?: number;
    readonly here?: number;
    readonly size?: number;
    readonly start?: number;
    readonly disk?: number;
    readonly comment?: Buffer;
  };
  readonly after?: Buffer;
}

export function rawZip({ entries, before, between, record, end = {}, after }: RawZip): Buffer {
  const parts: Buffer[] = before === undefined ? [] : [before];
  const directory: Buffer[] = [];
  let position = before?.length ?? 0;
  for (const entry of entries) {
    const { data, both = {} } = entry;
    const raw = entry.raw ?? (entry.deflate === true ? deflateRawSync(data) : data);
    const fields = {
      name: entry.name,
      flags: 0x800,
      method: entry.deflate === true ? 8 : 0,
      crc: crc32(data),
      packed: raw.length,
      size: data.length,
      extra: Buffer.alloc(0),
      time: 0,
      date: 33,
      needed: 20,
      ...both,
    };
    const local = { ...fields, ...entry.local };
    const central = {
      comment: '',
      attributes: (0o100644 << 16) >>> 0,
      internal: 0,
      disk: 0,
      madeBy: 0x033f,
      offset: position,
      ...fields,
      ...entry.central,
    };
    const localName = Buffer.from(local.name);
    const header = Buffer.concat([shared(0x04034b50, [], local), localName, local.extra]);
    const name = Buffer.from(central.name);
    const comment = Buffer.from(central.comment);
    const tail = Buffer.alloc(14);
    tail.writeUInt16LE(comment.length, 0);
    tail.writeUInt16LE(central.disk, 2);
    tail.writeUInt16LE(central.internal, 4);
    tail.writeUInt32LE(central.attributes, 6);
    tail.writeUInt32LE(central.offset, 10);
    directory.push(
      Buffer.concat([shared(0x02014b50, [central.madeBy], central), tail, name, central.extra, comment]),
    );
    const whole = Buffer.concat([header, raw, entry.after ?? Buffer.alloc(0)]);
    parts.push(whole);
    position += whole.length;
  }
  const start = position + (between?.length ?? 0);
  const size = directory.reduce((sum, { length }) => sum + length, 0);
  const last = Buffer.alloc(22);
  last.writeUInt32LE(0x06054b50, 0);
  last.writeUInt16LE(end.disk ?? 0, 4);
  last.writeUInt16LE(end.here ?? end.count ?? entries.length, 8);
  last.writeUInt16LE(end.count ?? entries.length, 10);
  last.writeUInt32LE(end.size ?? size, 12);
  last.writeUInt32LE(end.start ?? start, 16);
  last.writeUInt16LE(end.comment?.length ?? 0, 20);
  return Buffer.concat(
    [...parts, between, ...directory, record, last, end.comment, after].filter((part) => part !== undefined),
  );
}

/** The fields in both headers, from the signature to the length of the extra fields. */
function shared(
  signature: number,
  madeBy: readonly number[],
  { name, flags, method, crc, packed, size, extra, time, date, needed }: Required<RawHeader>,
): Buffer {
  const header = Buffer.alloc(4 + 2 * madeBy.length + 26);
  let at = header.writeUInt32LE(signature);
  for (const value of [...madeBy, needed, flags, method, time, date]) at = header.writeUInt16LE(value, at);
  for (const value of [crc, packed, size]) at = header.writeUInt32LE(value, at);
  at = header.writeUInt16LE(Buffer.from(name).length, at);
  header.writeUInt16LE(extra.length, at);
  return header;
}
