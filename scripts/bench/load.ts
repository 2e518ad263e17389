/** Measures the load from other programs. It slows down engines with spinning threads much more than others. */
import { cpus, type CpuInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Duration of one measurement, in milliseconds. */
const LOOK = 300;

/** Above this share, timings are unreliable. */
const TOO_BUSY = 0.1;

type Times = Pick<CpuInfo, 'times'>;

/** The share of processor time used between two measurements, from 0 to 1. */
export function busyShare(before: readonly Times[], after: readonly Times[]): number {
  const sums = (looks: readonly Times[]): readonly [number, number] => {
    const all = looks.flatMap(({ times }) => Object.values(times)).reduce((sum, time) => sum + time, 0);
    return [all, looks.reduce((sum, { times }) => sum + times.idle, 0)];
  };
  const [allBefore, idleBefore] = sums(before);
  const [allAfter, idleAfter] = sums(after);
  const all = allAfter - allBefore;
  return all > 0 ? 1 - (idleAfter - idleBefore) / all : 0;
}

/** The load from now on for a moment. Call it while no program of the benchmark runs. */
export async function otherLoad(): Promise<number> {
  const before = cpus();
  await sleep(LOOK);
  return busyShare(before, cpus());
}

/** A warning if the load was too high. */
export function loadNote(shares: readonly number[]): string[] {
  const most = Math.max(0, ...shares);
  const percent = (most * 100).toFixed(0);
  return most > TOO_BUSY
    ? [`Other programs used up to ${percent} % of the processor: measure again when they are done.`]
    : [];
}
