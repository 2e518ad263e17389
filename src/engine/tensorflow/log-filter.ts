/** TensorFlow's log messages about itself, which do not help users of Hourglass. */

/** Notes and warnings, in the current and the older format of the log; errors and fatal errors do not match. */
const NOTES = [
  /^WARNING: All log messages before absl::InitializeLog\(\)/,
  /^[IW]\d{4} [\d:.]+ +\d+ \S+:\d+\]/,
  /^\d{4}-\d\d-\d\d [\d:.]+: [IW] \S+:\d+\]/,
];

/**
 * A process's output without TensorFlow's notes and warnings. Some appear even if logging is off: TensorFlow prints them before
 * its log is set up.
 */
export function withoutNotes(text: string): string {
  return text
    .split(/\r?\n|\r/)
    .filter((line) => !NOTES.some((pattern) => pattern.test(line)))
    .join('\n');
}
