/** Bounds of what is advised on: nobody repairs more by hand, and each look costs time. */

/** Characters of one text, such as a value or a line. */
export const LONGEST_TEXT = 2000;

/** Values in a tree. */
export const MOST_VALUES = 500;

/** Characters that are read again in search of a repair. */
export const MOST_READ = 1_000_000;

/** Mistakes of one kind in one pipeline for which a name nearby is looked for. */
export const MOST_SUGGESTED = 50;
