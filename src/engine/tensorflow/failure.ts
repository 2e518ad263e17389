/** Turns errors that TensorFlow throws while it runs into failures that say what to do. */
import { failure } from '../../core/diagnostic.ts';

/** TensorFlow's number for exhausted memory. */
const RESOURCE_EXHAUSTED = 8;

/** An error of TensorFlow's as a failure `engine-failed`; other errors as they are. */
export function asFailure(error: unknown): unknown {
  const [, status, reason = ''] =
    (error instanceof Error ? /Invalid TF_Status: (\d+)\s*Message: (.*)/.exec(error.message) : null) ?? [];
  if (status === undefined) return error;
  if (Number(status) === RESOURCE_EXHAUSTED) {
    return failure(
      'engine-failed',
      `memory ran out during a step (${reason})`,
      'use a smaller `batch_size` or a smaller model',
    );
  }
  return failure(
    'engine-failed',
    `TensorFlow failed during a step (${reason})`,
    'please report it, with the pipeline; `--engine portable` runs the same steps without TensorFlow',
  );
}
