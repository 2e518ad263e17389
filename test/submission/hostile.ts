/** Asks a process about hostile files. One that takes longer than a second over a file is killed. */
import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'node:test';
import type { Answer, Question } from './answerer.ts';

const ANSWERER = fileURLToPath(new URL('./answerer.js', import.meta.url));
const MILLISECONDS = 1000;

export class Hostile {
  #child: ChildProcess | undefined;
  readonly #warmUp: Question;

  /** @param warmUp a good file, over which the process may take its time to load what it needs */
  constructor(t: Pick<TestContext, 'after'>, warmUp: Question) {
    this.#warmUp = warmUp;
    t.after(() => this.#child?.kill('SIGKILL'));
  }

  /** Asserts that a file is refused with one of these codes. */
  async assertRefused(question: Question, codes: readonly string[], name: string): Promise<void> {
    // On a busy machine a process may wait for its turn: only who is too late twice is too late.
    const answer = (await this.#ask(question)) ?? (await this.#ask(question));
    assert.ok(answer, `${name}: killed, it took more than a second`);
    assert.ok('codes' in answer, `${name}: ${JSON.stringify(answer)}`);
    assert.ok(
      answer.codes.length > 0 && answer.codes.every((code) => codes.includes(code)),
      `${name}: ${answer.codes.join()}`,
    );
  }

  async #ask(question: Question): Promise<Answer | undefined> {
    if (this.#child === undefined) {
      // No more memory than a small machine has: who allocates what a header declares dies.
      this.#child = fork(ANSWERER, [], { execArgv: ['--max-old-space-size=256'], stdio: 'inherit' });
      const answer = await exchange(this.#child, this.#warmUp);
      assert.deepEqual(answer, { taken: true }, 'the good file is taken');
    }
    const child = this.#child;
    const timer = setTimeout(() => child.kill('SIGKILL'), MILLISECONDS);
    const answer = await exchange(child, question);
    clearTimeout(timer);
    if (answer === undefined) this.#child = undefined;
    return answer;
  }
}

function exchange(child: ChildProcess, question: Question): Promise<Answer | undefined> {
  return new Promise((resolve) => {
    const settle = (answer: Answer | undefined): void => {
      child.off('message', onMessage).off('exit', onExit);
      resolve(answer);
    };
    const onMessage = (answer: Answer): void => settle(answer);
    const onExit = (): void => settle(undefined);
    child.on('message', onMessage).on('exit', onExit);
    child.send(question);
  });
}
