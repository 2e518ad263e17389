/** Kinds of containers, and the Python code that converts them to an `.npz` archive. */

/** `table` is text in columns; `packed` is a file that must be unpacked first. The last two are found in place of data. */
export type ContainerName =
  | 'npy'
  | 'npz'
  | 'idx'
  | 'table'
  | 'picture'
  | 'zip'
  | 'tar'
  | 'packed'
  | 'matlab'
  | 'hdf5'
  | 'pickle'
  | 'torch'
  | 'parquet'
  | 'arrow'
  | 'tfrecord'
  | 'safetensors'
  | 'excel'
  | 'blanks'
  | 'lists'
  | 'decimal-commas'
  | 'json'
  | 'web-page'
  | 'git-lfs';

export interface Container {
  readonly name: ContainerName;
  /** With its article: `a MATLAB file`. */
  readonly what: string;
  /** What to do: the source to use, or how to make a file that a source reads. */
  readonly hint: string;
}

/** The name of a file, if it can be quoted in Python and in Markdown. */
export function pythonName(fileName: string): string {
  return /^[\p{L}\p{N} .+(),=@_-]+$/u.test(fileName) ? fileName : 'FILE';
}

/** The settings that a stage needs for an archive with only images. */
export const IMAGES_ALONE = 'with `train_labels: null` and `test_images: null`';

/**
 * A container with the Python code that converts it to an archive.
 *
 * @param settings other settings that the stage needs; by default, the names of the arrays
 */
export function convert(
  container: Pick<Container, 'name' | 'what'>,
  python: string,
  settings?: string,
): Container {
  const more =
    settings === undefined ? '; name its arrays with `train_images` and `train_labels`' : ` ${settings}`;
  const hint = `convert it to an \`.npz\` archive in Python, \`${python}\`, and use \`source: npz\`${more}`;
  return { ...container, hint };
}

/** The line that writes an archive named after a file. */
export function savez(name: string, arrays: string): string {
  return `np.savez_compressed('${name.replace(/(?<=.)(?:\.[a-z]\w*){1,2}$/i, '')}.npz', ${arrays})`;
}
