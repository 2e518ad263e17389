/** Limits for advice: nobody repairs more by hand, and each attempt takes time. */

/** Characters of one text, such as a value or a line. */
export const LONGEST_TEXT = 2000;

/** Values in a tree. */
export const MOST_VALUES = 500;

/** Characters that are parsed again to find a repair. */
export const MOST_READ = 1_000_000;

/** Mistakes of one kind per pipeline for which a similar name is looked up. */
export const MOST_SUGGESTED = 50;
