/** Runs Slurm's commands. Each has a timeout, so that a controller that is down or busy cannot hang a sweep. */
import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { failure } from '../../core/diagnostic.ts';

const TIMEOUT_MILLISECONDS = 30_000;

/** How long to retry submitting a job while the controller does not answer. */
const OFFER_MILLISECONDS = 10 * 60_000;
const OFFER_INTERVAL_MILLISECONDS = 5000;

/** Messages of Slurm's commands if the controller cannot be reached at the moment, in releases 20 to 24. */
const AWAY =
  /unable to contact|connection (refused|failure|timed out)|timed out|temporarily unavailable|not responding|zero bytes|unexpected message received/i;

/** The fields of a line of `squeue`: number, index in the array, state, name. */
const FORMAT = '--format=%F|%K|%T|%j';

/** Final states of a job. */
const ENDS: ReadonlySet<string> = new Set(
  'BOOT_FAIL CANCELLED COMPLETED DEADLINE FAILED NODE_FAIL OUT_OF_MEMORY PREEMPTED REVOKED TIMEOUT'.split(
    ' ',
  ),
);

/** A pending or running job, or member of an array. */
export interface QueuedJob {
  /** Slurm's job number; members of an array share it. */
  readonly id: string;
  /** The index of a member of an array. */
  readonly index?: number;
  readonly state: 'pending' | 'running';
}

/** Pending and running jobs, or why Slurm did not list them. */
export type Queue =
  | { readonly jobs: readonly QueuedJob[]; readonly reason?: undefined }
  | { readonly jobs?: undefined; readonly reason: string };

type Answer =
  | { readonly state: 'ok'; readonly stdout: string }
  | { readonly state: 'refused' | 'away' | 'missing'; readonly reason: string };

/**
 * Submits a job exactly once: if it is unclear whether the controller accepted it, looks for its name in the queue.
 *
 * @param name a unique job name
 * @returns the job number, if Slurm printed it
 * @throws Failure `launcher-failed` if it was rejected, or not accepted for a long time; `interrupted`
 */
export async function submit(
  name: string,
  args: readonly string[],
  { signal, note }: { readonly signal: AbortSignal; note(text: string): void },
): Promise<string | undefined> {
  const started = performance.now();
  let isTold = false;
  for (;;) {
    if (signal.aborted) throw failure('interrupted', 'stopped before all jobs were submitted');
    const answer = await call('sbatch', ['--parsable', `--job-name=${name}`, ...args]);
    if (answer.state === 'ok') return /^\d+/.exec(answer.stdout.trim())?.[0];
    if (answer.state !== 'away' || performance.now() - started > OFFER_MILLISECONDS) {
      throw failure(
        'launcher-failed',
        `Slurm did not accept the job: ${answer.reason}`,
        hintOf(answer.state),
      );
    }
    if (!isTold) note(`Slurm does not answer (${answer.reason}); trying again for ten minutes`);
    isTold = true;
    await sleep(OFFER_INTERVAL_MILLISECONDS, undefined, { signal }).catch(() => undefined);
    if (((await queue(name)).jobs ?? []).length > 0) return undefined;
  }
}

/** Pending and running jobs of a name. */
export async function queue(name: string): Promise<Queue> {
  const answer = await call('squeue', [...['--noheader', '--all', '--array', `--name=${name}`, FORMAT]]);
  if (answer.state !== 'ok') return { reason: answer.reason };
  const jobs = answer.stdout.split('\n').flatMap((line): readonly QueuedJob[] => {
    const [id = '', index = '', state = '', own] = line.trim().split('|');
    if (own !== name || ENDS.has(state)) return [];
    return [
      {
        id,
        ...(/^\d+$/.test(index) ? { index: Number(index) } : {}),
        state: /^(RUNNING|COMPLETING|SUSPENDED|STOPPED|SIGNALING|STAGE_OUT)$/.test(state)
          ? 'running'
          : 'pending',
      },
    ];
  });
  return { jobs };
}

/**
 * The final states of an array's members, such as `OUT_OF_MEMORY`, as far as Slurm remembers: from the accounting database if
 * there is one, otherwise from the controller, which forgets them after some minutes.
 */
export async function endings(name: string): Promise<ReadonlyMap<number, string>> {
  const accounted = await call('sacct', [
    ...['--noheader', '--parsable2', '--allocations', '--starttime=now-90days', `--name=${name}`],
    '--format=JobID,State,JobName',
  ]);
  const ends = new Map<number, string>();
  const add = (index: string | undefined, state: string, own: string | undefined): void => {
    // `CANCELLED by 1000`
    const [word = ''] = state.split(' ');
    if (own === name && /^\d+$/.test(index ?? '') && ENDS.has(word)) ends.set(Number(index), word);
  };
  if (accounted.state === 'ok') {
    for (const line of accounted.stdout.split('\n')) {
      const [id = '', state = '', own] = line.trim().split('|');
      add(id.split('_')[1], state, own);
    }
  }
  if (ends.size > 0) return ends;
  const remembered = await call('squeue', [
    ...['--noheader', '--all', '--array', '--states=all', `--name=${name}`, FORMAT],
  ]);
  if (remembered.state === 'ok') {
    for (const line of remembered.stdout.split('\n')) {
      const [, index, state = '', own] = line.trim().split('|');
      add(index, state, own);
    }
  }
  return ends;
}

/**
 * Cancels all jobs of a name.
 *
 * @throws Failure `launcher-failed` if the controller does not cancel them
 */
export async function cancel(name: string): Promise<void> {
  const answer = await call('scancel', [`--name=${name}`]);
  if (answer.state === 'ok') return;
  throw failure('launcher-failed', `Slurm did not cancel: ${answer.reason}`, hintOf(answer.state));
}

function hintOf(state: Answer['state']): string {
  switch (state) {
    case 'missing':
      return 'run this where Slurm’s commands are, such as the login node, or leave out `--on slurm`';
    case 'away':
      return 'check the controller with `scontrol ping`, then run this again';
    default:
      return 'see `sinfo` for partitions and their limits';
  }
}

/** A job's remaining time in seconds; infinite without a limit, undefined if unknown. */
export async function secondsLeft(job: string): Promise<number | undefined> {
  const answer = await call('squeue', ['--noheader', '--all', `--jobs=${job}`, '--format=%L']);
  if (answer.state !== 'ok') return undefined;
  const text = answer.stdout.trim();
  if (text === 'UNLIMITED') return Infinity;
  // `1-02:03:04`, `03:04`
  const match = /^(?:(\d+)-)?(?:(\d+):)?(\d+):(\d+)$/.exec(text);
  if (match === null) return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match.slice(1).map((part) => Number(part ?? 0));
  return ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
}

/**
 * Requeues the running job, which ends its present start.
 *
 * @throws Failure `launcher-failed` if the controller does not requeue it
 */
export async function requeue(job: string): Promise<void> {
  const answer = await call('scontrol', ['requeue', job]);
  if (answer.state === 'ok') return;
  throw failure('launcher-failed', `Slurm did not requeue the job: ${answer.reason}`, hintOf(answer.state));
}

/** The environment without a user's defaults for these commands, such as `SQUEUE_STATES`, which could hide jobs. */
function ownEnvironment(): NodeJS.ProcessEnv {
  const isDefault = (name: string): boolean => /^(SQUEUE|SCANCEL)_/.test(name);
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !isDefault(name)));
}

function call(command: string, args: readonly string[]): Promise<Answer> {
  return new Promise((resolve) => {
    execFile(
      command,
      args,
      {
        timeout: TIMEOUT_MILLISECONDS,
        killSignal: 'SIGKILL',
        maxBuffer: 64 * 2 ** 20,
        encoding: 'utf8',
        env: ownEnvironment(),
      },
      (error, stdout, stderr) => {
        if (error === null) return resolve({ state: 'ok', stdout });
        if (error.code === 'ENOENT') {
          return resolve({ state: 'missing', reason: `there is no command \`${command}\`` });
        }
        const said =
          stderr
            .trim()
            .split('\n')
            .at(-1)
            ?.replace(/^\w+: (error: )?/, '') ?? '';
        const reason =
          said === '' ? (error.killed === true ? `\`${command}\` timed out` : error.message) : said;
        resolve({ state: error.killed === true || AWAY.test(stderr) ? 'away' : 'refused', reason });
      },
    );
  });
}
