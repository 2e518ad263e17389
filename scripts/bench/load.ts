/** How busy the machine is with other things: engines with spinning threads suffer from them much more than others. */
import { cpus, type CpuInfo } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds of one look. */
const LOOK = 300;

/** Above this share the numbers tell little. */
const TOO_BUSY = 0.1;

type Times = Pick<CpuInfo, 'times'>;

/** The share of the processor's time that was used between two looks, from 0 to 1. */
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

/** The same of the next moments; to be called while nothing of ours runs. */
export async function otherLoad(): Promise<number> {
  const before = cpus();
  await sleep(LOOK);
  return busyShare(before, cpus());
}

/** A warning, if one is due. */
export function loadNote(shares: readonly number[]): string[] {
  const most = Math.max(0, ...shares);
  const percent = (most * 100).toFixed(0);
  return most > TOO_BUSY
    ? [`Other programs used up to ${percent} % of the processor: measure again when they are done.`]
    : [];
}
