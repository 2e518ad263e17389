/** The files of a new folder, in memory. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { packageName, packageRoot } from '../../core/package-root.ts';
import { ASSIGNMENT, TEMPLATES, type Template, type TemplateName } from './templates.ts';

/** Contents by path, with `/`. */
export type Files = ReadonlyMap<string, string | Uint8Array>;

export interface NewFolder {
  readonly files: Files;
  /** The commands to run next. */
  readonly next: readonly (readonly string[])[];
}

/** @param title the title of its README */
export async function newFolder(name: TemplateName, title: string): Promise<NewFolder> {
  if (name === ASSIGNMENT) return assignment(title);
  const template: Template = TEMPLATES[name];
  const options = template.option === undefined ? [] : [template.option];
  const pipeline = basename(template.pipelines[0]);
  return {
    files: new Map([...(await filesOf(template, title)), ...(template.extra?.() ?? [])]),
    next: [
      ['check', pipeline, ...options],
      [template.command ?? 'run', pipeline, ...options],
    ],
  };
}

async function filesOf(template: Template, title: string): Promise<Files> {
  const pipelines = await Promise.all(template.pipelines.map(readPipeline));
  const [first] = pipelines;
  if (first === undefined) throw new TypeError('a template without a pipeline');
  const { about, command = 'run', option, tries = [], extraFiles = {} } = template;
  const readme = fill(await readOwn('templates/README.md'), {
    title,
    about,
    command,
    package: packageName,
    pipeline: first.name,
    call: option === undefined ? first.name : `${first.name} ${option}`,
    name: basename(first.name, '.yaml'),
    page: command === 'sweep' ? 'sweep.html' : 'report.html',
    tries: tries.length === 0 ? '' : ['\nTo try:\n', ...tries.map((each) => `- ${each}`), ''].join('\n'),
    files: [
      ...pipelines.map(({ name, text }) => `| \`${name}\` | ${describe(text)} |`),
      ...Object.entries(extraFiles).map(([path, what]) => `| \`${path}\` | ${what} |`),
    ].join('\n'),
  });
  return new Map([
    ...pipelines.map(({ name, text }) => [name, text] as const),
    // `pack` is for runs.
    ['README.md', command === 'sweep' ? readme.replace(/\n## Hand it in\n[^]*$/, '') : readme],
    ...(await surroundings()),
  ]);
}

/** A pipeline in a new folder: without the folders of its origin, and with a schema beside it. */
async function readPipeline(path: string): Promise<{ readonly name: string; readonly text: string }> {
  const text = (await readOwn(path))
    .replace(/^# yaml-language-server: .*\n(?:#\n)?/, '')
    .replaceAll(/\b(?:pipelines|examples)\/(?:\w+\/)?(?=[\w-]+\.yaml)/g, '');
  return { name: basename(path), text: `${MODELINE}#\n${text}` };
}

const SCHEMA = '.vscode/pipeline.schema.json';

/** Read by editors with the YAML language server. */
const MODELINE = `# yaml-language-server: $schema=${SCHEMA}\n`;

/** Files for every folder with pipelines. */
async function surroundings(): Promise<Files> {
  const settings = { 'yaml.schemas': { [`./${SCHEMA}`]: ['*.yaml'] } };
  const extensions = { recommendations: ['redhat.vscode-yaml'] };
  return new Map([
    ['.gitignore', 'outputs/\n.hourglass/\n'],
    ['.vscode/settings.json', `${JSON.stringify(settings, null, 2)}\n`],
    ['.vscode/extensions.json', `${JSON.stringify(extensions, null, 2)}\n`],
    [SCHEMA, await readOwn('schemas/pipeline.schema.json')],
  ]);
}

async function assignment(title: string): Promise<NewFolder> {
  const handOut = await filesOf(
    {
      about:
        'Build and tune an autoencoder that removes noise from handwritten digits. The comments of the pipeline ask the questions.',
      pipelines: ['templates/assignment/hand-out/denoising.yaml'],
      tries: ['your student number at `seed`', 'other layers, a longer training, a smaller latent vector'],
    },
    'Denoising',
  );
  const readme = fill(await readOwn('templates/assignment/README.md'), { title, package: packageName });
  return {
    files: new Map([
      ['README.md', readme],
      ['assignment.yaml', await readOwn('templates/assignment/assignment.yaml')],
      ['.gitignore', 'submissions/\nmarks.csv\n'],
      ...[...handOut].map(([path, content]) => [`hand-out/${path}`, content] as const),
    ]),
    next: [
      ['check', 'hand-out/denoising.yaml'],
      ['run', 'hand-out/denoising.yaml'],
    ],
  };
}

/** The `description` of a pipeline. */
function describe(text: string): string {
  return /^description: (.*)$/m.exec(text)?.[1] ?? 'a pipeline';
}

/** Replaces `{{names}}` by values. */
function fill(text: string, values: Readonly<Record<string, string>>): string {
  return text.replaceAll(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? '');
}

/** A file of the package, with LF line ends. */
async function readOwn(path: string): Promise<string> {
  return (await readFile(join(packageRoot, path), 'utf8')).replaceAll('\r\n', '\n');
}
