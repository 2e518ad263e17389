/** Levels of checking: the files; also the models' numbers; also a full rerun. Each level includes those before it. */
export const LEVELS = ['hashes', 'spot', 'full'] as const;

export type Level = (typeof LEVELS)[number];
