/** `log.jsonl` of a workspace: events written by pino, one JSON object per line. */
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { errorCode, makeFolder } from '../files/atomic.ts';
import { unreachable } from '../core/diagnostic.ts';
import type { RunEvent } from '../core/event.ts';
import { printableJson } from '../core/text.ts';

/** Which events of a kind are logged, and how. */
export interface LogRules<Event> {
  /** The folder of the log, from the event that contains it. */
  workspaceOf(event: Event): string | undefined;
  /** Whether an event reports work or a problem. */
  isWorth(event: Event): boolean;
  enter(logger: Logger, event: Event): void;
}

/**
 * The log of one run or sweep. It replaces the previous log once there is work or a problem to log. So a run with nothing
 * to do keeps the log of the run that did the work.
 */
export class WorkspaceLog<Event> {
  readonly #rules: LogRules<Event>;
  readonly #version: string;
  readonly #onProblem: (message: string) => void;
  /** Events from before the log was open. */
  #early: Event[] = [];
  #workspace: string | undefined;
  #isWanted = false;
  #opening: Promise<void> | undefined;
  #logger: Logger | undefined;
  #closeFile: () => void = () => undefined;

  /**
   * @param version the version of Hourglass, written to every line
   * @param onProblem called once if the log cannot be written, which does not stop the run
   */
  constructor(rules: LogRules<Event>, version: string, onProblem: (message: string) => void) {
    this.#rules = rules;
    this.#version = version;
    this.#onProblem = onProblem;
  }

  write(event: Event): void {
    if (this.#logger !== undefined) {
      this.#rules.enter(this.#logger, event);
      return;
    }
    this.#early.push(event);
    this.#workspace ??= this.#rules.workspaceOf(event);
    this.#isWanted ||= this.#rules.isWorth(event);
    if (this.#isWanted && this.#workspace !== undefined) this.#opening ??= this.#open(this.#workspace);
  }

  /** Writes the remaining lines and closes the file. */
  async close(): Promise<void> {
    await this.#opening;
    this.#closeFile();
    this.#closeFile = () => undefined;
  }

  async #open(workspace: string): Promise<void> {
    // Loaded here: a run with nothing to do need not wait for it.
    const { pino } = await import('pino');
    try {
      await makeFolder(workspace);
      // A new file instead of truncating the old one: a run that was taken over may still have the old file open.
      rmSync(join(workspace, 'log.jsonl'), { force: true });
      // Synchronous writes: the log of a killed run is complete.
      const file = pino.destination({ dest: join(workspace, 'log.jsonl'), append: false, sync: true });
      file.on('error', (error: unknown) => this.#giveUp(error));
      this.#closeFile = () => file.end();
      const lines = { write: (line: string) => void file.write(printableJson(line)) };
      this.#logger = pino({ base: { hourglass: this.#version }, level: 'debug' }, lines);
      for (const event of this.#early.splice(0)) this.#rules.enter(this.#logger, event);
    } catch (error) {
      this.#giveUp(error);
    }
  }

  #giveUp(error: unknown): void {
    if (this.#logger?.level === 'silent') return;
    // Later events are dropped.
    if (this.#logger !== undefined) this.#logger.level = 'silent';
    this.#closeFile = () => undefined;
    this.#onProblem(`log.jsonl cannot be written (${errorCode(error)}); the run continues without it`);
  }
}

export class RunLog extends WorkspaceLog<RunEvent> {
  constructor(version: string, onProblem: (message: string) => void) {
    const workspaceOf = (event: RunEvent): string | undefined =>
      event.type === 'run-started' ? event.workspace : undefined;
    super({ workspaceOf, isWorth, enter }, version, onProblem);
  }
}

function isWorth(event: RunEvent): boolean {
  return (
    event.type === 'stage-started' ||
    event.type === 'diagnostic' ||
    (event.type === 'run-finished' && event.state !== 'done')
  );
}

function enter(logger: Logger, event: RunEvent): void {
  switch (event.type) {
    case 'run-started':
      logger.info({ event: event.type, pipeline: event.pipeline, stages: event.stages }, 'run started');
      return;
    case 'engine-progress':
      if (event.fraction === undefined)
        logger.info({ event: event.type }, `engine: ${event.notice ?? event.step}`);
      return;
    case 'stage-started':
      logger.info({ event: event.type, stage: event.stage }, 'stage started');
      return;
    case 'stage-progress': {
      // Progress is reported many times a second; only the ends of epochs are logged.
      const { epochEnd, restored, ...progress } = event.progress;
      if (epochEnd === true && restored !== true)
        logger.info({ event: event.type, stage: event.stage, ...progress }, 'epoch ended');
      return;
    }
    case 'stage-finished': {
      const { type, state, ...rest } = event;
      logger[state === 'failed' ? 'error' : 'info']({ event: type, state, ...rest }, `stage ${state}`);
      return;
    }
    case 'diagnostic': {
      const { severity, message, ...rest } = event.diagnostic;
      logger[severity === 'error' ? 'error' : 'warn']({ event: event.type, ...rest }, message);
      return;
    }
    case 'log':
      logger[event.level](
        { event: event.type, ...(event.stage === undefined ? {} : { stage: event.stage }) },
        event.message,
      );
      return;
    case 'run-finished':
      logger.info({ event: event.type, state: event.state, seconds: event.seconds }, `run ${event.state}`);
      return;
    default:
      unreachable(event);
  }
}
