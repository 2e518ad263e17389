/** The folder, beside the corrupted images of pairs, with their clean ones as an image set. */
export const CLEAN_FOLDER = 'clean';
