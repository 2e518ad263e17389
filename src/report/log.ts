/** What `log.jsonl` says about a run as a whole: its start, its duration, and its problems. */
import { open } from 'node:fs/promises';
import { basename } from 'node:path';
import { isJsonObject, type JsonObject } from '../core/json.ts';
import type { Problem } from './report.ts';

export interface LogFacts {
  readonly started?: number;
  readonly seconds?: number;
  readonly problems: readonly Problem[];
}

/** A line with more characters was not written by Hourglass. */
const LONGEST_LINE = 100_000;
const MOST_PROBLEMS = 100;

/** @returns the content of the log; empty if there is none */
export async function readLog(path: string): Promise<LogFacts> {
  const problems: Problem[] = [];
  let started: number | undefined;
  let seconds: number | undefined;
  try {
    const file = await open(path);
    for await (const line of file.readLines({ encoding: 'utf8' })) {
      const entry = parseLine(line);
      if (entry === undefined) continue;
      if (typeof entry['time'] === 'number') started ??= entry['time'];
      if (entry['event'] === 'run-finished' && typeof entry['seconds'] === 'number')
        seconds = entry['seconds'];
      if (entry['event'] === 'diagnostic' && problems.length < MOST_PROBLEMS) problems.push(problemOf(entry));
    }
  } catch {
    // Then times and reasons are missing; everything else is in other files.
  }
  return {
    ...(started === undefined ? {} : { started }),
    ...(seconds === undefined ? {} : { seconds }),
    problems,
  };
}

function parseLine(line: string): JsonObject | undefined {
  if (line.length > LONGEST_LINE) return undefined;
  try {
    const value: unknown = JSON.parse(line);
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

/** pino's level of errors. */
const ERROR = 50;

function problemOf({ level, code, msg, hint, stage, range }: JsonObject): Problem {
  const place = placeOf(range);
  return {
    severity: typeof level === 'number' && level >= ERROR ? 'error' : 'warning',
    code: typeof code === 'string' ? code : '',
    message: typeof msg === 'string' ? msg : '',
    ...(typeof hint === 'string' ? { hint } : {}),
    ...(typeof stage === 'string' ? { stage } : {}),
    ...(place === undefined ? {} : { place }),
  };
}

function placeOf(range: unknown): string | undefined {
  if (!isJsonObject(range) || !isJsonObject(range['start'])) return undefined;
  const { file, start } = range;
  const line = isJsonObject(start) ? start['line'] : undefined;
  return typeof file === 'string' && typeof line === 'number' ? placeText(file, line) : undefined;
}

/** `pipeline.yaml:12`, `-S epochs=0:1`: folders are omitted, since they are private. */
export function placeText(file: string, line: number): string {
  return `${file.startsWith('-S') ? file : basename(file)}:${line}`;
}
