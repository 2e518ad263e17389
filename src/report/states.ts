/** States of stages and runs as texts and marks. */
import type { RunRecord } from '../artifacts/run-record.ts';
import type { ReportStage, Report, StageState } from './report.ts';

export const STATES = {
  done: { label: 'done', mark: 'check' },
  outdated: { label: 'of an earlier setting', mark: 'clock' },
  failed: { label: 'failed', mark: 'cross' },
  interrupted: { label: 'interrupted', mark: 'pause' },
  skipped: { label: 'not run', mark: 'dash' },
  running: { label: 'running', mark: 'play' },
  waiting: { label: 'not run', mark: 'dots' },
} as const satisfies Record<StageState, { label: string; mark: string }>;

/** `interrupted, 2 epochs kept` */
export function stateText({ state, epochsKept }: Pick<ReportStage, 'state' | 'epochsKept'>): string {
  const { label } = STATES[state];
  if (epochsKept === undefined || state === 'done' || state === 'running') return label;
  return `${label}, ${epochsKept} ${epochsKept === 1 ? 'epoch' : 'epochs'} kept`;
}

/** How a run ended. A run that succeeded but left outdated or missing results is not "finished". */
export function statusText({ status, stages, activity }: Pick<Report, 'status' | 'stages' | 'activity'>): {
  readonly text: string;
  /** Determines the colour. */
  readonly status: RunRecord['status'];
} {
  if (activity !== undefined) return { text: 'Running', status };
  if (status === 'done' && stages.some(({ state }) => state !== 'done'))
    return { text: 'Run in part', status: 'interrupted' };
  return { text: STATUS_LABELS[status], status };
}

export const STATUS_LABELS: Readonly<Record<RunRecord['status'], string>> = {
  done: 'Finished',
  failed: 'Failed',
  interrupted: 'Interrupted',
  running: 'Not finished',
};
