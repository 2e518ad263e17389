/** The contents of a sweep's log. */
import type { Logger } from 'pino';
import { isError, unreachable, type Diagnostic } from '../core/diagnostic.ts';
import type { SweepEvent } from '../sweep/event.ts';
import { WorkspaceLog } from './log.ts';

export class SweepLog extends WorkspaceLog<SweepEvent> {
  constructor(version: string, onProblem: (message: string) => void) {
    super({ workspaceOf, isWorth, enter }, version, onProblem);
  }
}

function workspaceOf(event: SweepEvent): string | undefined {
  return event.type === 'sweep-started' ? event.workspace : undefined;
}

function isWorth({ type }: SweepEvent): boolean {
  return !['sweep-started', 'sweep-finished', 'trial-event', 'trial-chosen'].includes(type);
}

function enter(logger: Logger, event: SweepEvent): void {
  switch (event.type) {
    case 'sweep-started': {
      const { type, workspace: _, ...rest } = event;
      logger.info({ event: type, ...rest }, 'sweep started');
      return;
    }
    case 'trial-started': {
      const { type, ...rest } = event;
      logger.info({ event: type, ...rest }, 'trial started');
      return;
    }
    case 'trial-chosen': {
      const { type, ...rest } = event;
      logger.info({ event: type, ...rest }, 'trial chosen from the results so far');
      return;
    }
    case 'trial-event':
      enterStage(logger, event);
      return;
    case 'launcher-note':
      logger.info({ event: event.type }, event.text);
      return;
    case 'trial-retried':
      logger.warn(
        { event: event.type, trial: event.trial, ...reasonOf(event.diagnostics) },
        'trial is retried',
      );
      return;
    case 'trial-finished': {
      const { id, state, seconds, metrics, epoch, diagnostics } = event.outcome;
      logger[state === 'failed' ? 'error' : 'info'](
        {
          event: event.type,
          trial: id,
          state,
          seconds,
          ...(epoch === undefined ? {} : { epoch }),
          ...(state === 'failed' ? reasonOf(diagnostics) : { metrics }),
        },
        `trial ${state}`,
      );
      return;
    }
    case 'sweep-finished':
      logger.info({ event: event.type, state: event.state, seconds: event.seconds }, `sweep ${event.state}`);
      return;
    default:
      unreachable(event);
  }
}

/** Stages that ran for the first trial that needed them. The other trials get the results from the cache. */
function enterStage(logger: Logger, { trial, event }: Extract<SweepEvent, { type: 'trial-event' }>): void {
  if (event.type === 'engine-progress' && event.fraction === undefined)
    logger.info({ event: event.type }, `engine: ${event.notice ?? event.step}`);
  if (event.type !== 'stage-finished') return;
  const { stage, state, seconds } = event;
  const level = state === 'failed' ? 'error' : state === 'ran' ? 'info' : 'debug';
  logger[level]({ event: event.type, trial, stage, state, seconds }, `stage ${state}`);
}

function reasonOf(diagnostics: readonly Diagnostic[]): object {
  const first = diagnostics.find(isError);
  if (first === undefined) return {};
  const { code, message, hint, stage } = first;
  return {
    code,
    reason: message,
    ...(hint === undefined ? {} : { hint }),
    ...(stage === undefined ? {} : { stage }),
  };
}
