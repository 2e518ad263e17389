/** Names of folders with training images, and with test images. */
export const TRAIN = /^train(?:ing)?$/i;
export const TEST = /^(?:test(?:ing)?|val(?:id(?:ation)?)?|dev|eval)$/i;
