/** Verifies submissions: each in its own process, then compares them with each other. */
import { basename, resolve } from 'node:path';
import pLimit from 'p-limit';
import { errorsOf, Failure, failure, type Diagnostic } from '../core/diagnostic.ts';
import type { LoadedAssignment } from './assignment.ts';
import { BasisRecord } from './basis.ts';
import type { CheckOptions, Findings } from './check.ts';
import type { Level } from './levels.ts';
import { checkLimited, type ProcessLimits } from './limited.ts';
import { seedProblem } from './students.ts';
import { troubleOf, UNDONE } from './trouble.ts';
import { makeWorkFolder, removeOldWork, type WorkFolder } from './work-folder.ts';

export interface VerifyOptions {
  readonly level: Level;
  readonly allowPlugins: boolean;
  /** Absolute path of a folder with data files that archives do not contain. */
  readonly data?: string;
  readonly assignment?: LoadedAssignment;
  /** Whether results must be bit-identical, whatever an archive says about its machine. */
  readonly samePlatform: boolean;
  readonly limits: ProcessLimits;
  /** Number of archives checked in parallel. */
  readonly jobs: number;
  readonly signal: AbortSignal;
  /** Called when each archive is done. */
  readonly done: (verdict: Verdict) => void;
}

/**
 * - `ok`: everything that the level compares matches;
 * - `ok-tolerances`: the same, but the archive is from another platform, or says so, so not everything was compared exactly;
 * - `mismatch`: something does not match its claim;
 * - `unchecked`: no problem was found, but the level's checks could not be completed.
 */
export type Result = 'ok' | 'ok-tolerances' | 'mismatch' | 'unchecked';

export interface Verdict extends Omit<Findings, 'results'> {
  /** The archive's path as given. */
  readonly file: string;
  readonly level: Level;
  readonly result: Result;
  /** Archives with the same weights or figures. */
  readonly duplicates: readonly string[];
}

/**
 * Checks archives in the given order.
 *
 * @throws Failure `interrupted`
 */
export async function verifySubmissions(
  files: readonly string[],
  options: VerifyOptions,
): Promise<readonly Verdict[]> {
  await removeOldWork();
  const limit = pLimit(options.jobs);
  const done = (file: string, findings: Findings): { readonly file: string; readonly findings: Findings } => {
    options.done(verdictOf(file, findings, [], options));
    return { file, findings };
  };
  const first = await Promise.all(
    files.map((file) =>
      limit(async () => {
        const findings = await verifyOne(file, options);
        return isWanting(findings) ? { file } : done(file, findings);
      }),
    ),
  );
  // If there was no room for several in parallel, there may be for each alone.
  const checked: { readonly file: string; readonly findings: Findings }[] = [];
  for (const each of first)
    checked.push('findings' in each ? each : done(each.file, await verifyOne(each.file, options)));
  if (options.signal.aborted) throw failure('interrupted', 'stopped');
  const twins = findDuplicates(checked.map(({ file, findings }) => ({ file, results: findings.results })));
  return checked.map(({ file, findings }) => verdictOf(file, findings, twins.get(file) ?? [], options));
}

const isWanting = ({ diagnostics }: Findings): boolean =>
  diagnostics.some(({ code }) => code === 'disk-full');

/** A failure affects only the verdict on this archive. */
async function verifyOne(file: string, options: VerifyOptions): Promise<Findings> {
  let work: WorkFolder | undefined;
  try {
    work = await makeWorkFolder();
    return await checkIn(work.path, file, options);
  } catch (error) {
    const known = troubleOf(error);
    return {
      metrics: [],
      basis: new BasisRecord().finish(),
      diagnostics: known instanceof Failure ? known.diagnostics : [bug(error)],
      results: {},
    };
  } finally {
    await work?.remove();
  }
}

function bug(error: unknown): Diagnostic {
  return {
    code: 'internal-error',
    severity: 'error',
    message: error instanceof Error ? (error.stack ?? error.message) : String(error),
    hint: 'this is a bug in Hourglass',
  };
}

async function checkIn(work: string, file: string, options: VerifyOptions): Promise<Findings> {
  const { level, allowPlugins, data, assignment, samePlatform, limits, signal } = options;
  const check: CheckOptions = {
    archive: resolve(file),
    level,
    allowPlugins,
    samePlatform,
    work,
    ...(data === undefined ? {} : { data }),
    ...(assignment === undefined
      ? {}
      : { assignment: { base: assignment.base, editable: assignment.editable, seed: assignment.seed } }),
  };
  return checkLimited(check, limits, signal);
}

function verdictOf(
  file: string,
  { results: _results, ...findings }: Findings,
  duplicates: readonly string[],
  { level, assignment }: VerifyOptions,
): Verdict {
  const wrongSeed =
    assignment?.seed === 'student_number' && findings.pipeline !== undefined
      ? seedProblem(assignment.students, file, findings.pipeline)
      : undefined;
  const diagnostics: readonly Diagnostic[] = [
    ...findings.diagnostics,
    ...(wrongSeed === undefined ? [] : [wrongSeed]),
    ...(duplicates.length === 0 ? [] : [duplicateDiagnostic(duplicates)]),
  ];
  return {
    file,
    level,
    ...findings,
    diagnostics,
    duplicates,
    result: resultOf(level, findings, diagnostics),
  };
}

/** The verdict on some findings. */
export function resultOf(
  level: Level,
  findings: Omit<Findings, 'results'>,
  diagnostics: readonly Diagnostic[],
): Verdict['result'] {
  const errors = errorsOf(diagnostics);
  if (errors.some(({ code }) => !UNDONE.has(code))) return 'mismatch';
  if (errors.length > 0 || (level !== 'hashes' && findings.comparison === undefined)) return 'unchecked';
  return findings.basis.excused ? 'ok-tolerances' : 'ok';
}

function duplicateDiagnostic(files: readonly string[]): Diagnostic {
  return {
    code: 'submission-duplicate',
    severity: 'error',
    message: `the same weights or figures are in ${files.map((file) => `\`${basename(file)}\``).join(', ')}`,
    hint: 'one is a copy of the other; if it is a second upload by the same student, verify only the later one',
  };
}

/** For each archive, the others that share a result with it. */
export function findDuplicates(
  archives: readonly { readonly file: string; readonly results: Readonly<Record<string, string>> }[],
): ReadonlyMap<string, readonly string[]> {
  const owners = new Map<string, Set<string>>();
  for (const { file, results } of archives) {
    for (const hash of Object.values(results)) owners.set(hash, (owners.get(hash) ?? new Set()).add(file));
  }
  const twins = new Map<string, Set<string>>();
  for (const files of owners.values()) {
    for (const file of files) {
      for (const other of files) {
        if (other !== file) twins.set(file, (twins.get(file) ?? new Set()).add(other));
      }
    }
  }
  return new Map([...twins].map(([file, others]) => [file, [...others]]));
}
