/** A client of yaml-language-server, the one behind YAML support in VS Code and many other editors. */
import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isJsonObject, type Json, type JsonObject } from '../../src/core/json.ts';
import { packageRoot } from '../../src/core/package-root.ts';
import { isList, listAt, objectAt, stringAt } from '../../src/schema/view.ts';

export interface Completion {
  readonly label: string;
  /** The inserted text, with `$1` for the places to fill in. */
  readonly text: string;
  readonly documentation: string;
}

export interface Problem {
  readonly message: string;
  /** From 0, as the protocol counts. */
  readonly line: number;
  readonly column: number;
}

/** The places of a text are marked with `|`: one, which is taken out. */
const CURSOR = '|';

export class LanguageServer {
  private readonly process: ChildProcessWithoutNullStreams;
  private readonly answers = new Map<number, (message: JsonObject) => void>();
  private readonly problems = new Map<string, (problems: readonly Problem[]) => void>();
  private received = Buffer.alloc(0);
  private requests = 0;
  private documents = 0;

  private constructor() {
    const program = join(packageRoot, 'node_modules/yaml-language-server/bin/yaml-language-server');
    this.process = spawn(process.execPath, [program, '--stdio']);
    this.process.once('exit', (code) => {
      for (const answer of this.answers.values()) answer({ error: `the server ended with ${code}` });
    });
    this.process.stdout.on('data', (chunk: Buffer) => {
      this.receive(chunk);
    });
  }

  static async start(): Promise<LanguageServer> {
    const server = new LanguageServer();
    await server.request('initialize', {
      processId: process.pid,
      rootUri: pathToFileURL(packageRoot).href,
      capabilities: {
        textDocument: {
          completion: { completionItem: { snippetSupport: true, documentationFormat: ['markdown'] } },
          hover: { contentFormat: ['markdown'] },
        },
        workspace: { configuration: true },
      },
    });
    server.notify('initialized', {});
    return server;
  }

  /** What the editor offers at the cursor (`|`). */
  async complete(text: string): Promise<readonly Completion[]> {
    const { uri, position } = this.open(text);
    const answer = await this.request('textDocument/completion', { textDocument: { uri }, position });
    return listAt(objectAt(answer, 'result'), 'items')
      .filter(isJsonObject)
      .map((item) => ({
        label: stringAt(item, 'label') ?? '',
        text: stringAt(objectAt(item, 'textEdit'), 'newText') ?? stringAt(item, 'insertText') ?? '',
        documentation: markdown(item['documentation']),
      }));
  }

  /** What the editor shows when the mouse rests at the cursor (`|`), as Markdown. */
  async hover(text: string): Promise<string> {
    const { uri, position } = this.open(text);
    const answer = await this.request('textDocument/hover', { textDocument: { uri }, position });
    return markdown(objectAt(answer, 'result')['contents']);
  }

  /** What the editor underlines in a file of a folder of this package. */
  async diagnose(text: string, folder?: string): Promise<readonly Problem[]> {
    return await new Promise((resolve) => {
      this.open(`${text}${CURSOR}`, resolve, folder);
    });
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.process.once('exit', resolve));
    await this.request('shutdown', null);
    this.notify('exit', null);
    await ended;
  }

  private open(
    marked: string,
    onProblems: (problems: readonly Problem[]) => void = () => undefined,
    folder = 'pipelines',
  ): { uri: string; position: JsonObject } {
    const at = marked.lastIndexOf(CURSOR);
    const text = marked.slice(0, at) + marked.slice(at + CURSOR.length);
    const before = marked.slice(0, at).split('\n');
    this.documents += 1;
    const uri = pathToFileURL(join(packageRoot, folder, `test-${this.documents}.yaml`)).href;
    this.problems.set(uri, onProblems);
    this.notify('textDocument/didOpen', { textDocument: { uri, languageId: 'yaml', version: 1, text } });
    return { uri, position: { line: before.length - 1, character: before.at(-1)?.length ?? 0 } };
  }

  private async request(method: string, params: Json): Promise<JsonObject> {
    this.requests += 1;
    const id = this.requests;
    const answer = await new Promise<JsonObject>((resolve) => {
      this.answers.set(id, resolve);
      this.send({ id, method, params });
    });
    this.answers.delete(id);
    if (answer['error'] !== undefined) throw new Error(`${method}: ${JSON.stringify(answer['error'])}`);
    return answer;
  }

  private notify(method: string, params: Json): void {
    this.send({ method, params });
  }

  private send(message: JsonObject): void {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    this.process.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }

  private receive(chunk: Buffer): void {
    this.received = Buffer.concat([this.received, chunk]);
    for (;;) {
      const end = this.received.indexOf('\r\n\r\n');
      const length = Number(/Content-Length: (\d+)/.exec(this.received.toString('latin1', 0, end))?.[1]);
      if (end < 0 || this.received.length < end + 4 + length) return;
      const message: Json = JSON.parse(this.received.toString('utf8', end + 4, end + 4 + length));
      this.received = this.received.subarray(end + 4 + length);
      if (isJsonObject(message)) this.dispatch(message);
    }
  }

  private dispatch(message: JsonObject): void {
    const { id, method } = message;
    const params = objectAt(message, 'params');
    if (method === undefined) {
      if (typeof id === 'number') this.answers.get(id)?.(message);
    } else if (method === 'textDocument/publishDiagnostics') {
      this.problems.get(stringAt(params, 'uri') ?? '')?.(
        listAt(params, 'diagnostics').filter(isJsonObject).map(problem),
      );
    } else if (method === 'workspace/configuration') {
      this.send({ id: id ?? null, result: listAt(params, 'items').map(configuration) });
    } else if (id !== undefined) {
      this.send({ id, result: null });
    }
  }
}

/** Everything as an editor has it by default, but without the schema store, which is on the network. */
function configuration(item: Json): Json {
  if (!isJsonObject(item) || item['section'] !== 'yaml') return {};
  return { schemaStore: { enable: false }, validate: true, completion: true, hover: true };
}

function problem(diagnostic: JsonObject): Problem {
  const start = objectAt(objectAt(diagnostic, 'range'), 'start');
  return {
    message: stringAt(diagnostic, 'message') ?? '',
    line: Number(start['line']),
    column: Number(start['character']),
  };
}

function markdown(value: Json | undefined): string {
  if (typeof value === 'string') return value;
  if (isList(value)) return value.map(markdown).join('\n');
  return isJsonObject(value) ? (stringAt(value, 'value') ?? '') : '';
}
