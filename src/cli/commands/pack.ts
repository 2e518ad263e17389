import { resolve } from 'node:path';
import type { OutputCommands } from '../../submission/outputs.ts';
import { packSubmission } from '../../submission/pack.ts';
import { EXIT } from '../exit.ts';
import type { PipelineFlags } from '../options.ts';
import { callWords, commandLine } from '../program.ts';
import { checkTargets, STDOUT, writeNamed } from '../target.ts';
import { formatBytes, formatPlural, printable } from '../terminal/format.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { loadChecked, printProblems } from './load.ts';

export interface PackCommandOptions extends PipelineFlags {
  readonly pipeline: string;
  readonly outputs: string;
  /** The archive, `-` for stdout; by default named after the pipeline and its seed. */
  readonly output?: string;
  readonly includeData: boolean;
}

/** `hourglass pack` */
export async function pack(terminal: Terminal, options: PackCommandOptions): Promise<number> {
  const { located, diagnostics, sources } = await loadChecked(options.pipeline, options);
  if (located === undefined) return printProblems(terminal, diagnostics, sources);
  const { name, seed } = located.pipeline;
  const file = options.output ?? `${name}-${seed}.zip`;
  await checkTargets({ '--output': file }, terminal.options.json);
  const { data, manifest } = await packSubmission(located, {
    sources,
    outputs: resolve(options.outputs),
    includeData: options.includeData,
    boundary: process.cwd(),
    commands: commandsFor(options),
  });
  await writeNamed(file, data);
  if (terminal.options.json) {
    terminal.result(JSON.stringify({ status: 'done', file, bytes: data.length, manifest }, null, 2));
  } else {
    const count = formatPlural(manifest.files.length + 1, 'file');
    const line = `packed ${printable(file)}: ${count}, ${formatBytes(data.length)}, seed ${seed}`;
    if (file !== STDOUT) {
      terminal.result(line);
      if (!terminal.options.quiet) terminal.note(`check it with:\n  ${commandLine(['verify', file])}`);
    } else if (!terminal.options.quiet) terminal.note(line);
  }
  return EXIT.done;
}

function commandsFor(options: PackCommandOptions): OutputCommands {
  const { output, includeData } = options;
  return {
    run: (set, engine) =>
      commandLine(callWords('run', { ...options, set, engine: engine === 'portable' ? engine : 'auto' })),
    pack: (set) =>
      commandLine([
        ...callWords('pack', { ...options, set }),
        ...(output === undefined ? [] : ['--output', output]),
        ...(includeData ? ['--include-data'] : []),
      ]),
  };
}
