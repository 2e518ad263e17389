/** States of stages and runs in words and marks. */
import type { RunRecord } from '../artifacts/workspace.ts';
import type { StageState } from './report.ts';

export const STATES = {
  done: { label: 'done', mark: 'check' },
  failed: { label: 'failed', mark: 'cross' },
  skipped: { label: 'not run', mark: 'dash' },
  running: { label: 'running', mark: 'play' },
  waiting: { label: 'not run', mark: 'dots' },
} as const satisfies Record<StageState, { label: string; mark: string }>;

export const STATUS_LABELS: Readonly<Record<RunRecord['status'], string>> = {
  done: 'Finished',
  failed: 'Failed',
  interrupted: 'Interrupted',
  running: 'Not finished',
};
