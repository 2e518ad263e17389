/** What is checked: the files; also the models' numbers; also everything anew. Each includes what comes before it. */
export const LEVELS = ['hashes', 'spot', 'full'] as const;

export type Level = (typeof LEVELS)[number];
