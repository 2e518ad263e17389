/** After any sequence of runs, edits, failures and signals, no number is shown beside settings that did not produce it. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parse } from 'yaml';
import type { RunRecord } from '../../src/artifacts/run-record.ts';
import { standingOf } from '../../src/artifacts/standing.ts';
import { plainStyle } from '../../src/cli/terminal/style.ts';
import { renderSummary } from '../../src/cli/terminal/summary.ts';
import { loadPipeline } from '../../src/config/load.ts';
import { Failure } from '../../src/core/diagnostic.ts';
import type { RunEvent } from '../../src/core/event.ts';
import { takeLock } from '../../src/files/lock.ts';
import { stageTypes } from '../../src/nodes/registry.ts';
import { renderPage } from '../../src/report/page.ts';
import { readReport } from '../../src/report/read.ts';
import { runPlan } from '../../src/run/executor.ts';
import { planPipeline, storeOf, workspaceOf } from '../../src/run/plan.ts';
import type { RunResult } from '../../src/run/types.ts';
import { SharedWork } from '../../src/run/shared.ts';
import { collectOutputs } from '../../src/submission/outputs.ts';
import { expectedNumbers, numbersIn, numberShown, writeNumbers } from './numbers.ts';

type Trouble = 'none' | 'fail' | 'wait' | 'kill';

interface Step {
  /** Of the file, and with `-S`. */
  readonly edits: Readonly<Record<string, number>>;
  readonly overrides: Readonly<Record<string, number>>;
  /** The name that the last stage has in the file. */
  readonly last: string;
  readonly targets: readonly string[];
  readonly force: boolean;
  readonly keepGoing: boolean;
  /** What happens to the run in one of the stages; a kill, when it starts or when it has finished. */
  readonly trouble: Trouble;
  readonly at: string;
  readonly killedAt: RunEvent['type'];
  readonly isCacheGone: boolean;
}

const parameters = fc.dictionary(fc.constantFrom('a', 'b', 'c'), fc.constantFrom(1, 2), { maxKeys: 2 });
const often = <T>(usual: T, ...others: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 4, arbitrary: fc.constant(usual) },
    { weight: 1, arbitrary: fc.constantFrom(...others) },
  );

const steps: fc.Arbitrary<Step> = fc.record({
  edits: parameters,
  overrides: parameters,
  last: often('other', 'renamed'),
  targets: fc.subarray(['first', 'long', 'measured']),
  force: often(false, true),
  keepGoing: fc.boolean(),
  trouble: fc.constantFrom<Trouble>('none', 'none', 'fail', 'wait', 'kill'),
  at: fc.constantFrom('first', 'long', 'measured'),
  killedAt: fc.constantFrom<RunEvent['type']>('stage-started', 'stage-finished', 'stage-progress'),
  isCacheGone: often(false, true),
});

/** One folder in which steps are done one after the other. */
class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), 'hourglass-standing-'));
  readonly outputs = join(this.folder, 'outputs');
  readonly workspace = join(this.outputs, 'numbers');
  readonly #shared: SharedWork;
  #params: Readonly<Record<string, number>> = { a: 1, b: 1, c: 1 };

  constructor(shared: SharedWork) {
    this.#shared = shared;
  }

  close(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  async take(step: Step): Promise<void> {
    this.#params = { ...this.#params, ...step.edits };
    writeNumbers(this.folder, this.#params, step.last);
    if (step.isCacheGone) rmSync(join(this.folder, '.hourglass'), { recursive: true, force: true });
    const located = await this.#load(step);
    const options = {
      outputs: this.outputs,
      targets: step.targets,
      force: step.force,
      engine: 'auto' as const,
      keepGoing: step.keepGoing,
      jobs: 2,
    };
    const { plan, diagnostics } = await planPipeline(located, options);
    assert.ok(plan, JSON.stringify(diagnostics));
    const controller = new AbortController();
    let isCopied = false;
    const copy = join(this.folder, 'killed');
    const emit = (event: RunEvent): void => {
      // Whatever moment it is, a kill would leave what there is now.
      if (event.type !== 'run-started') this.#checkFiles();
      const isHere = 'stage' in event && event.stage === step.at;
      if (!isHere) return;
      if (step.trouble === 'wait' && event.type === 'stage-progress') controller.abort();
      if (step.trouble === 'kill' && event.type === step.killedAt && !isCopied) {
        cpSync(this.workspace, copy, { recursive: true });
        isCopied = true;
      }
      if ('metrics' in event)
        this.#checkNumbers(JSON.stringify(event.metrics), expectedNumbers(located.resolved), 'event');
    };
    const lock = await takeLock(join(this.folder, 'numbers.lock'));
    assert.equal(lock.state, 'taken');
    const result = await runPlan(
      plan,
      { ...options, signal: controller.signal, emit },
      {
        workspace: workspaceOf(located, this.outputs),
        store: storeOf(this.outputs),
        engine: { kind: 'native', version: 'none', platform: 'none' },
        shared: this.#shared,
        lock,
      },
    );
    await lock.release();
    if (isCopied) {
      rmSync(this.workspace, { recursive: true });
      cpSync(copy, this.workspace, { recursive: true });
      rmSync(copy, { recursive: true });
    } else {
      this.#checkTerminal({ ...result, seconds: 1 }, expectedNumbers(located.resolved));
    }
    await this.#checkShown();
    await this.#checkPack(step);
  }

  async #load({ overrides, trouble, at }: Pick<Step, 'overrides' | 'trouble' | 'at'>) {
    const { located, diagnostics } = await loadPipeline(join(this.folder, 'p.yaml'), {
      overrides: [
        ...Object.entries(overrides).map(([name, value]) => `params.${name}=${value}`),
        ...(trouble === 'fail' || trouble === 'wait' ? [`stages.${at}.does=${trouble}`] : []),
      ],
      stageTypes: stageTypes(true),
    });
    assert.ok(located, JSON.stringify(diagnostics));
    return located;
  }

  #read(name: string): string {
    return readFileSync(join(this.workspace, name), 'utf8');
  }

  #expected(): Readonly<Record<string, number>> {
    return expectedNumbers(parse(this.#read('resolved.yaml')));
  }

  /** The numbers and the record beside the settings. */
  #checkFiles(): void {
    const expected = this.#expected();
    for (const [stage, metrics] of Object.entries(JSON.parse(this.#read('metrics.json'))))
      assert.deepEqual(metrics, { sum: expected[stage] }, `metrics.json: ${stage}`);
    const { stages }: RunRecord = JSON.parse(this.#read('run.json'));
    for (const [stage, { hash, wanted, result }] of Object.entries(stages)) {
      assert.equal(result, standingOf(hash, wanted), stage);
      const shown = numberShown(this.workspace, stage);
      if (result === 'current') assert.equal(shown, expected[stage], `run.json: ${stage} is not current`);
      if (result === 'outdated')
        assert.notEqual(shown, expected[stage], `run.json: ${stage} is not outdated`);
    }
  }

  /** Everything in a text was made with the settings, or with none of these stages. */
  #checkNumbers(text: string, expected: Readonly<Record<string, number>>, what: string): void {
    const known = new Set(Object.values(expected));
    for (const number of numbersIn(text)) assert.ok(known.has(number), `${what} shows ${number}:\n${text}`);
  }

  #checkTerminal(result: RunResult, expected: Readonly<Record<string, number>>): void {
    for (const stages of [true, false]) {
      const options = { folder: 'outputs/numbers/', stages, report: true, command: 'hourglass run p.yaml' };
      this.#checkNumbers(renderSummary(result, options, plainStyle), expected, 'the terminal');
    }
    for (const { name, result: standing } of result.results) {
      const shown = numberShown(this.workspace, name);
      assert.equal(standing === 'current', shown === expected[name], `${name}: ${standing}`);
    }
  }

  async #checkShown(): Promise<void> {
    this.#checkFiles();
    const expected = this.#expected();
    const report = await readReport(this.workspace);
    for (const { name, state, metrics, outdated, hash, exhibits } of report.stages) {
      const shown = numberShown(this.workspace, name);
      const isCurrent = shown !== undefined && shown === expected[name];
      if (state === 'done') assert.ok(isCurrent, `${name} is not done`);
      for (const value of Object.values(metrics)) assert.equal(value, expected[name], name);
      if (outdated === undefined && exhibits.length > 0) assert.ok(isCurrent, `${name} is outdated`);
      if (outdated !== undefined) assert.ok(!isCurrent && hash === undefined, `${name} is not outdated`);
    }
    const page = renderPage(report).replaceAll(/<div class="earlier">[^]*?<\/article>/g, '');
    this.#checkNumbers(page.replaceAll(/base64,[\w+/=]+|<style>[^]*?<\/style>/g, ''), expected, 'the report');
    const done = report.stages.filter(({ state }) => state === 'done').length;
    assert.ok(page.includes(`${done} of ${report.stages.length} stages`));
    assert.equal(page.includes('>Finished<'), report.status === 'done' && done === report.stages.length);
  }

  /** Packing succeeds exactly if the last run finished and everything is of these settings. */
  async #checkPack(step: Step): Promise<void> {
    const located = await this.#load({ ...step, trouble: 'none' });
    const run: RunRecord = JSON.parse(this.#read('run.json'));
    const texts = (set: readonly string[]): string => set.join(' ');
    const commands = { run: texts, pack: texts };
    const packed = await collectOutputs(located, this.outputs, commands).catch((error: unknown) => {
      assert.ok(error instanceof Failure && error.diagnostics[0]?.code === 'outputs-outdated', String(error));
      for (const override of run.overrides) assert.ok(error.diagnostics[0].hint?.includes(override));
      return undefined;
    });
    const expected = expectedNumbers(located.resolved);
    const isCurrent = Object.entries(expected).every(
      ([stage, number]) => numberShown(this.workspace, stage) === number,
    );
    if (packed !== undefined) assert.ok(isCurrent && run.status === 'done');
    for (const { name, metrics } of packed?.stages ?? [])
      assert.deepEqual(metrics, [{ name: 'sum', value: expected[name] }]);
  }
}

const usual: Step = {
  edits: {},
  overrides: {},
  last: 'other',
  targets: [],
  force: false,
  keepGoing: false,
  trouble: 'none',
  at: 'long',
  killedAt: 'stage-finished',
  isCacheGone: false,
};

/** Killed when a result from the cache has replaced another: the next run knows whose it is. */
const killedAfterCached: readonly Step[] = [
  usual,
  { ...usual, overrides: { b: 2 } },
  { ...usual, trouble: 'kill' },
  { ...usual, targets: ['first'] },
];

test('no number is shown beside settings that did not produce it', { timeout: 300_000 }, async (t) => {
  const shared = new SharedWork();
  t.after(() => shared.close());
  await fc.assert(
    fc.asyncProperty(fc.array(steps, { minLength: 2, maxLength: 6 }), async (sequence) => {
      const bench = new Bench(shared);
      try {
        for (const step of sequence) await bench.take(step);
      } finally {
        bench.close();
      }
    }),
    // Runs take long: a sequence of six steps is short enough as it is.
    { numRuns: 20, endOnFailure: true, examples: [[[...killedAfterCached]]] },
  );
});
