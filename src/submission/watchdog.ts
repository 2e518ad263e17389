/**
 * A thread of a checker: kills the whole process group once the parent process has ended, even if the main thread is busy.
 * `process.ppid` changes then.
 */
import { workerData } from 'node:worker_threads';
import { isAlive } from '../files/process.ts';

const PERIOD_MILLISECONDS = 500;
const parent = Number(workerData);

setInterval(() => {
  if (process.ppid === parent && isAlive(parent)) return;
  process.kill(process.platform === 'win32' ? process.pid : -process.pid, 'SIGKILL');
}, PERIOD_MILLISECONDS);
