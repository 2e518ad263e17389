import { resolve } from 'node:path';
import { writeFileAtomic } from '../../artifacts/atomic.ts';
import { packSubmission } from '../../submission/pack.ts';
import { EXIT } from '../exit.ts';
import type { PipelineFlags } from '../options.ts';
import { commandLine } from '../program.ts';
import { formatBytes, formatPlural } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { loadChecked, printProblems } from './load.ts';

export interface PackCommandOptions extends PipelineFlags {
  readonly pipeline: string;
  readonly outputs: string;
  /** The archive; by default it is named after the pipeline and its seed. */
  readonly output?: string;
  readonly includeData: boolean;
}

/** `hourglass pack` */
export async function pack(terminal: Terminal, options: PackCommandOptions): Promise<number> {
  const { located, diagnostics, sources } = await loadChecked(options.pipeline, options);
  if (located === undefined) return printProblems(terminal, diagnostics, sources);
  const { data, manifest } = await packSubmission(located, {
    sources,
    outputs: resolve(options.outputs),
    includeData: options.includeData,
    boundary: process.cwd(),
    command: runCommand(options),
  });
  const { name, seed } = located.pipeline;
  const file = options.output ?? `${name}-${seed}.zip`;
  await writeFileAtomic(resolve(file), data);
  if (terminal.options.json) {
    terminal.result(JSON.stringify({ status: 'done', file, bytes: data.length, manifest }, null, 2));
  } else {
    const count = formatPlural(manifest.files.length + 1, 'file');
    terminal.result(`packed ${file}: ${count}, ${formatBytes(data.length)}, seed ${seed}`);
    if (!terminal.options.quiet) terminal.note(`check it with \`${commandLine(['verify', file])}\``);
  }
  return EXIT.done;
}

function runCommand(options: PackCommandOptions): string {
  return commandLine([
    'run',
    options.pipeline,
    ...(options.set ?? []).flatMap((override) => ['-S', override]),
    ...(options.outputs === 'outputs' ? [] : ['-o', options.outputs]),
    ...(options.allowPlugins === true ? ['--allow-plugins'] : []),
  ]);
}
