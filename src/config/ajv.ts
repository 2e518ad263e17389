/** Ajv with the keywords of Hourglass's own. Loading it takes longer than most checks: see `validator.ts`. */
import type * as AjvModule from 'ajv';
import type { Ajv, CodeKeywordDefinition, KeywordCxt } from 'ajv';
import { createRequire } from 'node:module';
import { readSchema, SHARED_SCHEMAS } from '../schema/schemas.ts';

/**
 * Keywords that say more of a value: `filePath`, that a text is the path of a file or a folder; `flat`, that the items of a list
 * in this list stand for themselves, if that has a name; `canonical`, which of several spellings counts.
 */
export const MARKS = ['filePath', 'flat', 'canonical'] as const;

/** What compiled schemas call for those keywords. */
export interface Hooks {
  /**
   * Takes a value that has one of `MARKS`.
   *
   * @param schema that the keyword stands in
   * @param pointer JSON pointer of the value in the validated data
   */
  note(keyword: (typeof MARKS)[number], schema: unknown, pointer: string): void;
  /**
   * Replaces a name in its parent by what it is an alias of.
   *
   * @returns false where an item of a list is an alias of another item
   */
  replaceAlias(
    aliases: Readonly<Record<string, string>>,
    name: unknown,
    parent: object,
    key: string | number,
  ): boolean;
}

/** The name by which compiled code knows its hooks. */
export const HOOKS = 'hooks';

/**
 * A validator that fills in defaults, and reports all errors with the schema that each comes from.
 *
 * @param standalone whether the code is to be written to a file, where it is worth making it small
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
    // That the schemas are schemas is tested; checking it here would double the time.
    validateSchema: false,
    inlineRefs: false,
    code: { source: standalone, optimize: standalone },
    logger: false,
  });
  const { _, Name } = ajvModule;
  const hooksIn = ({ gen }: KeywordCxt) => gen.scopeValue('obj', { ref: hooks, code: new Name(HOOKS) });
  /** Names that mean another of the `enum` beside them, and are replaced by it: equal settings have equal keys. */
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
  // What to write in place of a key or a value that Keras has; for diagnostics.
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
