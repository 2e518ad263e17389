/**
 * A worker process: runs stages in sequence. It serves one run and one number of TensorFlow threads, which
 * the native library accepts only once per process.
 */
import { Checkpoints } from '../artifacts/checkpoints.ts';
import { errorCode, fileFailure, systemFailure } from '../files/atomic.ts';
import { isStillHeld } from '../files/lock.ts';
import { Failure, failure, type Diagnostic } from '../core/diagnostic.ts';
import type { LogLevel } from '../core/event.ts';
import type { Engine } from '../engine/engine.ts';
import { deriveSeed } from '../core/seed.ts';
import { declared } from '../core/stage-type.ts';
import type { NodeDefinition, StageContext } from '../nodes/contract.ts';
import { textOf } from '../nodes/plugin-guard.ts';
import { loadPlugin } from '../nodes/plugins.ts';
import { builtinNodes } from '../nodes/registry.ts';
import type { FromWorker, StageTask, ToWorker } from './protocol.ts';

let abort = new AbortController();

process.on('message', (message: ToWorker) => {
  if (message.type === 'abort') abort.abort();
  else if (message.type === 'prepare') void prepare();
  else void runTask(message.task);
});
// The executor has exited: nobody waits for the result.
process.on('disconnect', () => process.exit(1));
// Ctrl-C and the closing of a terminal signal the whole process group; the executor decides what happens.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);

/** How often a worker checks that its run still has its lock: the executor may be suspended while the worker runs. */
const LOOK_MILLISECONDS = 2000;

async function prepare(): Promise<void> {
  const { prepareEngine } = await import('../engine/load.ts');
  prepareEngine();
}

async function runTask(task: StageTask): Promise<void> {
  abort = new AbortController();
  const stopWatching = watchLock(task.lock);
  const answer = await answerOf(task);
  // The next task may belong to another run, with another lock.
  stopWatching();
  await send(answer);
}

/** Ends this process once the lock is lost. */
function watchLock(lock: StageTask['lock']): () => void {
  let isOver = false;
  const timer = setInterval(() => {
    void isStillHeld(lock).then((isHeld) => {
      if (!isHeld && !isOver) process.kill(process.pid, 'SIGKILL');
    });
  }, LOOK_MILLISECONDS).unref();
  return () => {
    isOver = true;
    clearInterval(timer);
  };
}

async function answerOf(task: StageTask): Promise<FromWorker> {
  let node: NodeDefinition | undefined;
  try {
    const before = processorSeconds();
    node = await findNode(task);
    const context = contextOf(task, node);
    const result = await node.run(context);
    const { seconds, processor } = context.checkpoints?.earlier ?? { seconds: 0, processor: 0 };
    return {
      type: 'done',
      metrics: result.metrics ?? {},
      highlights: result.highlights ?? [],
      usage: {
        processor: processor + processorSeconds() - before,
        memory: process.resourceUsage().maxRSS * 1024,
      },
      earlierSeconds: seconds,
    };
  } catch (error) {
    // A full disk means the same for every stage type. The stage type explains other file errors; those that it does not explain
    // are reported with the name of the file.
    const isFull = ['ENOSPC', 'EDQUOT'].includes(errorCode(error));
    const isOfPlugin = node?.code !== undefined && errorCode(error) === 'ERR_MODULE_NOT_FOUND';
    const known = isOutOfMemory(error) || isOfPlugin ? error : systemFailure(error);
    return describeError(isFull ? fileFailure(error, task.folder) : known, node);
  }
}

/** Seconds of all threads of this process so far. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function findNode(task: StageTask): Promise<NodeDefinition> {
  const builtin = builtinNodes.get(task.type);
  if (builtin !== undefined) return builtin;
  for (const path of task.plugins) {
    const node = await loadPlugin(path);
    if (node.type === task.type) return node;
  }
  throw new Error(`no node of type ${task.type}`);
}

const LEVELS: ReadonlySet<string> = new Set<LogLevel>(['debug', 'info', 'warn', 'error']);

function contextOf(task: StageTask, node: NodeDefinition): StageContext {
  let engine: Promise<Engine> | undefined;
  return {
    stage: task.stage,
    settings: task.settings,
    inputs: task.inputs,
    folder: task.folder,
    ...(task.checkpoints === undefined ? {} : { checkpoints: new Checkpoints(task.checkpoints) }),
    pipelineFolder: task.pipelineFolder,
    signal: abort.signal,
    seed(purpose) {
      if (!declared(node.draws, task.settings))
        throw new Error(`node ${node.type} draws random numbers but does not declare \`draws\``);
      return deriveSeed(task.pipelineSeed, task.stage, purpose);
    },
    engine() {
      engine ??= loadEngineOf(task, node);
      return engine;
    },
    progress: (progress) => void send({ type: 'progress', progress }),
    // Plugins may not have been checked by a compiler.
    log: (level, message) =>
      void send({ type: 'log', level: LEVELS.has(level) ? level : 'info', message: textOf(message) }),
  };
}

async function loadEngineOf(task: StageTask, node: NodeDefinition): Promise<Engine> {
  if (!declared(node.engine, task.settings))
    throw new Error(`node ${node.type} uses TensorFlow but does not declare \`engine\``);
  const { loadEngine } = await import('../engine/load.ts');
  return loadEngine({ choice: task.engine.kind, threads: task.engine.threads });
}

function describeError(error: unknown, node: NodeDefinition | undefined): FromWorker {
  if (error instanceof Failure) return { type: 'failed', diagnostics: error.diagnostics };
  if (isOutOfMemory(error)) {
    const { diagnostics } = failure(
      'stage-failed',
      'memory ran out',
      'use fewer images (`limit`), a smaller `batch_size` or a smaller model',
    );
    return { type: 'failed', diagnostics };
  }
  const isOwn = node?.code === undefined;
  const diagnostic: Diagnostic = {
    code: isOwn ? 'internal-error' : 'stage-failed',
    severity: 'error',
    message: isOwn ? textOf(error) : `the plugin failed: ${textOf(error)}`,
    hint: `this is a bug in ${isOwn ? 'the node' : 'the plugin'}; the stack trace is in \`log.jsonl\``,
  };
  return {
    type: 'failed',
    diagnostics: [diagnostic],
    ...(error instanceof Error && error.stack !== undefined ? { stack: error.stack } : {}),
  };
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof RangeError && /allocation failed|Invalid typed array length/.test(error.message);
}

/** Resolves once the message is sent: an exit cannot lose it then. */
function send(message: FromWorker): Promise<void> {
  return new Promise((resolve) => {
    if (process.send === undefined || !process.connected) resolve();
    else process.send(message, undefined, undefined, () => resolve());
  });
}
