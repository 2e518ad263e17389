/** Finds the trained models of a run, and the images and the noise that belong to each. */
import type { RunRecord } from '../../artifacts/run-record.ts';
import { isJsonObject, type JsonObject } from '../../core/json.ts';

/** A trained model of a run. */
export interface Candidate {
  readonly stage: string;
  /** The stage whose images, without noise, are shown. */
  readonly images: string;
  /** The stage whose images it returns. */
  readonly target: string;
  readonly denoiser: boolean;
  /** Noise stages on the images, each with its resolved settings. */
  readonly noise: readonly { readonly stage: string; readonly settings: JsonObject }[];
}

/**
 * All trained models with a current result, in the order of the file.
 *
 * @param current stages with a result of the run's settings
 */
export function candidatesIn({ stages }: RunRecord, current: ReadonlySet<string>): readonly Candidate[] {
  const inputOf = (stage: string, port: string): string | undefined => {
    const given: unknown = Object.hasOwn(stages, stage) ? stages[stage]?.inputs : undefined;
    const name = isJsonObject(given) ? given[port] : undefined;
    return typeof name === 'string' && isName(name) ? name : undefined;
  };
  /** Removes noise after noise; each stage is visited once, whatever the record says. */
  const cleanOf = (stage: string, seen: readonly string[] = []): string => {
    const before = stages[stage]?.type === 'noise' ? inputOf(stage, 'data') : undefined;
    return before === undefined || seen.includes(before) ? stage : cleanOf(before, [...seen, stage]);
  };
  const noise = Object.entries(stages).flatMap(([stage, { type, key }]) =>
    type === 'noise' && current.has(stage)
      ? [{ stage, clean: cleanOf(stage), settings: settingsOf(key) }]
      : [],
  );
  return Object.entries(stages).flatMap(([stage, { type }]): readonly Candidate[] => {
    const data = inputOf(stage, 'data');
    if (type !== 'train' || !isName(stage) || data === undefined || !current.has(stage)) return [];
    const images = cleanOf(data);
    const target = inputOf(stage, 'target') ?? data;
    if (!current.has(images) || !current.has(target)) return [];
    return [
      {
        ...{ stage, images, target },
        denoiser: images !== data && target === images,
        noise: noise
          .filter(({ clean }) => clean === images)
          .map(({ stage: of, settings }) => ({ stage: of, settings })),
      },
    ];
  });
}

function settingsOf(key: unknown): JsonObject {
  const settings = isJsonObject(key) ? key['settings'] : undefined;
  return isJsonObject(settings) ? settings : {};
}

/** Valid names of stages: none of them is a path. */
function isName(name: string): boolean {
  return /^[A-Za-z][A-Za-z0-9_-]{0,63}$/.test(name);
}
