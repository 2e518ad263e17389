/** The latent that the reader has chosen, which the map and the sliders show and change. */

export interface Chosen {
  readonly latent: Float32Array;
  /** Of a conditional model. */
  readonly label: number | undefined;
  /** The image whose latent it is. */
  readonly image: number | undefined;
}

export class LatentState {
  #chosen: Chosen;
  readonly #listeners: ((chosen: Chosen) => void)[] = [];

  constructor(chosen: Chosen) {
    this.#chosen = chosen;
  }

  get chosen(): Chosen {
    return this.#chosen;
  }

  /** What is left out stays, except for the image: another latent is not that of the image. */
  choose(change: Partial<Chosen>): void {
    this.#chosen = { ...this.#chosen, image: undefined, ...change };
    for (const listener of this.#listeners) listener(this.#chosen);
  }

  listen(listener: (chosen: Chosen) => void): void {
    this.#listeners.push(listener);
  }
}
