import { resolve } from 'node:path';
import { failure } from '../../core/diagnostic.ts';
import type { Json, JsonObject } from '../../core/json.ts';
import { differingSettings, isSame, numbersOf, type DifferenceRow } from '../../history/difference.ts';
import { findRun } from '../../history/find.ts';
import { comparisonPage } from '../../history/page.ts';
import { storeOf } from '../../run/plan.ts';
import { columnFormat } from '../../sweep/numbers.ts';
import { EXIT } from '../exit.ts';
import { checkTargets, writeNamed } from '../target.ts';
import { formatPlural, printable, table } from '../terminal/format.ts';
import { valueText } from '../terminal/runs-table.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { runLabel } from './outputs.ts';

export interface CompareRunsOptions {
  readonly runs: readonly string[];
  readonly outputs: string;
  /** The page to write. */
  readonly page?: string;
}

/** `hourglass compare` of several runs. */
export async function compareRuns(terminal: Terminal, options: CompareRunsOptions): Promise<number> {
  const outputs = resolve(options.outputs);
  const places = { outputs, store: storeOf(outputs) };
  const { json } = terminal.options;
  await checkTargets({ '--page': options.page }, json);
  const names = await Promise.all(options.runs.map(runLabel));
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) throw failure('usage', `\`${twice}\` is named twice`);
  const runs = await Promise.all(names.map((name) => findRun(name, places)));
  const settings = differingSettings(runs);
  const numbers = numbersOf(runs);
  if (options.page !== undefined)
    await writeNamed(options.page, Buffer.from(await comparisonPage(runs, { settings, numbers }, places)));
  if (json) {
    const row = ({ name, values }: DifferenceRow<Json>): JsonObject => ({
      name,
      values: values.map((value) => value ?? null),
    });
    terminal.result(
      JSON.stringify(
        { status: 'done', runs: names, settings: settings.map(row), metrics: numbers.map(row) },
        null,
        2,
      ),
    );
    return EXIT.done;
  }
  const differing = numbers.filter((row) => !isSame(row));
  const style = terminal.resultStyle;
  const head = names.map(printable);
  const sections = [
    settings.length === 0
      ? 'The settings are the same.'
      : titled(
          table([
            ['settings', ...head],
            ...settings.map(({ name, values }) => [printable(name), ...values.map(valueText)]),
          ]),
        ),
    differing.length === 0
      ? 'The numbers are the same.'
      : titled(table([['numbers', ...head], ...differing.map(numberRow)])),
  ];
  function titled([title = '', ...rows]: readonly string[]): string {
    return [style('bold', title), ...rows].join('\n');
  }
  terminal.result(sections.join('\n\n'));
  const same = numbers.length - differing.length;
  if (same > 0 && differing.length > 0 && !terminal.options.quiet)
    terminal.note(
      `\n${formatPlural(same, 'number')} more ${same === 1 ? 'is' : 'are'} the same in all runs.`,
    );
  if (options.page !== undefined && !terminal.options.quiet) terminal.note(`\nwrote ${options.page}`);
  return EXIT.done;
}

function numberRow({ name, values }: DifferenceRow<number>): readonly string[] {
  const quantities = values.map((value) => (value === undefined ? undefined : { mean: value }));
  return [printable(name), ...quantities.map(columnFormat(quantities))];
}
