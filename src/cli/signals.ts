/** Ctrl-C, and what batch systems and shells send to end a process. */
import { EXIT } from './exit.ts';

export interface Interrupt {
  readonly signal: AbortSignal;
  /** The exit code for the signal that came. */
  code(): number;
  stop(): void;
}

/** The first signal stops the run in good order, the second at once. */
export function listenForSignals(tell: (message: string) => void): Interrupt {
  const controller = new AbortController();
  let code: number = EXIT.interrupted;
  const onSignal = (signal: NodeJS.Signals): void => {
    code = signal === 'SIGTERM' ? EXIT.terminated : EXIT.interrupted;
    if (controller.signal.aborted) process.exit(code);
    tell('stopping; finished stages are kept (again to stop at once)');
    controller.abort();
  };
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  return {
    signal: controller.signal,
    code: () => code,
    stop: () => void process.off('SIGINT', onSignal).off('SIGTERM', onSignal),
  };
}
