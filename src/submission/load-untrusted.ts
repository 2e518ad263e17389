/** Loads the pipeline of an untrusted archive: reads nothing outside its folder, and runs none of its code. */
import { copyFile, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve, sep } from 'node:path';
import { makeFolder } from '../files/atomic.ts';
import { loadPipeline } from '../config/load.ts';
import type { LoadOptions, LoadResult, LocatedPipeline, StageTypes } from '../config/pipeline.ts';
import { isError, type Diagnostic } from '../core/diagnostic.ts';
import { stageTypes } from '../nodes/registry.ts';
import { checkPipeline } from '../plan/check.ts';
import type { Manifest } from './generated/types.ts';
import { dataFiles } from './sources.ts';

export interface StrangerOptions {
  /** Absolute path of the unpacked archive. */
  readonly folder: string;
  readonly manifest: Manifest;
  readonly allowPlugins: boolean;
  /** Absolute path of a folder with data files that the archive does not contain. */
  readonly data?: string;
}

/** @returns the pipeline and its problems; without `located` if it cannot be run */
export async function loadStranger(options: StrangerOptions): Promise<LoadResult> {
  const { folder, manifest } = options;
  const result = await loadPipeline(join(folder, manifest.pipeline.file), {
    overrides: manifest.pipeline.overrides,
    overrideFolder: dirname(join(folder, manifest.pipeline.file)),
    within: folder,
    stageTypes: pluginsWithin(folder, stageTypes(options.allowPlugins)),
  });
  const { located } = result;
  if (located === undefined) return result;
  const found = [...outsideData(located, folder), ...checkPipeline(located).diagnostics];
  const diagnostics = [...result.diagnostics, ...found];
  if (found.some(isError)) {
    return { sources: result.sources, diagnostics, partial: located };
  }
  if (options.data !== undefined) await addData(located, options.data);
  return { ...result, diagnostics };
}

function isWithin(path: string, folder: string): boolean {
  return path.startsWith(`${folder}${sep}`);
}

/** Passes only plugins of the archive to `load`, which decides whether they may run. */
function pluginsWithin(folder: string, load: LoadOptions['stageTypes']): LoadOptions['stageTypes'] {
  return async (plugins, from): Promise<StageTypes> => {
    const outside = plugins.flatMap((path, plugin) =>
      isWithin(resolve(from, path), folder)
        ? []
        : [{ plugin, diagnostic: outsideDiagnostic(`the plugin \`${path}\``) }],
    );
    if (outside.length === 0) return load(plugins, from);
    return { types: (await load([], from)).types, problems: outside };
  };
}

function outsideData(located: LocatedPipeline, folder: string): readonly Diagnostic[] {
  return dataFiles(located)
    .filter((path) => !isWithin(resolve(located.folder, path), folder))
    .map((path) => outsideDiagnostic(`the data file \`${path}\``));
}

function outsideDiagnostic(what: string): Diagnostic {
  return { code: 'path-outside', severity: 'error', message: `${what} lies outside the archive` };
}

/** Where a data file may be in the `--data` folder. */
export function dataCandidates(path: string, data: string): readonly string[] {
  const same = resolve(data, path);
  return [...(isWithin(same, data) ? [same] : []), join(data, basename(path))];
}

/** Copies data files that the archive does not contain to where the pipeline expects them. */
async function addData(located: LocatedPipeline, data: string): Promise<void> {
  for (const path of dataFiles(located)) {
    const target = resolve(located.folder, path);
    if ((await stat(target).catch(() => undefined)) !== undefined) continue;
    const written = located.paths.find((each) => each.path === path)?.written ?? path;
    for (const candidate of [...dataCandidates(written, data), ...dataCandidates(path, data)]) {
      const info = await stat(candidate).catch(() => undefined);
      if (info?.isFile() !== true) continue;
      await makeFolder(dirname(target));
      await copyFile(candidate, target);
      break;
    }
  }
}
