/**
 * Checkpoints: the state that a long stage saves while it works, so that a killed run can resume. Their name is a hash of all
 * that the stage's result depends on except its length, so a longer run can continue a shorter one:
 *
 *     checkpoints/<lineage>/000012-<SHA-256 of the content>.safetensors    arrays and notes after 12 epochs
 *     checkpoints/<lineage>/files/previews/epoch-012.png                   artifacts written by then
 *     checkpoints/<lineage>/spent.json                                     how long the epochs took
 *
 * A checkpoint appears atomically, and is checked before it is used. Processes may work on the same lineage at the same time:
 * they write the same bytes.
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
  /** Epochs completed, from 1. */
  readonly epoch: number;
  readonly arrays: readonly NamedArray[];
  /** Other state needed to resume. */
  readonly notes: JsonObject;
  /** Finished artifacts, relative to the stage's folder, with `/`. */
  readonly files: readonly string[];
}

/** Time spent on a stage. */
export interface Spent {
  /** Wall time. */
  readonly seconds: number;
  /** Seconds of all threads of its process. */
  readonly processor: number;
}

/** Checkpoints kept: a second one, in case the disk loses the first. */
const KEPT = 2;

const NAME = /^(\d{6,})-([0-9a-f]{64})\.safetensors$/;

interface Found {
  readonly epoch: number;
  readonly sha256: string;
  readonly name: string;
}

export class Checkpoints {
  readonly folder: string;
  readonly #begun = clock();
  #earlier: Spent = { seconds: 0, processor: 0 };

  /** @param folder absolute path of one lineage's folder; created when first needed */
  constructor(folder: string) {
    this.folder = folder;
  }

  /** What earlier runs spent on the epochs that `restore` took over. */
  get earlier(): Spent {
    return this.#earlier;
  }

  /** The newest epoch, up to `limit`, that has a checkpoint; its content is not checked. */
  async newest(limit: number): Promise<number | undefined> {
    return (await this.#list(limit))[0]?.epoch;
  }

  /**
   * Reads the newest intact checkpoint up to `limit`, and places its files in the stage's folder.
   *
   * @param onDamaged called with the name of each damaged checkpoint, which is removed
   */
  async restore(
    limit: number,
    stageFolder: string,
    onDamaged: (name: string) => void,
  ): Promise<Checkpoint | undefined> {
    for (const found of await this.#list(limit)) {
      const checkpoint = await this.#read(found);
      if (checkpoint !== undefined && (await this.#placeFiles(checkpoint.hashes, stageFolder))) {
        this.#earlier = (await this.#spent()).get(found.epoch) ?? this.#earlier;
        return { ...checkpoint.content, files: Object.keys(checkpoint.hashes) };
      }
      onDamaged(found.name);
      await remove(join(this.folder, found.name));
    }
    return undefined;
  }

  /**
   * Saves a checkpoint. Keeps the one before it, and removes older ones.
   *
   * @param stageFolder where `files` are
   * @throws Failure `disk-full` or `output-not-writable`; the earlier checkpoints are then intact
   */
  async save({ epoch, arrays, notes, files }: Checkpoint, stageFolder: string): Promise<void> {
    const hashes: Record<string, string> = {};
    for (const path of files) hashes[path] = await this.#keepFile(join(stageFolder, path), path);
    const metadata = new Map([['checkpoint', JSON.stringify({ epoch, notes, files: hashes })]]);
    const bytes = encodeTensors({ arrays, metadata });
    await this.#noteSpent(epoch);
    await writeFileAtomic(
      join(this.folder, `${String(epoch).padStart(6, '0')}-${sha256(bytes)}.safetensors`),
      bytes,
    );
    // Those of later epochs belong to a longer run, which may still need them.
    const older = (await this.#list(epoch)).slice(KEPT);
    for (const { name } of older) await remove(join(this.folder, name));
  }

  async remove(): Promise<void> {
    await removeAll(this.folder);
  }

  /**
   * Not part of the checkpoint, whose bytes are the same in every run. Processes at work on one lineage replace each other's
   * times, which are about equal.
   */
  async #noteSpent(epoch: number): Promise<void> {
    const { seconds, processor } = clock();
    const kept = new Set((await this.#list(Infinity)).map((found) => found.epoch));
    const others = [...(await this.#spent())].filter(([of]) => kept.has(of) && of !== epoch);
    const own: Spent = {
      seconds: this.#earlier.seconds + seconds - this.#begun.seconds,
      processor: this.#earlier.processor + processor - this.#begun.processor,
    };
    const spent = Object.fromEntries([...others, [epoch, own]]);
    await writeFileAtomic(join(this.folder, SPENT), JSON.stringify(spent));
  }

  /** By epoch; without those that are not readable, as after a power failure. */
  async #spent(): Promise<ReadonlyMap<number, Spent>> {
    const text = await ifReadable(readFile(join(this.folder, SPENT), 'utf8'));
    try {
      const value: unknown = JSON.parse(text ?? '');
      const entries = isJsonObject(value) ? Object.entries(value) : [];
      return new Map(entries.flatMap(([epoch, spent]) => (isSpent(spent) ? [[Number(epoch), spent]] : [])));
    } catch {
      return new Map();
    }
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

  /** Undefined if anything differs from what was written. */
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

  /** Gives a file a second name, synced to disk. Returns its SHA-256. */
  async #keepFile(from: string, path: string): Promise<string> {
    const to = join(this.folder, 'files', path);
    const hash = await hashFile(from);
    if ((await ifReadable(hashFile(to))) === hash) return hash;
    await syncFile(from);
    await placeFile(from, to);
    await syncFolder(dirname(to));
    return hash;
  }

  /** Restores the stage's finished files; false if one of them is damaged. */
  async #placeFiles(hashes: Readonly<Record<string, string>>, stageFolder: string): Promise<boolean> {
    for (const [path, expected] of Object.entries(hashes)) {
      const kept = join(this.folder, 'files', path);
      if ((await ifReadable(hashFile(kept))) !== expected) return false;
      await placeFile(kept, join(stageFolder, path));
    }
    return true;
  }
}

const SPENT = 'spent.json';

function isSpent(value: unknown): value is Spent {
  return (
    isJsonObject(value) && typeof value['seconds'] === 'number' && typeof value['processor'] === 'number'
  );
}

/** Of this process. */
function clock(): Spent {
  const { user, system } = process.cpuUsage();
  return { seconds: performance.now() / 1000, processor: (user + system) / 1e6 };
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
