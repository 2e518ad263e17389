/** The measurement that a program for inference prints. */
export interface Measurement {
  /** Time of the call, including compilation. */
  readonly ms: number;
  readonly images: number;
  /** Loss of an untrained model: about the same for all engines. */
  readonly loss: number;
}

/** Number of images, as in MNIST; images of a smaller set are repeated. */
export const IMAGES = 70_000;
