import { InvalidArgumentError } from 'commander';
import { RowtrailError } from '../lib/errors.ts';
import { filterOf, type FilterInput } from '../query/filter-input.ts';
import type { ActivityFilter } from '../query/filter.ts';
import { QueryError } from '../query/grammar/query-error.ts';
import { printable } from './printable.ts';

/** For the help of commands that take a search. */
export const QUERY_HELP = `
A search is what the API's \`q\` takes: user:ana table:orders,customers -action:delete ip:10.0.0.0/8 field:price old:10
new:12 from:2026-01-01 to:now-1d record:42 source: tx: request_id: attribution: comment: value: is:direct "free text".
Behind --, it may begin with a -: rowtrail log -- -user:ana`;

/** The filter of a command line: a search text, in one argument or several, and what options say. */
export function filterOfArguments(words: readonly string[], options: Omit<FilterInput, 'q'> = {}): ActivityFilter {
  const text = words.join(' ');
  try {
    return filterOf({ ...options, q: text });
  } catch (error) {
    if (!(error instanceof QueryError)) throw error;
    // Where the text has characters that are shown as several, the mark would stand in the wrong place.
    const shown = printable(text) === text && text.length <= 200;
    const place = shown ? `\n  ${text}\n  ${' '.repeat(error.column - 1)}^` : '';
    const said = error.message.replace(/^q, column \d+: /, shown ? '' : '$&');
    throw new RowtrailError('RT_FILTER', `${said}${place}`, {
      cause: error,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
    });
  }
}

export function countArgument(text: string): number {
  if (!/^\d{1,6}$/.test(text)) throw new InvalidArgumentError('It takes a number of entries, 0 or more.');
  return Number(text);
}
