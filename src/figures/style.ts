/** The visual language that all figures share. Lengths are CSS pixels at 1x. */

/** Starts with the font for PNGs; the others replace it in browsers that lack it. */
export const FONT_FAMILY = "Inter, 'Helvetica Neue', Helvetica, Arial, sans-serif";

/** Sizes and weights of type; nothing is smaller than 11 px. */
export const TYPE = {
  title: { size: 15, weight: 600, line: 20 },
  subtitle: { size: 12, weight: 400, line: 17 },
  label: { size: 12, weight: 400, line: 16 },
  seriesName: { size: 12, weight: 600, line: 16 },
  caption: { size: 11, weight: 400, line: 14 },
} as const satisfies Record<string, TypeStyle>;

export interface TypeStyle {
  readonly size: number;
  /** 400 or 600: the weights in which the bundled font is loaded. */
  readonly weight: 400 | 600;
  /** From one baseline to the next. */
  readonly line: number;
}

/** How far the middle of a capital letter is above the baseline, as a share of the size of type. */
export const CAP_MIDDLE = 0.36;

export const COLORS = {
  background: '#ffffff',
  text: '#1f2328',
  quietText: '#59636e',
  axis: '#8c959f',
  grid: '#e6e9ed',
  /** Around tiles, so that a white image does not merge with the background. */
  tileOutline: '#e1e4e8',
} as const;

/** White space around a figure. */
export const MARGIN = 20;

/** Longest line of a title, and widest row of images. */
export const MAX_WIDTH = 1000;

/**
 * Colours of series in a chart: the palette of Okabe and Ito ("Color Universal Design", 2008) without its yellow, which
 * is too pale for lines on white. `text` is the same hue, darkened to a contrast of at least 4.5 on white.
 */
export const SERIES_COLORS: readonly { readonly line: string; readonly text: string }[] = [
  { line: '#0072b2', text: '#00629a' },
  { line: '#d55e00', text: '#b04d00' },
  { line: '#009e73', text: '#00724f' },
  { line: '#cc79a7', text: '#9d4a78' },
  { line: '#e69f00', text: '#8a5f00' },
  { line: '#56b4e9', text: '#1d6f9e' },
  { line: '#333333', text: '#333333' },
];

/**
 * Colours of ten classes of points, distinguishable with any colour vision: M. A. Petroff, "Accessible color sequences for data
 * visualization", 2021, the sequence of ten.
 */
export const CLASS_COLORS: readonly string[] = [
  '#3f90da',
  '#ffa90e',
  '#bd1f01',
  '#94a4a2',
  '#832db6',
  '#a96b59',
  '#e76300',
  '#b9ac70',
  '#717581',
  '#92dadd',
];
