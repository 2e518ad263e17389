/** Ajv with Hourglass's own keywords. Loading it takes longer than most checks: see `validator.ts`. */
import type * as AjvModule from 'ajv';
import type { Ajv, CodeKeywordDefinition, KeywordCxt } from 'ajv';
import { createRequire } from 'node:module';
import { readSchema, SHARED_SCHEMAS } from '../schema/schemas.ts';

/**
 * Keywords that mark a value. `filePath`: a text is the path of a file or a folder. `flat`: a named list inside this list is
 * replaced by its items. `canonical`: which of several spellings is used.
 */
export const MARKS = ['filePath', 'flat', 'canonical'] as const;

/** The functions that compiled schemas call for these keywords. */
export interface Hooks {
  /**
   * Receives a value that has one of `MARKS`.
   *
   * @param schema the schema that contains the keyword
   * @param pointer JSON pointer of the value in the validated data
   */
  note(keyword: (typeof MARKS)[number], schema: unknown, pointer: string): void;
  /**
   * Replaces an alias in its parent by the name that it means.
   *
   * @returns false if an item of a list is an alias of another item
   */
  replaceAlias(
    aliases: Readonly<Record<string, string>>,
    name: unknown,
    parent: object,
    key: string | number,
  ): boolean;
}

/** The name of the hooks in compiled code. */
export const HOOKS = 'hooks';

/**
 * A validator that fills in defaults, and reports all errors, each with its schema.
 *
 * @param standalone whether the code is written to a file, and so should be small
 */
export function createAjv(hooks: Hooks, standalone = false): Ajv {
  const require = createRequire(import.meta.url);
  const ajvModule = require('ajv') as typeof AjvModule;
  const ajv = new ajvModule.Ajv({
    allErrors: true,
    verbose: true,
    useDefaults: true,
    strict: true,
    allowUnionTypes: true,
    // Otherwise `toString` would count as a key of every map.
    ownProperties: true,
    // Tests check that the schemas are valid; checking it here would double the time.
    validateSchema: false,
    inlineRefs: false,
    code: { source: standalone, optimize: standalone },
    logger: false,
  });
  const { _, Name } = ajvModule;
  const hooksIn = ({ gen }: KeywordCxt) => gen.scopeValue('obj', { ref: hooks, code: new Name(HOOKS) });
  /** Aliases of names in the same schema's `enum`. They are replaced by these: equal settings have equal keys. */
  const aliases: CodeKeywordDefinition = {
    keyword: 'aliases',
    schemaType: 'object',
    code(context) {
      const { gen, data, schemaValue, it } = context;
      const { parentData, parentDataProperty } = it;
      const replaced = _`${hooksIn(context)}.replaceAlias(${schemaValue}, ${data}, ${parentData}, ${parentDataProperty})`;
      context.pass(replaced);
      gen.assign(data, _`${parentData}[${parentDataProperty}]`);
    },
  };
  ajv.addKeyword(aliases);
  // The replacement for a key or a value from Keras; for diagnostics.
  ajv.addKeyword('instead');
  for (const keyword of MARKS) {
    ajv.addKeyword({
      keyword,
      code(context) {
        const { gen, it } = context;
        const pointer = _`${new Name('instancePath')} + ${it.errorPath}`;
        const schema = _`${it.topSchemaRef}${it.schemaPath}`;
        gen.code(_`${hooksIn(context)}.note(${keyword}, ${schema}, ${pointer})`);
      },
    });
  }
  for (const name of SHARED_SCHEMAS) ajv.addSchema(readSchema(name));
  return ajv;
}
