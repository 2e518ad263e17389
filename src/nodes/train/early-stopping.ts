/** When training ends before its last epoch, by the rules of Keras's `EarlyStopping` for a loss. */

export interface StoppingRule {
  /** Epochs without improvement before training stops. */
  readonly patience: number;
  /** How much lower than the best loss the next one must be to count as an improvement, 0 or more. */
  readonly min_delta: number;
}

export class EarlyStopping {
  readonly #rule: StoppingRule;
  #best = Number.POSITIVE_INFINITY;
  #epochs = 0;
  #waited = 0;

  constructor(rule: StoppingRule) {
    this.#rule = rule;
  }

  /**
   * Called with the loss of each epoch.
   *
   * @returns whether it is an improvement, and whether training stops: never after the first epoch
   */
  next(loss: number): { readonly improved: boolean; readonly stop: boolean } {
    this.#epochs += 1;
    if (loss + this.#rule.min_delta < this.#best) {
      this.#best = loss;
      this.#waited = 0;
      return { improved: true, stop: false };
    }
    this.#waited += 1;
    return { improved: false, stop: this.#waited >= this.#rule.patience && this.#epochs > 1 };
  }
}
