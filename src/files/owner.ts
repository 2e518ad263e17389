/**
 * Files that name their owner, a process. Whether a process on this machine is alive, the system knows. A process elsewhere (a
 * shared folder, another container) is alive if its heartbeat is: it writes to its file every few seconds.
 */
import { randomBytes } from 'node:crypto';
import { open, stat, type FileHandle } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { isJsonObject } from '../core/json.ts';
import { errorCode, writeNew } from './atomic.ts';
import { patiently, remove } from './in-use.ts';
import { isAlive, machineIdentity, pidNamespace, processStart } from './process.ts';

export interface Owner {
  readonly pid: number;
  readonly host: string;
  /** Namespace of the process number: containers may share a host name. Empty where unknown. */
  readonly space: string;
  /** Distinguishes machines with the same name, such as clones. Absent in files of earlier versions; empty where unknown. */
  readonly machine?: string;
  /** When the process started, in the system's own units, to recognise a reused process number. Empty where unknown. */
  readonly processStart: string;
  /** ISO 8601. */
  readonly since: string;
}

const HEARTBEAT_MS = 5000;

/**
 * An owner elsewhere counts as dead after this long without a beat. Networks and busy machines stall: it is far longer than a
 * beat.
 */
export const HEARTBEAT_TIMEOUT_MS = 120_000;

/** A file that names this process, with its heartbeat. */
export class OwnerFile {
  #file: FileHandle;
  readonly #timer: NodeJS.Timeout;
  #beating: Promise<unknown> = Promise.resolve();

  private constructor(file: FileHandle) {
    this.#file = file;
    this.#timer = setInterval(() => {
      this.#beating = this.#beating
        .then(() => beat(this.#file))
        .then(() => this.onBeat())
        .catch(() => undefined);
    }, HEARTBEAT_MS);
    this.#timer.unref();
  }

  /** Called after each beat. */
  onBeat: () => Promise<void> = async () => undefined;

  /** Creates the file, which must not exist. */
  static async create(path: string): Promise<OwnerFile> {
    const owner: Owner = {
      pid: process.pid,
      host: hostname(),
      space: pidNamespace(),
      machine: machineIdentity(),
      processStart: processStart(process.pid),
      since: new Date().toISOString(),
    };
    return new OwnerFile(await writeNew(path, Buffer.from(JSON.stringify(owner))));
  }

  /** Distinguishes this file from another one with the same name. */
  async identity(): Promise<string> {
    return identityOf(this.#file);
  }

  /**
   * Keeps the file open under another of its names. On Windows, the name by which a file was opened remains until it is closed,
   * even if it was removed.
   */
  async reopen(path: string): Promise<void> {
    const other = await open(path, 'r+').catch(() => undefined);
    if (other === undefined) return;
    if ((await identityOf(other)) !== (await this.identity())) return other.close();
    const before = this.#file;
    this.#file = other;
    await this.#beating;
    await before.close();
  }

  /** Stops the heartbeat, and removes the file of this name if it is still this one. */
  async remove(path: string): Promise<void> {
    clearInterval(this.#timer);
    await this.#beating;
    let isOurs = false;
    try {
      isOurs = await isAt(path, await this.identity());
    } finally {
      await this.#file.close();
    }
    if (isOurs) await remove(path);
  }
}

/** Equal for all names of a file. Windows has 64-bit file numbers, which do not fit into a JavaScript number. */
async function identityOf(file: string | FileHandle): Promise<string> {
  const exact = { bigint: true } as const;
  const { dev, ino } = await (typeof file === 'string' ? stat(file, exact) : file.stat(exact));
  return `${dev}:${ino}`;
}

/** Whether a file has this name; also true where the system cannot say. */
export async function isAt(path: string, file: string): Promise<boolean> {
  try {
    return (await identityOf(path)) === file;
  } catch (error) {
    return errorCode(error) !== 'ENOENT';
  }
}

/** Rewrites the present content, so that the file system sets the time of change by its own clock, which may be a server's. */
async function beat(file: FileHandle): Promise<void> {
  await file.write(Buffer.from('{'), 0, 1, 0);
  await file.datasync();
}

export interface FoundOwner {
  /** Absent if the file does not name one: it may not be written yet. */
  readonly owner?: Owner;
  readonly alive: boolean;
}

/** The owner of a file, and whether that process is alive; undefined if the file does not exist. */
export async function findOwner(path: string): Promise<FoundOwner | undefined> {
  let file: FileHandle;
  try {
    // Opening makes the client of a network file system query its server again.
    file = await patiently(() => open(path, 'r'));
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
  try {
    const owner = parseOwner(await file.readFile('utf8'));
    if (owner !== undefined && isOfThisMachine(owner)) {
      const alive = isSameProcess(owner);
      if (alive !== undefined) return { owner, alive };
    }
    const silence = (await fileSystemTime(dirname(path))) - (await file.stat()).mtimeMs;
    return { ...(owner === undefined ? {} : { owner }), alive: silence < HEARTBEAT_TIMEOUT_MS };
  } finally {
    await file.close();
  }
}

function isOfThisMachine({ host, space, machine }: Owner): boolean {
  return (
    host === hostname() &&
    space === pidNamespace() &&
    (machine === undefined || machine === machineIdentity())
  );
}

/** Undefined where the process number may have been reused: outside Linux, start times are not known. */
function isSameProcess(owner: Owner): boolean | undefined {
  if (!isAlive(owner.pid)) return false;
  const start = processStart(owner.pid);
  return start === '' || owner.processStart === '' ? undefined : start === owner.processStart;
}

/** The time by the clock of a folder's file system, in milliseconds: the clocks of machines differ. */
async function fileSystemTime(folder: string): Promise<number> {
  const path = join(folder, `.clock-${randomBytes(6).toString('hex')}`);
  const file = await writeNew(path, Buffer.from('\n'));
  try {
    return (await file.stat()).mtimeMs;
  } finally {
    await file.close();
    await remove(path);
  }
}

function parseOwner(text: string): Owner | undefined {
  try {
    const value: unknown = JSON.parse(text);
    if (!isJsonObject(value)) return undefined;
    const { pid, host, space, machine, processStart, since } = value;
    return typeof pid === 'number' &&
      typeof host === 'string' &&
      typeof space === 'string' &&
      typeof processStart === 'string' &&
      typeof since === 'string'
      ? { pid, host, space, ...(typeof machine === 'string' ? { machine } : {}), processStart, since }
      : undefined;
  } catch {
    return undefined;
  }
}
