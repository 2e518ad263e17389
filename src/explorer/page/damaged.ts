/** A page whose model is not one that Hourglass wrote. The message is a sentence for the reader of the page. */
export class DamagedModel extends Error {
  override readonly name = 'DamagedModel';

  constructor(what: string) {
    super(`The model in this page is damaged: ${what}.`);
  }
}
