/** What a program that is timed on inference prints. */
export interface Measurement {
  /** Of the call, with all that it compiles. */
  readonly ms: number;
  readonly images: number;
  /** Of an untrained model: about the same for all. */
  readonly loss: number;
}

/** As many as MNIST has; those of a smaller set are used again. */
export const IMAGES = 70_000;
