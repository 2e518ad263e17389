/** Failures while inspecting files, as findings of a check. */
import { Failure } from '../../core/diagnostic.ts';
import type { Finding } from '../../core/stage-type.ts';
import { pathFinding, type NamedPath } from '../own-files.ts';

/** Runs some work and turns its failures into findings, at the setting that names the path. */
export async function failuresOf(named: NamedPath, work: () => Promise<void>): Promise<readonly Finding[]> {
  try {
    await work();
    return [];
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    return error.diagnostics.map(({ code, message, hint }) => pathFinding(named, code, message, hint));
  }
}
