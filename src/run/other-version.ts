/** Outputs that another version of Hourglass made. */
import { makerOf, recordedVersion, type RunRecord } from '../artifacts/run-record.ts';
import type { Workspace } from '../artifacts/workspace.ts';
import type { Diagnostic } from '../core/diagnostic.ts';
import { packageVersion } from '../core/package-root.ts';
import { pathFromHere } from '../core/path.ts';

/** The version of Hourglass that made the result in a stage's folder, if it is known and another one than this. */
export function otherMaker(record: RunRecord | undefined, stage: string): string | undefined {
  const version = makerOf(record, stage);
  return version === packageVersion ? undefined : version;
}

/**
 * A warning if another version of Hourglass wrote the record of the last run. Nothing is wrong then: a stage's key has the version
 * of its type, so that what this version computes in another way runs again.
 *
 * @param runs the folders of its runs, for a sweep
 */
export async function otherVersion(
  workspace: Workspace,
  runs: readonly Workspace[] = [workspace],
): Promise<readonly Diagnostic[]> {
  const found = new Set<string>();
  for (const run of runs) {
    const version = recordedVersion(await run.readRun());
    if (version !== undefined && version !== packageVersion) found.add(version);
  }
  if (found.size === 0) return [];
  const versions = [...found].sort().join(' and ');
  return [
    {
      code: 'other-version',
      severity: 'warning',
      message: `\`${pathFromHere(workspace.folder)}\` was made by Hourglass ${versions}; this is Hourglass ${packageVersion}`,
      hint: 'stages that this version computes in another way run again; the results of all others are kept',
    },
  ];
}
