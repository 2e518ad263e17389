/** Published results. Generated from `schemas/` by `npm run generate`. */
import type { JsonObject } from '../../core/json.ts';

/** A source, and the figures of it that a pipeline reproduces. */
export type Publication = {
  /** What was trained, in a few words. */
  readonly title: string;
  /** The address of the page with the figures. */
  readonly source: string;
  /** The figures. */
  readonly figures: readonly PublishedFigure[];
};

/** A published number, and the metric that is compared with it. */
export type PublishedFigure = {
  /** What the number is. */
  readonly name: string;
  /** A stage of the pipeline and one of its metrics. */
  readonly metric: string;
  /** The values of the pipeline's `sweep.parameters` that the number is for. Left out: the sweep has none. */
  readonly parameters?: JsonObject;
  /** The number. Of a published range, the end that a result must reach. */
  readonly value: number;
  /** The number as the source has it: `3.00`, `about 0.09`, `40 to 50`. */
  readonly text: string;
  /**
   * How far the mean of our results may be from the number on its worse side: the rounding of the number, and
   * how much results vary at the source.
   */
  readonly tolerance: number;
  /** Whether lower or higher results are better, or only results close to the number reproduce it. */
  readonly better: 'lower' | 'higher' | 'close';
  /** The day on which the number was read at its source, or in a copy of it. Left out: it was not. */
  readonly checked?: string;
  /**
   * Why there is no verdict, although the number is shown: what the source does not say. Left out: there is
   * one.
   */
  readonly incomparable?: string;
  /**
   * What a reader of the comparison must know: how the training differs from that of the source, or why
   * results differ.
   */
  readonly note?: string;
};
