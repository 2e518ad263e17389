/** Files that an option names: `-` is stdout. */
import { checkTarget, writeTarget } from '../artifacts/target.ts';
import { failure } from '../core/diagnostic.ts';

export const STDOUT = '-';

/**
 * Checks the files that options name before the work begins.
 *
 * @param targets the options with their files; undefined if not given
 * @throws Failure `usage` if two of them, or one and the JSON document, would be mixed in one file; `output-not-writable`
 */
export async function checkTargets(
  targets: Readonly<Record<string, string | undefined>>,
  json: boolean,
): Promise<void> {
  const named = Object.entries({ ...targets, ...(json ? { '--json': STDOUT } : {}) });
  const seen = new Map<string, string>();
  for (const [option, path] of named) {
    if (path === undefined) continue;
    const other = seen.get(path);
    if (other !== undefined)
      throw failure(
        'usage',
        `\`${other}\` and \`${option}\` write to the same file`,
        'name another file for one of them',
      );
    seen.set(path, option);
    if (path !== STDOUT) await checkTarget(path);
  }
}

/** @throws Failure `disk-full` or `output-not-writable` */
export async function writeNamed(path: string, data: string | Uint8Array): Promise<void> {
  if (path !== STDOUT) return writeTarget(path, data);
  await new Promise<void>((resolve) => {
    // `main` handles errors of the stream.
    process.stdout.write(data, () => resolve());
  });
}
