import { composeSchema } from '../../schema/compose.ts';
import { failure } from '../../core/diagnostic.ts';
import type { JsonObject } from '../../core/json.ts';
import { suggest } from '../../core/suggest.ts';
import { builtinNodes } from '../../nodes/registry.ts';
import { exists } from '../../files/atomic.ts';
import { EXIT } from '../exit.ts';
import { commandLine } from '../program.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { loadChecked, printProblems } from './load.ts';

export interface SchemaOptions {
  /** A pipeline whose plugins are included. */
  readonly pipeline?: string;
  readonly allowPlugins: boolean;
  /** A stage type, to print its settings only. */
  readonly stage?: string;
}

/** `hourglass schema` */
export async function schema(terminal: Terminal, options: SchemaOptions): Promise<number> {
  let schemas: ReadonlyMap<string, JsonObject> = schemasOf(builtinNodes);
  if (options.pipeline !== undefined) {
    if (schemas.has(options.pipeline) && !(await exists(options.pipeline))) {
      throw failure(
        'usage',
        `\`${options.pipeline}\` is a stage type, not a pipeline`,
        `for its settings: \`${commandLine(['schema', '--stage', options.pipeline])}\``,
      );
    }
    const { diagnostics, sources, stageTypes } = await loadChecked(options.pipeline, options);
    // The user may still be writing the file: only problems that hide its plugins matter.
    const problems = diagnostics.filter(({ code }) => HIDES_PLUGINS.has(code));
    if (problems.length > 0) return printProblems(terminal, problems, sources);
    schemas = schemasOf(stageTypes);
  }
  terminal.result(JSON.stringify(select(composeSchema(schemas), schemas, options.stage), null, 2));
  return EXIT.done;
}

const HIDES_PLUGINS: ReadonlySet<string> = new Set([
  'file-not-found',
  'file-unreadable',
  'file-too-large',
  'file-empty',
  'yaml-syntax',
  'plugin-refused',
  'plugin-invalid',
]);

function schemasOf(
  types: ReadonlyMap<string, { readonly schema: JsonObject }>,
): ReadonlyMap<string, JsonObject> {
  return new Map([...types].map(([name, type]) => [name, type.schema]));
}

/** The whole schema, or the schema of one stage type with the definitions that it needs. */
function select(
  whole: JsonObject,
  schemas: ReadonlyMap<string, JsonObject>,
  stage: string | undefined,
): JsonObject {
  if (stage === undefined) return whole;
  if (!schemas.has(stage)) {
    const near = suggest(stage, schemas.keys());
    throw failure(
      'usage',
      `there is no stage type \`${stage}\``,
      near === undefined ? `stage types: ${[...schemas.keys()].join(', ')}` : `did you mean \`${near}\`?`,
    );
  }
  const { $schema = null, definitions = null } = whole;
  return { $schema, $ref: `#/definitions/${stage}`, definitions };
}
