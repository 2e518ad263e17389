/**
 * Numbers in the documents that come from a run. A marker contains the pipeline, the place of the value in its outputs, and the
 * format. Markdown does not show markers:
 *
 *     <!--n mnist-denoising undenoised.mse .3-->0.158<!--/n-->
 *
 * | source                            | value                                                             |
 * | --------------------------------- | ----------------------------------------------------------------- |
 * | `stage.metric`                    | a metric of a stage                                               |
 * | `raw/summary.json#train.mean`     | a value in a JSON file of the outputs                             |
 * | `answer`                          | the answer of a sweep, in words                                   |
 * | `trials?size=8#probe.accuracy`    | the mean of a metric over the trials of a sweep with this value   |
 *
 * Formats: `.3` (decimals), `.1%` (per cent), `,` (whole number with thousands separators), `text`.
 */

export interface Marker {
  readonly pipeline: string;
  readonly source: string;
  readonly format: string;
  /** The present text in the document. */
  readonly text: string;
  /** Line in the document, from 1. */
  readonly line: number;
}

const MARKER = /<!--n ([\w-]+) (\S+) (\S+)-->([^<]*)<!--\/n-->/g;

export function markersOf(document: string): readonly Marker[] {
  return [...document.matchAll(MARKER)].map(
    ({ 1: pipeline = '', 2: source = '', 3: format = '', 4: text = '', index }) => ({
      pipeline,
      source,
      format,
      text,
      line: document.slice(0, index).split('\n').length,
    }),
  );
}

/** The document with the texts that `textOf` returns; if it returns undefined, the text is kept. */
export function withTexts(document: string, textOf: (marker: Marker) => string | undefined): string {
  const markers = markersOf(document)[Symbol.iterator]();
  return document.replace(MARKER, (whole: string, pipeline: string, source: string, format: string) => {
    const { value } = markers.next();
    const text = value === undefined ? undefined : textOf(value);
    return text === undefined ? whole : `<!--n ${pipeline} ${source} ${format}-->${text}<!--/n-->`;
  });
}

/** @throws RangeError for a value that the format cannot write */
export function formatValue(value: number | string, format: string): string {
  if (format === 'text') return String(value);
  if (typeof value !== 'number' || !Number.isFinite(value))
    throw new RangeError(`not a finite number: ${value}`);
  if (format === ',') return Math.round(value).toLocaleString('en-US');
  const [, decimals, percent] = /^\.(\d)(%?)$/.exec(format) ?? [];
  if (decimals === undefined) throw new RangeError(`not a format: ${format}`);
  return percent === '%' ? `${(value * 100).toFixed(Number(decimals))} %` : value.toFixed(Number(decimals));
}
