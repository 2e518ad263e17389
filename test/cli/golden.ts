/** Compares the text that a user sees with the expected one. */
import assert from 'node:assert/strict';

/**
 * Compares a text with the expected one, whose first and last line break and common indentation do not count. On a mismatch
 * it prints the text in the form in which it can be pasted into the test.
 */
export function assertGolden(actual: string, expected: string): void {
  const wanted = dedent(expected);
  if (actual === wanted) return;
  const escaped = actual.replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${');
  const paste = escaped
    .split('\n')
    .map((line) => (line === '' ? '' : `      ${line}`))
    .join('\n');
  assert.fail(`not as expected:\n${wanted}\n\nbut, ready to be pasted:\n\`\n${paste}\n    \``);
}

function dedent(text: string): string {
  const lines = text
    .replace(/^\n/, '')
    .replace(/\n[ ]*$/, '')
    .split('\n');
  const indents = lines.filter((line) => line !== '').map((line) => line.length - line.trimStart().length);
  const common = Math.min(...indents);
  return lines.map((line) => line.slice(common)).join('\n');
}
