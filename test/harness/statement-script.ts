/** One statement (or several in one string, if they stand in one line) of one session. */
export interface ScriptStatement {
  /** Who runs it: `app` and `app2` are two sessions of the role `app`. */
  readonly session: string;
  readonly sql: string;
  /** What COPY FROM STDIN gets. */
  readonly input: string | null;
  /** Through Parse, Bind and Execute instead of a simple query. */
  readonly extended: boolean;
}

export interface Scenario {
  readonly name: string;
  /** The SQLSTATEs that it is meant to raise, sorted: a statement that fails by a slip of the pen tests nothing. */
  readonly errors: readonly string[];
  /** Major version of PostgreSQL from which it makes sense. */
  readonly minMajor: number;
  readonly statements: readonly ScriptStatement[];
}

const HEADER = /^--- (?<name>.*?)(?: \((?<errors>[0-9A-Z ]+)\))?(?: from (?<major>\d+))?$/;
const SESSION = /^-- @(?<session>\w+)(?<extended> extended)?$/;

/**
 * Scenarios from a file of SQL: `--- NAME (SQLSTATEs) from MAJOR` begins one, `-- @SESSION` says who goes on. A
 * statement ends with a line that ends with `;`, outside of $$; the data of COPY FROM STDIN ends with `\.`.
 */
export function parseScript(text: string): Scenario[] {
  const scenarios: (Scenario & { statements: ScriptStatement[] })[] = [];
  let session = '';
  let extended = false;
  const lines = text.split('\n');
  for (let at = 0; at < lines.length; at += 1) {
    const line = lines[at]!;
    const header = HEADER.exec(line)?.groups;
    const speaker = SESSION.exec(line)?.groups;
    if (header !== undefined) {
      const errors = (header['errors'] ?? '').split(' ').filter((code) => code !== '');
      const minMajor = Number(header['major'] ?? 0);
      scenarios.push({ name: header['name']!, errors: errors.toSorted(), minMajor, statements: [] });
    } else if (speaker !== undefined) {
      session = speaker['session']!;
      extended = speaker['extended'] !== undefined;
    } else if (line.trim() !== '') {
      const end = endOfStatement(lines, at);
      const sql = lines.slice(at, end + 1).join('\n');
      const dataEnd = /^copy [^;]* from stdin/i.test(sql) ? lines.indexOf('\\.', end) : end;
      const input = dataEnd === end ? null : lines.slice(end + 1, dataEnd).join('\n') + '\n';
      scenarios.at(-1)!.statements.push({ session, sql, input, extended });
      at = dataEnd;
    }
  }
  return scenarios;
}

function endOfStatement(lines: readonly string[], from: number): number {
  let dollars = 0;
  for (let at = from; at < lines.length; at += 1) {
    dollars += lines[at]!.split('$$').length - 1;
    if (dollars % 2 === 0 && lines[at]!.trimEnd().endsWith(';')) return at;
  }
  throw new Error(`no end to the statement of line ${from + 1}: ${lines[from]}`);
}
