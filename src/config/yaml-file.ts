import { isAlias, isMap, isScalar, isSeq, LineCounter, parseDocument, visit, type Document, type Scalar } from 'yaml';
import { formatPath, type ConfigProblem, type KeyPath } from './problem.ts';

/** A configuration file as plain values, with a way back to its lines. */
export interface YamlFile {
  readonly value: unknown;
  /** Syntax errors, and variables that are not set. With a syntax error `value` means nothing. */
  readonly problems: readonly ConfigProblem[];
  readonly malformed: boolean;
  /** The line a key is on, or the nearest of its ancestors that is there. */
  lineOf(path: KeyPath): number | null;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** Parses `text` and puts environment variables in the place of `${NAME}` in its values (`$${` is a literal `${`). */
export function parseYaml(text: string, environment: Environment): YamlFile {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const lineAt = (offset: number): number => lines.linePos(offset).line;
  const syntax = syntaxProblems(document, text, lines);
  if (syntax.length > 0) return { value: undefined, problems: syntax, malformed: true, lineOf: () => null };
  const problems = interpolate(document, environment, lineAt);
  return {
    value: document.toJS(),
    problems,
    malformed: false,
    lineOf: (path) => lineOf(document, path, lineAt),
  };
}

function syntaxProblems(document: Document.Parsed, text: string, lines: LineCounter): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const unrelated = document.errors.filter((error) => error.code === 'DUPLICATE_KEY');
  // One real mistake makes the parser report several: only the first is worth reading.
  const first = document.errors.find((error) => error.code !== 'DUPLICATE_KEY');
  for (const error of first === undefined ? unrelated : [first]) {
    const { line, col } = lines.linePos(error.pos[0]);
    const unquoted = unquotedHint(text.slice(lines.lineStarts[line - 1], error.pos[1] + 1));
    problems.push({ path: '', line, message: `not valid YAML at column ${col}: ${error.message}${unquoted}` });
  }
  if (document.errors.length > 0) return problems;
  visit(document, {
    Alias(_key, node) {
      if (node.resolve(document) !== undefined) return;
      const line = lines.linePos(node.range?.[0] ?? 0).line;
      problems.push({ path: '', line, message: `*${node.source} must be in quotes: "*${node.source}"` });
    },
  });
  for (const warning of document.warnings) {
    const found = text.slice(warning.pos[0], warning.pos[1]);
    problems.push({
      path: '',
      line: lines.linePos(warning.pos[0]).line,
      // YAML reads a word that begins with ! as a type tag and drops it: an exclusion must not get lost.
      message: found.startsWith('!') ? `${found} must be in quotes: "${found}"` : warning.message,
    });
  }
  return problems;
}

function unquotedHint(line: string): string {
  if (line.includes('${')) return '; a ${VARIABLE} within { } or [ ] must be in quotes';
  return line.includes('*') ? '; a pattern with * must be in quotes' : '';
}

function interpolate(
  document: Document.Parsed,
  environment: Environment,
  lineAt: (offset: number) => number,
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  visit(document, {
    Scalar(key, node, ancestors) {
      if (key === 'key' || typeof node.value !== 'string' || !node.value.includes('${')) return;
      const missing: string[] = [];
      const replaced = node.value.replaceAll(/(\$?)\$\{([^}]*)\}/g, (whole: string, escape: string, name: string) => {
        if (escape !== '') return whole.slice(1);
        const value = environment[name];
        if (value === undefined || value === '') missing.push(name);
        return value ?? '';
      });
      for (const name of missing) {
        problems.push({
          path: formatPath(pathOf([...ancestors, node])),
          line: lineAt(node.range?.[0] ?? 0),
          message: /^\w+$/.test(name)
            ? `the environment variable ${name} is not set or empty`
            : `found "\${${name}}", takes the name of an environment variable within \${}`,
        });
      }
      node.value = plainValue(node, replaced);
    },
  });
  return problems;
}

/** An unquoted `${PORT}` is a number when its value is one, as the value itself would be in its place. */
function plainValue(node: Scalar, replaced: string): string | number | boolean {
  if (node.type !== 'PLAIN') return replaced;
  if (/^\d{1,15}$/.test(replaced)) return Number(replaced);
  return replaced === 'true' ? true : replaced === 'false' ? false : replaced;
}

function pathOf(nodes: readonly unknown[]): KeyPath {
  const path: (string | number)[] = [];
  for (const [index, node] of nodes.entries()) {
    const child = nodes[index + 1];
    if (isSeq(node)) path.push(node.items.indexOf(child));
    else if (isMap(node)) {
      const pair = node.items.find((item) => item === child);
      if (pair !== undefined) path.push(String(isScalar(pair.key) ? pair.key.value : pair.key));
    }
  }
  return path;
}

function lineOf(document: Document.Parsed, path: KeyPath, lineAt: (offset: number) => number): number | null {
  let node: unknown = document.contents;
  let offset = document.contents?.range[0];
  for (const key of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isSeq(node)) {
      const item: unknown = node.items[Number(key)];
      if (item === undefined) break;
      node = item;
      offset = rangeStart(item) ?? offset;
    } else if (isMap(node)) {
      const pair = node.items.find((item) => isScalar(item.key) && String(item.key.value) === String(key));
      if (pair === undefined) break;
      offset = rangeStart(pair.key) ?? offset;
      node = pair.value;
    } else break;
  }
  return offset === undefined ? null : lineAt(offset);
}

function rangeStart(node: unknown): number | undefined {
  return typeof node === 'object' && node !== null && 'range' in node && Array.isArray(node.range)
    ? Number(node.range[0])
    : undefined;
}
