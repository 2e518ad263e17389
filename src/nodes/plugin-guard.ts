/** Guards Hourglass against the code of a plugin: invalid results and thrown errors become diagnostics. */
import { access } from 'node:fs/promises';
import { join, normalize } from 'node:path';
import { DIAGNOSTIC_CODES, Failure, failure } from '../core/diagnostic.ts';
import { isJsonObject, type Json } from '../core/json.ts';
import type { AnalysisContext, Finding, OutputDescription, OutputKind } from '../core/stage-type.ts';
import type { NodeDefinition, StageResult } from './contract.ts';

/** The text of a thrown value, which can be anything. */
export function textOf(thrown: unknown): string {
  try {
    return thrown instanceof Error ? thrown.message : String(thrown);
  } catch {
    return 'something that cannot be shown';
  }
}

/**
 * Wraps a plugin's node, so that its functions throw only `Failure` and return what the contract requires. Errors of `run` are
 * left to the worker, which also knows the stack.
 *
 * @param path of the plugin, for messages
 */
export function guarded(node: NodeDefinition, path: string): NodeDefinition {
  const invalid = (name: string, what: string): Failure =>
    failure('plugin-invalid', `\`${name}\` of the plugin \`${path}\` ${what}`, 'see `docs/plugins.md`');
  const call = <Result>(name: string, work: () => Result): Result => {
    try {
      return work();
    } catch (error) {
      throw error instanceof Failure ? error : invalid(name, `failed: ${textOf(error)}`);
    }
  };
  const wait = async <Result>(name: string, work: () => Promise<Result>): Promise<Result> => {
    try {
      return await work();
    } catch (error) {
      throw error instanceof Failure ? error : invalid(name, `failed: ${textOf(error)}`);
    }
  };
  const { engine, pairings, fingerprint, inspect, files } = node;
  return {
    ...node,
    engine:
      typeof engine !== 'function'
        ? engine
        : (settings) => call('engine', () => engine.call(node, settings) === true),
    analyze: (context) => analyze(node, context, call, invalid),
    ...(pairings === undefined
      ? {}
      : { pairings: (settings) => call('pairings', () => listFrom(pairings.call(node, settings))) }),
    ...(files === undefined
      ? {}
      : { files: (settings) => call('files', () => listFrom(files.call(node, settings)).map(String)) }),
    ...(fingerprint === undefined
      ? {}
      : {
          fingerprint: (settings, folder) =>
            wait('fingerprint', async () => plainJson(await fingerprint.call(node, settings, folder))),
        }),
    ...(inspect === undefined
      ? {}
      : {
          inspect: (settings, folder) =>
            wait('inspect', async () => {
              const found = await inspect.call(node, settings, folder);
              if (found !== undefined && !Array.isArray(found.findings))
                throw new Error('it has no `findings`');
              return found;
            }),
        }),
    run: async (context) => {
      const result: unknown = await node.run(context);
      const problem = await problemOfResult(result, context.folder);
      if (problem !== undefined) throw invalid('run', problem);
      return (result ?? {}) as StageResult;
    },
  };
}

/** Reports errors at the analysed stage, so that their place is known. */
function analyze(
  node: NodeDefinition,
  context: AnalysisContext<Parameters<NodeDefinition['analyze']>[0]['settings']>,
  call: (name: string, work: () => unknown) => unknown,
  invalid: (name: string, what: string) => Failure,
): OutputDescription | undefined {
  try {
    const report = (finding: unknown): void => {
      if (!isFinding(finding)) throw invalid('analyze', 'reports something that is not a finding');
      context.report(finding);
    };
    const described = call('analyze', () => node.analyze({ ...context, report }));
    // `analyze` must not be asynchronous: ignore errors of its promise.
    if (described instanceof Promise) described.catch(() => undefined);
    if (described === undefined || isDescription(described, node.outputs)) return described;
    throw invalid('analyze', `does not describe ${node.outputs}`);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    for (const { code, message, hint } of error.diagnostics)
      context.report({ code, message, at: [], ...(hint === undefined ? {} : { hint }) });
    return undefined;
  }
}

function listFrom<Item>(value: readonly Item[]): readonly Item[] {
  if (!Array.isArray(value)) throw new Error('it did not return a list');
  return value;
}

/** @throws TypeError for values that JSON cannot represent */
function plainJson(value: unknown): Json {
  const text = JSON.stringify(value) as string | undefined;
  if (text === undefined) throw new TypeError('it returned a value that JSON cannot represent');
  return JSON.parse(text) as Json;
}

function isFinding(value: unknown): value is Finding {
  return (
    isJsonObject(value) &&
    typeof value['code'] === 'string' &&
    Object.hasOwn(DIAGNOSTIC_CODES, value['code']) &&
    typeof value['message'] === 'string' &&
    Array.isArray(value['at']) &&
    ['undefined', 'string'].includes(typeof value['hint'])
  );
}

function isDescription(value: unknown, kind: OutputKind): value is OutputDescription {
  if (!isJsonObject(value) || value['kind'] !== kind) return false;
  const isShape = (name: string): boolean => isNumbers(value[name]);
  switch (kind) {
    case 'images':
      return (
        isSplits(value['splits']) &&
        (value['shape'] === undefined || (isNumbers(value['shape']) && value['shape'].length === 3)) &&
        (value['range'] === undefined || (isNumbers(value['range']) && value['range'].length === 2))
      );
    case 'vectors':
      return isSplits(value['splits']);
    case 'model':
      return (
        ['inputShape', 'latentShape', 'outputShape'].every(isShape) &&
        typeof value['outputActivation'] === 'string'
      );
    case 'trained-model':
      return (
        ['inputShape', 'latentShape', 'outputShape'].every(isShape) &&
        typeof value['data'] === 'string' &&
        typeof value['target'] === 'string'
      );
    case 'metrics':
      return Array.isArray(value['names']) && value['names'].every((name) => typeof name === 'string');
    // Plugins have no stages of this kind.
    case 'scores':
      return false;
    case 'figure':
      return true;
  }
}

function isSplits(value: unknown): boolean {
  return Array.isArray(value) && value.every((split) => split === 'train' || split === 'test');
}

function isNumbers(value: unknown): value is readonly number[] {
  return (
    Array.isArray(value) && value.every((number) => typeof number === 'number' && Number.isFinite(number))
  );
}

/** What is wrong with what `run` returned; undefined if nothing is. */
async function problemOfResult(result: unknown, folder: string): Promise<string | undefined> {
  if (result === undefined) return undefined;
  if (!isJsonObject(result)) return 'returned neither metrics nor highlights';
  const { metrics = {}, highlights = [] } = result;
  if (!isJsonObject(metrics) || !Object.values(metrics).every((value) => typeof value === 'number'))
    return 'returned `metrics` that are not numbers by name';
  if (!Array.isArray(highlights)) return 'returned `highlights` that are not a list';
  for (const path of highlights) {
    const isThere =
      typeof path === 'string' &&
      !normalize(path).startsWith('..') &&
      (await access(join(folder, path)).then(
        () => true,
        () => false,
      ));
    if (!isThere) return `returned the highlight \`${textOf(path)}\`, which it did not write`;
  }
  return undefined;
}
