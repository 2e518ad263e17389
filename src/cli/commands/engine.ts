import { failure } from '../../core/diagnostic.ts';
import type { EngineChoice } from '../../engine/engine.ts';
import { installEngine, removeEngine } from '../../engine/tensorflow/install.ts';
import { hasTensorFlow, PLATFORM } from '../../engine/tensorflow/pins.ts';
import { engineStatus, type EngineStatus } from '../../engine/status.ts';
import { EXIT } from '../exit.ts';
import { listenForSignals } from '../signals.ts';
import { table } from '../terminal/format.ts';
import { makeReporter } from '../terminal/make-reporter.ts';
import type { Terminal } from '../terminal/terminal.ts';

export type EngineAction = 'install' | 'status' | 'remove';

/** `hourglass engine install|status|remove` */
export async function engine(
  terminal: Terminal,
  action: EngineAction,
  choice: EngineChoice,
): Promise<number> {
  switch (action) {
    case 'install':
      if (choice === 'portable')
        throw failure(
          'usage',
          'the portable engine is part of Hourglass: there is nothing to install',
          'leave out `--engine portable` to install TensorFlow',
        );
      await install(terminal);
      return showStatus(terminal, 'native');
    case 'status':
      return showStatus(terminal, choice);
    case 'remove': {
      const removed = await removeEngine();
      if (terminal.options.json) terminal.result(JSON.stringify({ status: 'done', removed }, null, 2));
      else terminal.result(removed ? 'TensorFlow was removed' : 'TensorFlow was not installed');
      return EXIT.done;
    }
  }
}

async function install(terminal: Terminal): Promise<void> {
  const reporter = await makeReporter(terminal);
  const interrupt = listenForSignals(() => undefined);
  try {
    await installEngine(
      (step, fraction) =>
        reporter.emit({ type: 'engine-progress', step, ...(fraction === undefined ? {} : { fraction }) }),
      interrupt.signal,
    );
  } catch (error) {
    // However a route reports that it was stopped, the reason is the user's interruption.
    throw interrupt.signal.aborted
      ? failure('interrupted', 'stopped while installing TensorFlow; nothing was kept')
      : error;
  } finally {
    interrupt.stop();
    reporter.close();
  }
}

async function showStatus(terminal: Terminal, choice: EngineChoice): Promise<number> {
  const status = await engineStatus(choice);
  if (terminal.options.json) terminal.result(JSON.stringify({ status: 'done', engine: status }, null, 2));
  else terminal.result(table(describe(status)).join('\n'));
  return EXIT.done;
}

function describe(status: EngineStatus): readonly (readonly string[])[] {
  const { identity } = status;
  const isNative = identity.kind === 'native';
  const isAlone = status.webassembly?.threads === false;
  return [
    ['engine', `${identity.kind}, ${identity.version}`],
    ['installed', status.installed ? 'yes' : 'no: the first run that needs it installs it'],
    ['platform', identity.platform],
    ...(hasTensorFlow()
      ? []
      : [['TensorFlow', `not available for ${PLATFORM}: the portable engine is used`]]),
    ...(isNative ? [['folder', status.folder]] : []),
    ...(status.route === undefined ? [] : [['from', status.route]]),
    ...(isNative && status.installed
      ? [
          ['XLA', status.xla ? 'yes' : 'no'],
          ['kernels', status.kernels ?? "no: TensorFlow's own, slower ones are used"],
        ]
      : []),
    ...webAssembly(status),
    ['threads', `${isAlone ? 1 : status.threads} by default`],
    ['tfjs', status.tfjs],
    ...(isNative ? [['addon', `tfjs-node ${status.addon}`]] : []),
    ['Node', status.node],
    ...(status.problem === undefined ? [] : [['problem', status.problem]]),
  ];
}

function webAssembly({ webassembly: features }: EngineStatus): readonly (readonly string[])[] {
  if (features === undefined) return [];
  return [
    ['SIMD', features.simd ? 'yes' : 'no'],
    ['relaxed SIMD', 'not used, so that all machines compute the same bits'],
    ...(features.threads ? [] : [['shared memory', 'no: one thread computes']]),
  ];
}
