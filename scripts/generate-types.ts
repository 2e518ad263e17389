/** TypeScript types of resolved settings, from the schemas: settings with a default are always present. */
import { isJsonObject, type JsonObject } from '../src/core/json.ts';
import {
  canonicalNames,
  isChoice,
  mapBranch,
  objectAt,
  referenceName,
  requiredOf,
  stringAt,
  stringsAt,
  textBranch,
  typesOf,
  variantsOf,
} from '../src/schema/view.ts';

const WIDTH = 110;

/**
 * The text of a module of types.
 *
 * @param head the module's description
 * @param shared schemas whose `definitions` become types under their own names
 * @param stages schemas that become types under their `title`
 */
export function generateTypes(
  head: string,
  shared: readonly JsonObject[],
  stages: readonly JsonObject[],
): string {
  const definitions = Object.assign({}, ...shared.map((schema) => objectAt(schema, 'definitions')));
  const parts = [`/** ${head} Generated from \`schemas/\` by \`npm run generate\`. */\n`];
  for (const [name, schema] of Object.entries(definitions)) {
    if (isJsonObject(schema)) parts.push(declaration(name, schema));
  }
  for (const [name, schema] of Object.entries(definitions)) {
    if (isJsonObject(schema) && isChoice(schema) && textBranch(schema) !== undefined)
      parts.push(defaultsOfChoice(name, schema, definitions));
  }
  for (const schema of stages) parts.push(...stageDeclarations(schema));
  const text = parts.join('\n');
  const imported = ['Json', 'JsonObject'].filter((name) => new RegExp(`\\b${name}\\b`).test(text));
  const [first = '', ...rest] = parts;
  const imports =
    imported.length === 0 ? '' : `import type { ${imported.join(', ')} } from '../../core/json.ts';\n`;
  return [`${first}${imports}`, ...rest].join('\n');
}

function stageDeclarations(schema: JsonObject): readonly string[] {
  const title = stringAt(schema, 'title') ?? 'Settings';
  const variants = variantsOf(schema);
  if (variants.length === 0) return [declaration(title, schema)];
  const names = variants.map(({ value }) => `${typeName(value)}${title}`);
  return [
    ...variants.map((variant, index) =>
      declaration(names[index] ?? title, {
        ...variant.schema,
        description: `\`${title}\` with \`${variant.property}: ${variant.value}\`.`,
      }),
    ),
    `${comment(stringAt(schema, 'description'), '')}export type ${title} = ${union(names, '')};\n`,
  ];
}

/** `salt_and_pepper` becomes `SaltAndPepper`. */
function typeName(value: string): string {
  return value
    .split(/[_-]/)
    .map((word) => `${word.charAt(0).toUpperCase()}${word.slice(1)}`)
    .join('');
}

/** A type alias, not an interface, because only aliases are assignable to `JsonObject`. */
function declaration(name: string, schema: JsonObject): string {
  return `${comment(stringAt(schema, 'description'), '')}export type ${name} = ${typeOf(schema, '')};\n`;
}

function typeOf(schema: JsonObject, indent: string): string {
  const reference = referenceName(schema);
  if (reference !== undefined) return reference;
  if (schema['const'] !== undefined) return literal(schema['const']);
  if (isChoice(schema)) return choice(schema, indent);
  if ('enum' in schema) return union(canonicalNames(schema).map(literal), indent);
  const types = typesOf(schema);
  if (types.length === 0) return 'Json';
  return union(
    types.map((type) => typeOfKind(type, schema, indent)),
    indent,
  );
}

function typeOfKind(type: string, schema: JsonObject, indent: string): string {
  switch (type) {
    case 'string': {
      const branch = textBranch(schema);
      return branch === undefined ? 'string' : typeOf(branch, indent);
    }
    case 'integer':
    case 'number':
      return 'number';
    case 'array':
      return listType(schema, indent);
    case 'object': {
      const branch = mapBranch(schema);
      return branch === undefined ? objectType(schema, indent) : typeOf(branch, indent);
    }
    default:
      return type;
  }
}

function listType(schema: JsonObject, indent: string): string {
  const item = typeOf(objectAt(schema, 'items'), indent);
  const length = schema['maxItems'];
  if (typeof length === 'number' && length === schema['minItems']) {
    return `readonly [${Array(length).fill(item).join(', ')}]`;
  }
  return item.includes(' ') ? `readonly (${item})[]` : `readonly ${item}[]`;
}

function objectType(schema: JsonObject, indent: string): string {
  const others = schema['additionalProperties'];
  if (others === true && !('properties' in schema)) return 'JsonObject';
  if (isJsonObject(others) && !('properties' in schema)) {
    return `Readonly<Record<string, ${typeOf(others, indent)}>>`;
  }
  const inner = `${indent}  `;
  const required = new Set(stringsAt(schema, 'required'));
  const lines = Object.entries(objectAt(schema, 'properties')).map(([name, property]) => {
    if (!isJsonObject(property)) throw new TypeError(`property ${name} is not a schema`);
    const optional = required.has(name) || 'default' in property ? '' : '?';
    return `${comment(stringAt(property, 'description'), inner)}${inner}readonly ${name}${optional}: ${typeOf(property, inner)}${nullDefault(property)};\n`;
  });
  return `{\n${lines.join('')}${indent}}`;
}

/** A shared definition without `null` still allows it if a property's default is `null`. */
function nullDefault(property: JsonObject): string {
  return property['default'] === null && typesOf(property).length > 0 && !typesOf(property).includes('null')
    ? ' | null'
    : '';
}

function choice(schema: JsonObject, indent: string): string {
  const branch = textBranch(schema);
  const members = Object.entries(objectAt(schema, 'properties')).map(
    ([name, property]) =>
      `{ readonly ${name}: ${isJsonObject(property) ? typeOf(property, indent) : 'never'} }`,
  );
  return union([...(branch === undefined ? [] : [typeOf(branch, indent)]), ...members], indent);
}

/** A constant with the default arguments of each choice without required ones, for bare names. */
function defaultsOfChoice(name: string, schema: JsonObject, definitions: JsonObject): string {
  const entries = Object.entries(objectAt(schema, 'properties')).flatMap(([key, property]) => {
    const reference = isJsonObject(property) ? referenceName(property) : undefined;
    if (reference === undefined) throw new TypeError(`${name}.${key} is not a reference to a definition`);
    const target = objectAt(definitions, reference);
    if (requiredOf(target).size > 0) return [];
    const defaults = Object.entries(objectAt(target, 'properties')).flatMap(([argument, each]) =>
      isJsonObject(each) && each['default'] !== undefined ? [`${argument}: ${literal(each['default'])}`] : [],
    );
    return [{ key, reference, value: defaults.length === 0 ? '{}' : `{ ${defaults.join(', ')} }` }];
  });
  const constant = `${name.replace(/Spec$/, '').toUpperCase()}_DEFAULTS`;
  const types = entries.map(({ key, reference }) => `  readonly ${key}: ${reference};\n`).join('');
  const values = entries.map(({ key, value }) => `  ${key}: ${value},\n`).join('');
  return `/** Default arguments of each that needs none. */\nexport const ${constant}: {\n${types}} = {\n${values}};\n`;
}

function literal(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : JSON.stringify(value);
}

function union(members: readonly string[], indent: string): string {
  const line = members.join(' | ');
  if (members.length === 1 || (line.length < WIDTH - 30 - indent.length && !line.includes('\n'))) return line;
  return members.map((member) => `\n${indent}  | ${member}`).join('');
}

function comment(text: string | undefined, indent: string): string {
  if (text === undefined) return '';
  if (text.length + indent.length + 7 <= WIDTH) return `${indent}/** ${text} */\n`;
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && `${indent} * ${line} ${word}`.length > WIDTH) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return `${indent}/**\n${[...lines, line].map((each) => `${indent} * ${each}\n`).join('')}${indent} */\n`;
}
