/**
 * Asks a process about hostile files. It is killed if it computes for more than a second on a file, or if it waits for long: on a
 * busy machine it may have to wait for its turn.
 */
import assert from 'node:assert/strict';
import { fork, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { TestContext } from 'node:test';
import type { Answer, Question } from './answerer.ts';

const ANSWERER = fileURLToPath(new URL('./answerer.js', import.meta.url));
const CPU_SECONDS = 1;
const WALL_SECONDS = 20;
const POLL_MILLISECONDS = 50;

export class Hostile {
  #child: ChildProcess | undefined;
  readonly #warmUp: Question;

  /** @param warmUp a valid file, for which the process may take longer, to load its modules */
  constructor(t: Pick<TestContext, 'after'>, warmUp: Question) {
    this.#warmUp = warmUp;
    t.after(async () => {
      const child = this.#child;
      if (child?.connected !== true) return;
      // It exits by itself, because coverage is only written on a normal exit.
      child.disconnect();
      await once(child, 'exit');
    });
  }

  /** Asserts that a file is refused with one of these codes. */
  async assertRefused(question: Question, codes: readonly string[], name: string): Promise<void> {
    const answer = await this.#ask(question);
    assert.ok(answer, `${name}: killed, it took more than a second`);
    assert.ok('codes' in answer, `${name}: ${JSON.stringify(answer)}`);
    assert.ok(
      answer.codes.length > 0 && answer.codes.every((code) => codes.includes(code)),
      `${name}: ${answer.codes.join()}`,
    );
  }

  /** Asserts that a file is refused with a message, or accepted without harm. */
  async assertHarmless(question: Question, name: string): Promise<void> {
    const answer = await this.#ask(question);
    assert.ok(answer, `${name}: killed`);
    assert.ok('codes' in answer || 'taken' in answer, `${name}: ${JSON.stringify(answer)}`);
  }

  async #ask(question: Question): Promise<Answer | undefined> {
    if (this.#child === undefined) {
      // As little memory as a small machine: a process that allocates what a header claims dies.
      this.#child = fork(ANSWERER, [], { execArgv: ['--max-old-space-size=256'], stdio: 'inherit' });
      const answer = await exchange(this.#child, this.#warmUp);
      assert.deepEqual(answer, { taken: true }, 'the good file is taken');
    }
    const child = this.#child;
    const [cpu, wall] = [cpuSeconds(child), performance.now()];
    const timer = setInterval(() => {
      const isLong = cpuSeconds(child) - cpu > CPU_SECONDS || performance.now() - wall > WALL_SECONDS * 1000;
      if (isLong) child.kill('SIGKILL');
    }, POLL_MILLISECONDS);
    const answer = await exchange(child, question);
    clearInterval(timer);
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

/** Processor time of a process; 0 on systems without `/proc`. */
function cpuSeconds(child: ChildProcess): number {
  try {
    const text = readFileSync(`/proc/${child.pid}/stat`, 'utf8');
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11]) + Number(fields[12])) / 100;
  } catch {
    return 0;
  }
}
