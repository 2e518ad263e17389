/** The folder, beside the corrupted images of pairs, that holds their clean ones as an image set. */
export const CLEAN_FOLDER = 'clean';
