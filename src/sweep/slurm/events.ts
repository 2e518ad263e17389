/** Events of an array member, in a file in a shared folder: the member writes them, and processes that follow the sweep read them. */
import { appendFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { RunEvent } from '../../core/event.ts';
import { isJsonObject } from '../../core/json.ts';
import { makeFolder } from '../../files/atomic.ts';
import type { SweepEvent } from '../event.ts';

/** Minimum time between two writes of a stage's progress. */
const INTERVAL_MILLISECONDS = 1000;

/** Maximum number of bytes to read from a file at a time. */
const CHUNK_BYTES = 4 * 2 ** 20;

/** Events that a job writes: those of its trials, and that it was requeued at its time limit. */
export type MemberEvent = SweepEvent | { readonly type: 'job-requeued'; readonly times: number };

export class EventWriter {
  readonly #file: string;
  readonly #told = new Map<string, number>();

  private constructor(file: string) {
    this.#file = file;
  }

  static async open(file: string): Promise<EventWriter> {
    await makeFolder(dirname(file));
    // Ends a line that a killed job left unfinished.
    appendFileSync(file, '\n');
    return new EventWriter(file);
  }

  write(event: MemberEvent): void {
    if (event.type === 'trial-event' && !this.#isWorthIt(event.trial ?? '', event.event)) return;
    appendFileSync(this.#file, `${JSON.stringify(event)}\n`);
  }

  #isWorthIt(trial: string, event: RunEvent): boolean {
    switch (event.type) {
      case 'stage-started':
      case 'stage-finished':
      case 'run-started':
        return true;
      case 'stage-progress': {
        const now = performance.now();
        // That a training resumes is always reported.
        const key = `${trial} ${event.progress.restored === true}`;
        if (now - (this.#told.get(key) ?? -Infinity) < INTERVAL_MILLISECONDS) return false;
        this.#told.set(key, now);
        return true;
      }
      default:
        return false;
    }
  }
}

/** Reads what was added to a file since the last call. */
export class EventReader {
  readonly #file: string;
  #offset = 0;
  #rest = Buffer.alloc(0);

  constructor(file: string) {
    this.#file = file;
  }

  async news(): Promise<readonly MemberEvent[]> {
    const handle = await open(this.#file, 'r').catch(() => undefined);
    if (handle === undefined) return [];
    const events: MemberEvent[] = [];
    try {
      const chunk = Buffer.alloc(
        Math.min(CHUNK_BYTES, Math.max(0, (await handle.stat()).size - this.#offset)),
      );
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, this.#offset);
      this.#offset += bytesRead;
      const bytes = Buffer.concat([this.#rest, chunk.subarray(0, bytesRead)]);
      const end = bytes.lastIndexOf(10) + 1;
      this.#rest = Buffer.from(bytes.subarray(end));
      for (const line of bytes.subarray(0, end).toString('utf8').split('\n')) {
        const event = parse(line);
        if (event !== undefined) events.push(event);
      }
    } finally {
      await handle.close();
    }
    return events;
  }
}

/** The event in a line; undefined for an incomplete line of a killed job. */
function parse(line: string): MemberEvent | undefined {
  if (line === '') return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isJsonObject(value) && typeof value['type'] === 'string'
      ? (value as unknown as MemberEvent)
      : undefined;
  } catch {
    return undefined;
  }
}
