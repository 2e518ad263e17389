/** Packs a finished run into one archive. The same run gives the same bytes, whenever and wherever it is packed. */
import { stringify } from 'yaml';
import type { LocatedPipeline } from '../config/pipeline.ts';
import { failure, type SourceFile } from '../core/diagnostic.ts';
import { sha256 } from '../core/json.ts';
import { describeCrate } from './crate.ts';
import type { Manifest, PackedFile } from './generated/types.ts';
import { LIMITS } from './limits.ts';
import { CRATE, ENVIRONMENT, MANIFEST, RESOLVED, toText } from './manifest.ts';
import { nameProblem, twins } from './names.ts';
import { collectOutputs, type OutputCommands } from './outputs.ts';
import { collectSources } from './sources.ts';
import type { ZipEntry } from '../formats/zip.ts';
import { writeZip } from './zip-write.ts';

export interface PackOptions {
  /** Source texts of the pipeline. */
  readonly sources: readonly SourceFile[];
  /** Absolute path of the outputs folder. */
  readonly outputs: string;
  /** Whether to include the user's data files that the pipeline reads. */
  readonly includeData: boolean;
  /** Absolute path of a folder that contains the sources. */
  readonly boundary: string;
  /** For hints if the outputs cannot be packed. */
  readonly commands: OutputCommands;
}

export interface Packed {
  readonly data: Uint8Array;
  readonly manifest: Manifest;
}

/**
 * The overrides for the archive. Paths in overrides are relative to the working folder, which the archive does not have, so they
 * are repeated relative to the pipeline.
 */
function packedOverrides({ overrides, paths, pipeline }: LocatedPipeline): readonly string[] {
  const moved = paths.filter(({ isOverride, path, written }) => isOverride && path !== written);
  const settings = moved.filter(({ at }) => at[0] === 'stages');
  return [
    ...overrides,
    ...settings.map(({ at, path }) => `${at.join('.')}=${JSON.stringify(path)}`),
    ...(settings.length === moved.length ? [] : [`plugins=${JSON.stringify(pipeline.plugins)}`]),
  ];
}

/** @throws Failure `outputs-outdated`, and problems of files that belong in the archive */
export async function packSubmission(located: LocatedPipeline, options: PackOptions): Promise<Packed> {
  const { pipeline } = located;
  const outputs = await collectOutputs(located, options.outputs, options.commands);
  const sources = await collectSources(located, options.sources, options);
  const contents: ZipEntry[] = [
    ...sources.entries,
    ...outputs.entries,
    textEntry(RESOLVED, stringify(located.resolved, { aliasDuplicateObjects: false })),
    textEntry(ENVIRONMENT, toText(outputs.environment)),
  ];
  const crate = describeCrate({
    pipeline,
    file: sources.file,
    files: contents.map(describe),
    environment: outputs.environment,
  });
  contents.push(textEntry(CRATE, toText(crate)));
  checkContents(contents);
  const manifest: Manifest = {
    format: 'hourglass-submission-1',
    pipeline: {
      file: sources.file,
      name: pipeline.name,
      seed: pipeline.seed,
      overrides: packedOverrides(located),
      threads: outputs.threads,
    },
    stages: outputs.stages,
    files: contents.map(describe).sort((a, b) => (a.path < b.path ? -1 : 1)),
  };
  const data = await writeZip([...contents, textEntry(MANIFEST, toText(manifest))]);
  return { data, manifest };
}

function textEntry(path: string, text: string): ZipEntry {
  return { path, data: Buffer.from(text) };
}

function describe({ path, data }: ZipEntry): PackedFile {
  return { path, bytes: data.length, sha256: sha256(data) };
}

/** Refuses to pack what `verify` would refuse. */
function checkContents(contents: readonly ZipEntry[]): void {
  const names = contents.map(({ path }) => path);
  const hint = 'rename the file or the stage';
  for (const name of names) {
    const problem = nameProblem(name);
    if (problem !== undefined) throw failure('bad-setting', `the name \`${name}\` ${problem}`, hint);
  }
  const pair = twins(names);
  if (pair !== undefined) {
    throw failure('bad-setting', `\`${pair[0]}\` and \`${pair[1]}\` are the same file on some systems`, hint);
  }
  const total = contents.reduce((sum, { data }) => sum + data.length, 0);
  if (contents.length >= LIMITS.files || total > LIMITS.archive) {
    throw failure(
      'file-too-large',
      `the archive would have ${contents.length} files and ${total} bytes; the limits are ${LIMITS.files} and ${LIMITS.archive}`,
      'pack without `--include-data`, or draw fewer previews',
    );
  }
}
