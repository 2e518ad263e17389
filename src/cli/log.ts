/** `log.jsonl` of a workspace: the events of a run as pino writes them, one JSON object a line. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pino, type Logger } from 'pino';
import { unreachable } from '../core/diagnostic.ts';
import type { RunEvent } from '../core/event.ts';

export class RunLog {
  readonly #version: string;
  #logger: Logger | undefined;
  /** What happened before it was known where the log goes. */
  readonly #early: RunEvent[] = [];

  /** @param version of Hourglass, for the first line */
  constructor(version: string) {
    this.#version = version;
  }

  write(event: RunEvent): void {
    if (event.type === 'run-started') this.#open(event.workspace);
    if (this.#logger === undefined) this.#early.push(event);
    else enter(this.#logger, event);
  }

  close(): void {
    this.#logger?.flush();
  }

  /** Each run starts the log anew; synchronous writes, so that a killed run leaves all that had happened. */
  #open(workspace: string): void {
    try {
      mkdirSync(workspace, { recursive: true });
      const destination = pino.destination({ dest: join(workspace, 'log.jsonl'), append: false, sync: true });
      this.#logger = pino({ base: { hourglass: this.#version }, level: 'debug' }, destination);
    } catch {
      // A workspace that cannot be written is reported by the run itself; without it there is no log.
      return;
    }
    for (const event of this.#early.splice(0)) enter(this.#logger, event);
  }
}

function enter(logger: Logger, event: RunEvent): void {
  switch (event.type) {
    case 'run-started':
      logger.info({ event: event.type, pipeline: event.pipeline, stages: event.stages }, 'run started');
      return;
    case 'engine-progress':
      if (event.fraction === undefined) logger.info({ event: event.type }, `engine: ${event.step}`);
      return;
    case 'stage-started':
      logger.info({ event: event.type, stage: event.stage }, 'stage started');
      return;
    case 'stage-progress': {
      // Progress comes many times a second; the log keeps the ends of epochs.
      const { epochEnd, ...progress } = event.progress;
      if (epochEnd === true)
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
