/** What TensorFlow says of itself, which is of no use to whoever runs an experiment. */

/** Notes and warnings, in the form of today's log and of the older one; errors and fatal errors are not matched. */
const NOTES = [
  /^WARNING: All log messages before absl::InitializeLog\(\)/,
  /^[IW]\d{4} [\d:.]+ +\d+ \S+:\d+\]/,
  /^\d{4}-\d\d-\d\d [\d:.]+: [IW] \S+:\d+\]/,
];

/**
 * What a process printed, without TensorFlow's notes and warnings. Some appear however quiet it is told to be: it prints them
 * before its own log is set up.
 */
export function withoutNotes(text: string): string {
  return text
    .split(/\r?\n|\r/)
    .filter((line) => !NOTES.some((pattern) => pattern.test(line)))
    .join('\n');
}
