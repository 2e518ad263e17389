/**
 * A thread beside the work of a checker: ends the whole process group once its parent is gone, however busy the
 * main thread is. `process.ppid` then changes.
 */
import { workerData } from 'node:worker_threads';
import { isAlive } from '../files/process.ts';

const PERIOD_MILLISECONDS = 500;
const parent = Number(workerData);

setInterval(() => {
  if (process.ppid === parent && isAlive(parent)) return;
  process.kill(process.platform === 'win32' ? process.pid : -process.pid, 'SIGKILL');
}, PERIOD_MILLISECONDS);
