/** Finds outputs by the pipeline's name or by its file. */
import { extname } from 'node:path';
import { loadPipeline } from '../../config/load.ts';
import { Failure, failure } from '../../core/diagnostic.ts';
import { suggest } from '../../core/suggest.ts';
import { exists } from '../../files/atomic.ts';
import { parseRunName } from '../../history/find.ts';
import { stageTypes } from '../../nodes/registry.ts';

/**
 * The name of the outputs of a pipeline file; an argument that is not a YAML file is itself a name. The file may have
 * mistakes, and plugins, which are not loaded.
 *
 * @throws Failure if the file cannot be read, or has no name
 */
export async function outputsName(pipeline: string): Promise<string> {
  if (!isPipelineFile(pipeline)) return pipeline;
  const { located, partial, diagnostics } = await loadPipeline(pipeline, { stageTypes: stageTypes(false) });
  const name = (located ?? partial)?.pipeline.name ?? '';
  if (name !== '') return name;
  const missing = diagnostics.find(({ code }) => code.startsWith('file-'));
  throw missing === undefined
    ? failure('usage', `\`${pipeline}\` is not valid, so its name is not known`, 'name its outputs instead')
    : new Failure(missing);
}

/** A run as `findRun` takes it: a pipeline file stands for the name of its outputs. */
export async function runLabel(word: string): Promise<string> {
  const { run, trial } = parseRunName(word);
  return run === undefined && trial === undefined && (await exists(word)) ? outputsName(word) : word;
}

/** Whether an argument names a file, not outputs. */
export function isPipelineFile(pipeline: string): boolean {
  return ['.yaml', '.yml'].includes(extname(pipeline));
}

/** The hint if there are no outputs with that name. */
export function otherOutputs(name: string, present: readonly string[]): string {
  const near = suggest(name, present);
  if (near !== undefined) return `did you mean \`${near}\`?`;
  return present.length === 0 ? 'there are no outputs here' : `there are outputs of ${present.join(', ')}`;
}
