/** The differences between the key of a result and the current key, in the user's terms. */
import type { LocatedPipeline } from '../config/pipeline.ts';
import type { SourceRange } from '../core/diagnostic.ts';
import { canonicalJson, isJsonObject, type JsonObject } from '../core/json.ts';
import { differences, formatPath, type KeyChange } from '../core/json-diff.ts';
import type { Change, Plan, WantedStage } from './plan.ts';

/** A difference, and the stage whose key it is in. */
export interface StageDifference extends Change {
  readonly stage: string;
}

/**
 * Why a result is not from the current settings: differences in the stage's own settings, and in those of the stages that
 * produce its changed inputs. Empty if nothing is known.
 *
 * @param shown the key of the result
 * @param keyOf finds an earlier key by its hash
 */
export async function causesOf(
  { located, all }: Pick<Plan, 'located' | 'all'>,
  stage: WantedStage,
  shown: JsonObject,
  keyOf: (hash: string) => Promise<JsonObject | undefined>,
): Promise<readonly StageDifference[]> {
  const found = new Map<string, StageDifference>();
  const add = (difference: StageDifference): void => {
    const { range: _range, ...rest } = difference;
    found.set(canonicalJson(rest), difference);
  };
  const seen = new Set<string>();
  const visit = async (current: WantedStage, before: JsonObject): Promise<void> => {
    if (current.key === undefined || seen.has(current.name)) return;
    seen.add(current.name);
    if (before['type'] !== current.type) {
      add({
        stage: current.name,
        path: 'type',
        ...(before['type'] === undefined ? {} : { before: before['type'] }),
        after: current.type,
      });
      return;
    }
    for (const change of differences(before, current.key as unknown as JsonObject)) {
      const [part, port] = change.path;
      if (part !== 'inputs') {
        add({ stage: current.name, ...locateChange(located, current, change) });
        continue;
      }
      const input = all.find(({ name }) => name === current.inputs[String(port)]);
      const earlier = typeof change.before === 'string' ? await keyOf(change.before) : undefined;
      // A key with another type belongs to another stage: the reference changed.
      if (input?.key !== undefined && earlier?.['type'] === input.type) await visit(input, earlier);
      else add({ stage: current.name, path: String(port) });
    }
  };
  await visit(stage, shown);
  return [...found.values()];
}

/** Names a change in the user's terms: by its parameter if there is one, and with the place of the new value. */
export function locateChange(
  located: LocatedPipeline,
  stage: Pick<WantedStage, 'name'>,
  change: KeyChange,
): Change {
  const [part, ...rest] = change.path;
  const values = {
    ...(change.before === undefined ? {} : { before: change.before }),
    ...(change.after === undefined ? {} : { after: change.after }),
  };
  if (part === 'settings') {
    const range = located.locate(['stages', stage.name, ...rest], 'value');
    const param = parameterAt(located, range);
    if (param === undefined) return { path: formatPath(rest), ...values, range };
    return { path: `params.${param}`, ...values, range: located.locate(['params', param], 'value') };
  }
  if (part === 'seed') {
    // Only the pipeline's seed can differ: a different stage name would be another stage.
    return { path: 'seed', ...values, range: located.locate(['seed'], 'value') };
  }
  const threads = part === 'engine' && rest[0] === 'threads';
  return { path: threads ? 'threads' : formatPath(change.path), ...values };
}

/** Says of another version of a stage type which Hourglass had it. */
export function withMaker<T extends Pick<Change, 'path' | 'madeBy'>>(
  change: T,
  madeBy: string | undefined,
): T {
  return change.path === 'version' && madeBy !== undefined ? { ...change, madeBy } : change;
}

/** The parameter of a value that is written as `${params.name}` and nothing else. */
function parameterAt(located: LocatedPipeline, range: SourceRange): string | undefined {
  const params = located.resolved['params'];
  if (range.file !== located.file || range.start.line !== range.end.line) return undefined;
  const line = located.text.split(/\r?\n/)[range.start.line - 1] ?? '';
  const written = line.slice(range.start.column - 1, range.end.column - 1);
  const name = /^["']?\$\{\s*params\.([A-Za-z_]\w*)\s*\}["']?$/.exec(written)?.[1];
  return name !== undefined && isJsonObject(params) && Object.hasOwn(params, name) ? name : undefined;
}
