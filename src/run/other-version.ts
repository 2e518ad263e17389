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
 */
export async function otherVersion(workspace: Workspace): Promise<readonly Diagnostic[]> {
  const version = recordedVersion(await workspace.readRun());
  if (version === undefined || version === packageVersion) return [];
  return [
    {
      code: 'other-version',
      severity: 'warning',
      message: `\`${pathFromHere(workspace.folder)}\` was made by Hourglass ${version}; this is Hourglass ${packageVersion}`,
      hint: 'stages that this version computes in another way run again; the results of all others are kept',
    },
  ];
}
