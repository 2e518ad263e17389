/** Reports what a command threw: a wrong command line, an expected failure, or a bug in Hourglass. */
import { CommanderError } from 'commander';
import { systemFailure } from '../files/atomic.ts';
import { Failure, type Diagnostic } from '../core/diagnostic.ts';
import { EXIT, outcomeOf } from './exit.ts';
import { interruptCode } from './signals.ts';
import { diagnosticToJson, renderCounted } from './terminal/diagnostics.ts';
import { makeTerminal } from './terminal/terminal.ts';

/**
 * Prints what was thrown.
 *
 * @param args the command line, which may be invalid
 * @returns the exit code
 */
export function reportProblem(error: unknown, args: readonly string[]): number {
  if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
  const terminal = makeTerminal({
    json: args.includes('--json'),
    quiet: false,
    verbose: args.includes('-v') || args.includes('--verbose'),
    color: !args.includes('--no-color'),
  });
  const diagnostics = diagnosticsOf(error, args, terminal.options.verbose);
  const { status, code } = outcomeOf(diagnostics);
  const exitCode = status === 'interrupted' ? interruptCode() : code;
  if (terminal.options.json) {
    terminal.result(JSON.stringify({ status, diagnostics: diagnostics.map(diagnosticToJson) }, null, 2));
  } else {
    terminal.note(renderCounted(diagnostics, [], terminal.noteStyle));
  }
  return exitCode;
}

function diagnosticsOf(thrown: unknown, args: readonly string[], verbose: boolean): readonly Diagnostic[] {
  const error = systemFailure(thrown);
  if (error instanceof Failure) return error.diagnostics;
  if (error instanceof CommanderError) return [usageOf(error, args)];
  const message = error instanceof Error ? error.message : String(error);
  const stack = error instanceof Error ? error.stack : undefined;
  return [
    {
      code: 'internal-error',
      severity: 'error',
      message: verbose ? (stack ?? message) : message,
      hint: verbose
        ? 'this is a bug in Hourglass'
        : 'this is a bug in Hourglass; run again with `--verbose` to see where',
    },
  ];
}

/** The mistake in the command line: commander's `error: unknown option '--forse'\n(Did you mean --force?)` in our form. */
function usageOf(error: CommanderError, args: readonly string[]): Diagnostic {
  if (error.code === 'commander.help') {
    return {
      code: 'usage',
      severity: 'error',
      message: 'a command is missing',
      hint: 'see `hourglass --help`; a first one: `hourglass init`',
    };
  }
  const [message = '', ...rest] = error.message.replace(/^error: /, '').split('\n');
  const suggestion = rest
    .join(' ')
    .replace(/^\(Did you mean (one of )?(.*)\?\)$/, (_, several: string | undefined, names: string) => {
      return `did you mean ${several ?? ''}\`${names.split(', ').join('`, `')}\`?`;
    });
  return {
    code: 'usage',
    severity: 'error',
    message: message
      .replace(
        /^command-argument value '(.*)' is invalid for argument '(.*?)'/,
        "argument '$2' cannot be '$1'",
      )
      .replaceAll("'", '`'),
    hint: suggestion === '' ? `see \`${helpFor(error, args)}\`` : suggestion,
  };
}

function helpFor(error: CommanderError, args: readonly string[]): string {
  const [command] = args;
  const isKnown =
    command !== undefined && !command.startsWith('-') && error.code !== 'commander.unknownCommand';
  return isKnown ? `hourglass ${command} --help` : 'hourglass --help';
}
