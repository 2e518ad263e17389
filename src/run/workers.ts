/** A pool of worker processes, at most one for each running stage. */
import { fork, type ChildProcess } from 'node:child_process';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import type { Usage } from '../artifacts/entry.ts';
import { peakMemory } from '../files/process.ts';
import { failure, Failure, type DiagnosticCode } from '../core/diagnostic.ts';
import type { LogLevel, Progress } from '../core/event.ts';
import type { FromWorker, StageTask, ToWorker } from './protocol.ts';

export interface TaskResult {
  readonly metrics: Readonly<Record<string, number>>;
  readonly highlights: readonly string[];
  readonly usage: Usage;
  /** Wall time of earlier runs that this one resumed. */
  readonly earlierSeconds: number;
}

export interface TaskEvents {
  readonly progress: (progress: Progress) => void;
  readonly log: (level: LogLevel, message: string) => void;
}

/** How long a stage may take to stop after Ctrl-C before its process is killed. */
const GRACE_MILLISECONDS = 3000;

/** How long an idle worker is kept: another stage may follow soon, but an idle worker uses memory. */
const IDLE_MILLISECONDS = 5000;

/** How much of a worker's last output is shown when it dies. */
const LAST_WORDS = 2000;

/** After these errors, a process runs no other stage: the state of WebAssembly's memory or threads is unknown. */
const BROKEN: ReadonlySet<DiagnosticCode> = new Set(['engine-failed', 'model-too-large']);

interface Worker {
  readonly process: ChildProcess;
  /** Engine and threads, fixed by the first stage. */
  engine?: string;
  /** Ends the process if it stays idle. */
  ending?: NodeJS.Timeout;
  lastWords: string;
}

export class WorkerPool {
  readonly #idle: Worker[] = [];
  readonly #all = new Set<Worker>();
  /** No worker outlives this process, however it ends. */
  readonly #onExit = (): void => this.close();

  constructor() {
    process.once('exit', this.#onExit);
  }

  /**
   * Starts a process and lets it load what engines need, before it is known whether a stage runs. Only done if there is an
   * idle core.
   */
  startEarly(): void {
    if (availableParallelism() === 1) return;
    try {
      const worker = this.#start();
      this.#rest(worker);
      tell(worker.process, { type: 'prepare' });
    } catch {
      // The first stage has the same error, and reports it.
    }
  }

  /**
   * Runs a stage in a new process, or in an idle one with the same engine and threads.
   *
   * @throws Failure the error of the stage; `worker-died` if its process ends without an answer; `interrupted`
   */
  async run(task: StageTask, events: TaskEvents, signal: AbortSignal): Promise<TaskResult> {
    if (signal.aborted) throw failure('interrupted', 'stopped before it started');
    const worker = this.#take(`${task.engine.kind}/${task.engine.threads}`);
    const answer = await exchange(worker, task, events, signal).catch((error: unknown) => {
      this.#end(worker);
      throw error;
    });
    if (answer.type === 'failed' && answer.diagnostics.some(({ code }) => BROKEN.has(code)))
      this.#end(worker);
    else this.#rest(worker);
    if (answer.type === 'done') {
      const { metrics, highlights, usage, earlierSeconds } = answer;
      return { metrics, highlights, usage, earlierSeconds };
    }
    if (answer.stack !== undefined) events.log('error', answer.stack);
    throw new Failure(...answer.diagnostics);
  }

  /** The highest memory use of any current worker, in bytes; undefined if unknown. */
  peakMemory(): number | undefined {
    const peaks = [...this.#all].flatMap(({ process: { pid } }) =>
      pid === undefined ? [] : (peakMemory(pid) ?? []),
    );
    return peaks.length === 0 ? undefined : Math.max(...peaks);
  }

  /** Ends all processes. */
  close(): void {
    process.off('exit', this.#onExit);
    for (const worker of this.#all) this.#end(worker);
  }

  #take(engine: string): Worker {
    const index = this.#idle.findIndex((worker) => (worker.engine ?? engine) === engine);
    const [idle] = index < 0 ? [] : this.#idle.splice(index, 1);
    // Idle processes with another engine would only use memory.
    if (idle === undefined) for (const other of this.#idle.splice(0)) this.#end(other);
    const worker = idle ?? this.#start();
    clearTimeout(worker.ending);
    worker.engine = engine;
    return worker;
  }

  #rest(worker: Worker): void {
    this.#idle.push(worker);
    worker.ending = setTimeout(() => {
      this.#forget(worker);
      this.#end(worker);
    }, IDLE_MILLISECONDS).unref();
  }

  #start(): Worker {
    const worker = start();
    this.#all.add(worker);
    worker.process.once('exit', () => this.#forget(worker)).once('error', () => this.#forget(worker));
    return worker;
  }

  /** A process that has ended by itself, even while idle, gets no more work. */
  #forget(worker: Worker): void {
    this.#all.delete(worker);
    const index = this.#idle.indexOf(worker);
    if (index >= 0) this.#idle.splice(index, 1);
  }

  #end(worker: Worker): void {
    this.#all.delete(worker);
    worker.process.kill('SIGKILL');
  }
}

function start(): Worker {
  const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
  const child = fork(fileURLToPath(new URL(`./worker.${extension}`, import.meta.url)), [], {
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    execArgv: [],
    // Image files are decoded by the threads of libuv; the default is four.
    env: { UV_THREADPOOL_SIZE: String(Math.max(4, availableParallelism())), ...process.env },
  });
  const worker: Worker = { process: child, lastWords: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (text: string) => {
      worker.lastWords = (worker.lastWords + text).slice(-LAST_WORDS);
    });
  }
  return worker;
}

type Answer = Extract<FromWorker, { type: 'done' | 'failed' }>;

function exchange(worker: Worker, task: StageTask, events: TaskEvents, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let timer: NodeJS.Timeout | undefined;
    const onAbort = (): void => {
      tell(worker.process, { type: 'abort' });
      timer = setTimeout(() => worker.process.kill('SIGKILL'), GRACE_MILLISECONDS);
    };
    const onMessage = (message: FromWorker): void => {
      if (message.type === 'progress') events.progress(message.progress);
      else if (message.type === 'log') events.log(message.level, message.message);
      else finish(() => resolve(message));
    };
    const onExit = (code: number | null, killedBy: NodeJS.Signals | null): void => {
      finish(() => {
        if (worker.lastWords !== '') events.log('error', worker.lastWords.trim());
        reject(signal.aborted ? failure('interrupted', 'stopped') : death(code, killedBy));
      });
    };
    const onError = (error: Error): void => finish(() => reject(error));
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      worker.process.off('message', onMessage).off('exit', onExit).off('error', onError);
      settle();
    };
    worker.process.on('message', onMessage).on('exit', onExit).on('error', onError);
    signal.addEventListener('abort', onAbort);
    tell(worker.process, { type: 'run', task });
    if (signal.aborted) onAbort();
  });
}

function tell(child: ChildProcess, message: ToWorker): void {
  if (child.connected) child.send(message, () => undefined);
}

function death(code: number | null, killedBy: NodeJS.Signals | null): Failure {
  if (killedBy === 'SIGKILL') {
    return failure(
      'worker-died',
      'the process of the stage was killed, as the system does when memory runs out',
      'close other programs, or use fewer images (`limit`), a smaller `batch_size` or a smaller model',
    );
  }
  const how = killedBy === null ? `ended with code ${code ?? 'unknown'}` : `ended by ${killedBy}`;
  return failure('worker-died', `the process of the stage ${how}`, 'its last output is in `log.jsonl`');
}
