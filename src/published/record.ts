/** `reproduced.json` of an outputs folder: what was obtained for published results, with the settings that gave it. */
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { writeFileAtomic } from '../files/atomic.ts';
import { takeLock, type HeldLock } from '../files/lock.ts';
import { readPresent } from '../files/present.ts';
import { isJsonObject, type Json, type JsonObject } from '../core/json.ts';

/** What the sweep of a published result gave. */
export interface Obtained {
  /** The version of Hourglass, and the day. */
  readonly hourglass: string;
  readonly date: string;
  readonly engine: JsonObject;
  /** Identifies the settings: see `settings.ts`. */
  readonly settings: string;
  /** How many seeds there were, for each combination of parameters. */
  readonly seeds: number;
  /** What one seed took; absent if this is not known. */
  readonly cost?: Cost;
  /** In the order of the catalog. */
  readonly figures: readonly ObtainedFigure[];
}

export interface ObtainedFigure {
  readonly metric: string;
  readonly parameters: JsonObject;
  /** One for each seed that measured it: fewer than `seeds` if the figure was not obtained. */
  readonly values: readonly number[];
}

export interface Cost {
  /** Wall time. */
  readonly seconds: number;
  /** Time of all threads. */
  readonly processor: number;
  /** Peak memory of a process in bytes. */
  readonly memory: number;
}

export type Reproduced = Readonly<Record<string, Obtained>>;

export function reproducedFile(outputs: string): string {
  return join(outputs, 'reproduced.json');
}

/** @returns nothing for a file that is missing or was not written by `addReproduced` */
export async function readReproduced(outputs: string): Promise<Reproduced> {
  const text = await readPresent(reproducedFile(outputs));
  return text === undefined ? {} : parseReproduced(text);
}

/** The valid entries of a text in the form of `reproduced.json`. */
export function parseReproduced(text: string): Reproduced {
  try {
    const value = JSON.parse(text) as Json;
    if (!isJsonObject(value)) return {};
    const valid = Object.entries(value).filter(([, each]) => isObtained(each));
    return Object.fromEntries(valid) as unknown as Reproduced;
  } catch {
    return {};
  }
}

/** Adds a result, or replaces it. Several commands may do this in one folder at the same time. */
export async function addReproduced(outputs: string, name: string, obtained: Obtained): Promise<void> {
  const lock = await lockReproduced(outputs);
  try {
    const all = { ...(await readReproduced(outputs)), [name]: obtained };
    await lock.check();
    await writeFileAtomic(reproducedFile(outputs), `${JSON.stringify(all, null, 2)}\n`);
  } finally {
    await lock.release();
  }
}

/** Others hold the lock only while they read and write the file. */
async function lockReproduced(outputs: string): Promise<HeldLock> {
  for (;;) {
    const lock = await takeLock(`${reproducedFile(outputs)}.lock`);
    if (lock.state === 'taken') return lock;
    await sleep(20);
  }
}

function isObtained(value: Json): boolean {
  return (
    isJsonObject(value) &&
    typeof value['settings'] === 'string' &&
    typeof value['seeds'] === 'number' &&
    (value['cost'] === undefined || isCost(value['cost'])) &&
    Array.isArray(value['figures']) &&
    value['figures'].every(
      (figure) =>
        isJsonObject(figure) &&
        typeof figure['metric'] === 'string' &&
        isJsonObject(figure['parameters']) &&
        Array.isArray(figure['values']) &&
        figure['values'].every((each) => typeof each === 'number'),
    )
  );
}

function isCost(value: Json): boolean {
  return (
    isJsonObject(value) && ['seconds', 'processor', 'memory'].every((key) => typeof value[key] === 'number')
  );
}
