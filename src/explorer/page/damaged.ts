/** A page whose model is not one that Hourglass wrote. The message is a sentence for the reader of the page. */
export class DamagedModel extends Error {
  override readonly name = 'DamagedModel';
  /** What is wrong, as a part of a sentence. */
  readonly reason: string;

  constructor(reason: string) {
    super(`The model in this page is damaged: ${reason}.`);
    this.reason = reason;
  }
}
