/** The formats of `apply`, for the command line, which loads nothing else of it. */
export const APPLY_FORMATS = ['png', 'npy'] as const;

export type ApplyFormat = (typeof APPLY_FORMATS)[number];
