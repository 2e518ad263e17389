/** Ctrl-C, and the signals with which batch systems, shells and closed terminals end a process. */
import { basename } from 'node:path';
import { EXIT } from './exit.ts';

/** Signals for an orderly stop, with their exit codes. */
const CODES = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated, SIGHUP: EXIT.hangup } as const;

export interface Interrupt {
  readonly signal: AbortSignal;
  /** The exit code for the received signal. */
  code(): number;
  stop(): void;
}

let received: number | undefined;

/** The exit code of a command that was stopped. */
export function interruptCode(): number {
  return received ?? EXIT.interrupted;
}

export function wasInterrupted(): boolean {
  return received !== undefined;
}

/** The first signal stops the work in an orderly way, the second at once. */
export function listenForSignals(tell: (message: string) => void): Interrupt {
  const controller = new AbortController();
  const onSignal = (signal: NodeJS.Signals): void => {
    received = CODES[signal as keyof typeof CODES];
    if (controller.signal.aborted) process.exit(received);
    tell('stopping; finished stages are kept (again to stop at once)');
    controller.abort();
  };
  const ignore = (): void => undefined;
  const listeners = Object.keys(CODES).map(
    (signal) => [signal, signal === 'SIGHUP' && isUnderNohup() ? ignore : onSignal] as const,
  );
  for (const [signal, listener] of listeners) process.on(signal, listener);
  return {
    signal: controller.signal,
    code: interruptCode,
    stop: () => {
      for (const [signal, listener] of listeners) process.off(signal, listener);
    },
  };
}

/**
 * Whether the process should outlive its terminal, as with `nohup`. Node does not keep the ignored SIGHUP when it starts. What
 * remains is the name of the program that the shell started, which bash and zsh put into the environment.
 */
function isUnderNohup(): boolean {
  return basename(process.env['_'] ?? '') === 'nohup';
}
