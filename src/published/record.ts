/** `reproduced.json` of an outputs folder: what was obtained for published results, with the settings that gave it. */
import { join } from 'node:path';
import { writeFileAtomic } from '../files/atomic.ts';
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
  /** What one seed took. */
  readonly cost: Cost;
  /** In the order of the catalog. */
  readonly figures: readonly ObtainedFigure[];
}

export interface ObtainedFigure {
  readonly metric: string;
  readonly parameters: JsonObject;
  /** One for each seed. */
  readonly values: readonly number[];
}

export interface Cost {
  /** Wall time. */
  readonly seconds: number;
  /** Time of all threads; absent if a result has no record of it. */
  readonly processor?: number;
  /** Peak memory of a process in bytes. */
  readonly memory?: number;
}

export type Reproduced = Readonly<Record<string, Obtained>>;

export function reproducedFile(outputs: string): string {
  return join(outputs, 'reproduced.json');
}

/** @returns nothing for a file that is missing or was not written by `writeReproduced` */
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

export async function writeReproduced(outputs: string, reproduced: Reproduced): Promise<void> {
  await writeFileAtomic(reproducedFile(outputs), `${JSON.stringify(reproduced, null, 2)}\n`);
}

function isObtained(value: Json): boolean {
  return (
    isJsonObject(value) &&
    typeof value['settings'] === 'string' &&
    typeof value['seeds'] === 'number' &&
    isJsonObject(value['cost']) &&
    typeof value['cost']['seconds'] === 'number' &&
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
