/** The number of samples of an image's latents by which `nll` is estimated, unless the stage has another. */
export const IMPORTANCE_SAMPLES = 100;
