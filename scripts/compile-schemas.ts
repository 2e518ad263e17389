/** Part of the build: writes the validation code that Ajv generates from the schemas; see `config/validator.ts`. */
import standaloneModule from 'ajv/dist/standalone/index.js';
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { createAjv, HOOKS } from '../src/config/ajv.ts';
import { readSchema, STAGE_TYPES } from '../src/schema/schemas.ts';

const standaloneCode = standaloneModule.default;
const names = ['document', 'assignment', 'submission', ...STAGE_TYPES.map((type) => `stages/${type}`)];
const ajv = createAjv({ note: () => undefined, replaceAlias: () => true }, true);
for (const name of names) ajv.addSchema(readSchema(name));
const code = standaloneCode(ajv, Object.fromEntries(names.map((name) => [name, `${name}.json`])));
const text = `module.exports = (${HOOKS}, require) => {\nconst exports = {};\n${code}\nreturn exports;\n};\n`;
writeFileSync(fileURLToPath(new URL('../src/schema/compiled.cjs', import.meta.url)), text);
