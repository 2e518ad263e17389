/** Names in a pipeline that become folder names: a pipeline that works here must work on other systems, too. */
import { win32 } from 'node:path';
import type { Diagnostic, SourceRange } from '../core/diagnostic.ts';
import { isDeviceName } from '../core/file-name.ts';
import { errorAt } from './diagnostics/report.ts';
import { backticked } from './diagnostics/wording.ts';
import { find, type LocatedEntry, type LocatedMap } from './located.ts';
import type { DocumentPath, PathSetting } from './pipeline.ts';

/** Reports device names of Windows, names that end in a dot (Windows drops it), and stages whose names differ only in case. */
export function fileNameProblems(root: LocatedMap): readonly Diagnostic[] {
  const name = find(root, ['name'])?.value;
  const stages = find(root, ['stages'])?.value;
  return [
    ...(name?.kind === 'scalar' && typeof name.value === 'string' ? pipelineProblems(name.value, name) : []),
    ...(stages?.kind === 'map' ? stageProblems(stages.entries) : []),
  ];
}

/** A warning for each path that only works on Windows. */
export function pathWarnings(
  paths: readonly PathSetting[],
  locate: (path: DocumentPath) => SourceRange,
): readonly Diagnostic[] {
  return paths
    .filter(({ written }) => written.includes('\\') && !win32.isAbsolute(written))
    .map(({ at, written }) => ({
      code: 'path-separator',
      severity: 'warning',
      message: `the path ${backticked(written)} has \`\\\`, which separates folders on Windows only`,
      range: locate(at),
      hint: `write ${backticked(written.replaceAll('\\', '/'))}, which works on every system`,
    }));
}

function pipelineProblems(name: string, { range }: Pick<LocatedEntry['value'], 'range'>): Diagnostic[] {
  if (isDeviceName(name)) return [deviceProblem(name, range)];
  if (!/[^.]\.+$/.test(name)) return [];
  const hint = 'end it in a letter or a digit: it names a folder, and Windows drops a dot at the end';
  return [errorAt(range, 'out-of-range', `the name ${backticked(name)} ends in a dot`, { hint })];
}

function stageProblems(stages: ReadonlyMap<string, LocatedEntry>): Diagnostic[] {
  const problems: Diagnostic[] = [];
  const folded = new Map<string, { readonly name: string; readonly range: LocatedEntry['keyRange'] }>();
  for (const [name, { keyRange: range }] of stages) {
    if (isDeviceName(name)) problems.push(deviceProblem(name, range));
    const twin = folded.get(name.toLowerCase());
    folded.set(name.toLowerCase(), { name, range });
    if (twin === undefined) continue;
    problems.push(
      errorAt(
        range,
        'name-clash',
        `the names ${backticked(twin.name)} and ${backticked(name)} differ only in case`,
        {
          hint: 'give one of them another name: stages are folders of the outputs, and on Windows and macOS these would be one',
          related: [{ message: `${backticked(twin.name)} is defined here`, range: twin.range }],
        },
      ),
    );
  }
  return problems;
}

function deviceProblem(name: string, range: LocatedEntry['keyRange']): Diagnostic {
  return errorAt(
    range,
    'reserved-name',
    `${backticked(name)} cannot be a name: on Windows it names a device`,
    {
      hint: 'choose another name: it names a folder of the outputs',
    },
  );
}
