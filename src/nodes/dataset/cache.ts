/** The folder of downloaded data sets, shared by all pipelines of a user. */
import { join } from 'node:path';
import { cacheFolder } from '../../engine/tensorflow/location.ts';

/** `HOURGLASS_DATA`, or `data` in the user's cache. */
export function dataFolder(): string {
  const own = process.env['HOURGLASS_DATA'];
  return own !== undefined && own !== '' ? own : join(cacheFolder(), 'data');
}
