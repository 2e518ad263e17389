/**
 * Checkpoints: what a stage that takes long leaves behind while it works, so that a killed one goes on where it was. They
 * are named by all that the stage's result depends on but its length, so that a longer run goes on from a shorter one:
 *
 *     checkpoints/<lineage>/000012-<SHA-256 of the content>.safetensors    arrays and notes after 12 epochs
 *     checkpoints/<lineage>/files/previews/epoch-012.png                   artifacts that were made by then
 *
 * A checkpoint is whole or not there, and is checked before it is used. Processes that work at one lineage at the same
 * time do no harm: they write the same bytes.
 */
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isJsonObject, sha256, type JsonObject } from '../core/json.ts';
import { syncFile, syncFolder, writeFileAtomic } from '../files/atomic.ts';
import { remove, removeAll } from '../files/in-use.ts';
import { hashFile } from '../files/hash.ts';
import { ifReadable, namesIn } from '../files/present.ts';
import { decodeTensors, encodeTensors, type NamedArray } from '../formats/safetensors.ts';
import { placeFile } from './workspace.ts';

export interface Checkpoint {
  /** How far the work has come, from 1. */
  readonly epoch: number;
  readonly arrays: readonly NamedArray[];
  /** Whatever else the work needs to go on. */
  readonly notes: JsonObject;
  /** Artifacts that are finished, relative to the stage's folder, with `/`. */
  readonly files: readonly string[];
}

/** Checkpoints that are kept: a second one, in case the disk lost the first. */
const KEPT = 2;

const NAME = /^(\d{6,})-([0-9a-f]{64})\.safetensors$/;

interface Found {
  readonly epoch: number;
  readonly sha256: string;
  readonly name: string;
}

export class Checkpoints {
  readonly folder: string;

  /** @param folder absolute path of one lineage's folder; made when first needed */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** The newest epoch, up to `limit`, that there is a checkpoint of; its content is not looked at. */
  async newest(limit: number): Promise<number | undefined> {
    return (await this.#list(limit))[0]?.epoch;
  }

  /**
   * Reads the newest checkpoint up to `limit` that is whole, and puts its files into the stage's folder.
   *
   * @param onDamaged told the name of each checkpoint that was passed over; it is removed
   */
  async restore(
    limit: number,
    stageFolder: string,
    onDamaged: (name: string) => void,
  ): Promise<Checkpoint | undefined> {
    for (const found of await this.#list(limit)) {
      const checkpoint = await this.#read(found);
      if (checkpoint !== undefined && (await this.#placeFiles(checkpoint.hashes, stageFolder))) {
        return { ...checkpoint.content, files: Object.keys(checkpoint.hashes) };
      }
      onDamaged(found.name);
      await remove(join(this.folder, found.name));
    }
    return undefined;
  }

  /**
   * Keeps a checkpoint and the one before it; older ones go.
   *
   * @param stageFolder where `files` are
   * @throws Failure `disk-full` or `output-not-writable`; the checkpoints before are then intact
   */
  async save({ epoch, arrays, notes, files }: Checkpoint, stageFolder: string): Promise<void> {
    const hashes: Record<string, string> = {};
    for (const path of files) hashes[path] = await this.#keepFile(join(stageFolder, path), path);
    const metadata = new Map([['checkpoint', JSON.stringify({ epoch, notes, files: hashes })]]);
    const bytes = encodeTensors({ arrays, metadata });
    await writeFileAtomic(
      join(this.folder, `${String(epoch).padStart(6, '0')}-${sha256(bytes)}.safetensors`),
      bytes,
    );
    // Those of later epochs belong to a longer run, which may still want them.
    const older = (await this.#list(epoch)).slice(KEPT);
    for (const { name } of older) await remove(join(this.folder, name));
  }

  async remove(): Promise<void> {
    await removeAll(this.folder);
  }

  /** Newest first. */
  async #list(limit: number): Promise<readonly Found[]> {
    const names = await namesIn(this.folder);
    return names
      .flatMap((name): readonly Found[] => {
        const [, epoch, hash] = NAME.exec(name) ?? [];
        return epoch === undefined || hash === undefined
          ? []
          : [{ epoch: Number(epoch), sha256: hash, name }];
      })
      .filter(({ epoch }) => epoch <= limit)
      .sort((a, b) => b.epoch - a.epoch);
  }

  /** Undefined if anything is not as it was written. */
  async #read(found: Found): Promise<
    | {
        readonly content: Omit<Checkpoint, 'files'>;
        readonly hashes: Readonly<Record<string, string>>;
      }
    | undefined
  > {
    const bytes = await ifReadable(readFile(join(this.folder, found.name)));
    if (bytes === undefined || sha256(bytes) !== found.sha256) return undefined;
    const content = parse(bytes, found.name);
    if (content === undefined || !isJsonObject(content.record)) return undefined;
    const { arrays, record } = content;
    const { epoch, notes, files } = record;
    if (epoch !== found.epoch || !isJsonObject(notes) || !isHashes(files)) return undefined;
    return { content: { epoch, arrays, notes }, hashes: files };
  }

  /** Keeps a file under a second name, on the disk for good. Returns its SHA-256. */
  async #keepFile(from: string, path: string): Promise<string> {
    const to = join(this.folder, 'files', path);
    const hash = await hashFile(from);
    if ((await ifReadable(hashFile(to))) === hash) return hash;
    await syncFile(from);
    await placeFile(from, to);
    await syncFolder(dirname(to));
    return hash;
  }

  /** Gives the stage its finished files back; false if one of them is not what it was. */
  async #placeFiles(hashes: Readonly<Record<string, string>>, stageFolder: string): Promise<boolean> {
    for (const [path, expected] of Object.entries(hashes)) {
      const kept = join(this.folder, 'files', path);
      if ((await ifReadable(hashFile(kept))) !== expected) return false;
      await placeFile(kept, join(stageFolder, path));
    }
    return true;
  }
}

function parse(
  bytes: Uint8Array,
  name: string,
): { readonly arrays: readonly NamedArray[]; readonly record: unknown } | undefined {
  try {
    const { arrays, metadata } = decodeTensors(bytes, name);
    return { arrays, record: JSON.parse(metadata.get('checkpoint') ?? '') };
  } catch {
    return undefined;
  }
}

/** Paths are checked, too: they must not lead out of the folder. */
function isHashes(value: unknown): value is Readonly<Record<string, string>> {
  return (
    isJsonObject(value) &&
    Object.entries(value).every(
      ([path, hash]) =>
        typeof hash === 'string' &&
        path.split('/').every((part) => part !== '' && part !== '.' && part !== '..'),
    )
  );
}
