/** Notes: the author's own words in a pipeline. They affect no result. */
import { isJsonObject, type Json, type JsonObject } from './json.ts';

export interface Notes {
  readonly pipeline?: string;
  /** By stage. */
  readonly stages: ReadonlyMap<string, string>;
}

/** The notes in a pipeline as data, which may be damaged or untrusted. */
export function notesOf({ notes, stages }: JsonObject): Notes {
  const own = Object.entries(isJsonObject(stages) ? stages : {}).flatMap(([name, stage]) => {
    const text = isJsonObject(stage) ? stage['notes'] : undefined;
    return typeof text === 'string' ? [[name, text] as const] : [];
  });
  return { ...(typeof notes === 'string' ? { pipeline: notes } : {}), stages: new Map(own) };
}

/** The same pipeline without notes. Stages that have none are the same objects. */
export function withoutNotes({ notes: _notes, ...document }: JsonObject): JsonObject {
  const { stages } = document;
  if (!isJsonObject(stages)) return document;
  const rest = Object.entries(stages).map(([name, stage]): readonly [string, Json] => {
    if (!isJsonObject(stage) || stage['notes'] === undefined) return [name, stage];
    const { notes: _own, ...settings } = stage;
    return [name, settings];
  });
  return { ...document, stages: Object.fromEntries(rest) };
}
