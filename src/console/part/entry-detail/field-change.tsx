import { Digits, exactJsonText } from '../../api/exact-json.ts';
import { decimalDelta } from '../../diff/decimal.ts';
import { jsonDiff } from '../../diff/json-diff.ts';
import { wordDiff } from '../../diff/word-diff.ts';
import { FullValue } from '../full-value.tsx';
import { JsonTree } from './json-tree.tsx';

/** Texts shorter than this, of one word, are shown as old and new. */
const SHORT_TEXT = 24;

/** One column, old → new: numbers with their difference, texts word by word, JSON as a tree. Undefined: not known. */
export function FieldChange({ before, after }: { readonly before: unknown; readonly after: unknown }) {
  if (isNumeric(before) && isNumeric(after)) {
    const delta = decimalDelta(String(before), String(after));
    return (
      <div class="old-new">
        <OldNew before={before} after={after} />
        {delta === null ? null : <span class="tag number">{delta}</span>}
      </div>
    );
  }
  if (isTree(before) && isTree(after)) {
    const tree = jsonDiff('', before, after);
    if (tree.kind === 'same') {
      return <p class="dim">The same content, written differently: {exactJsonText(after)}</p>;
    }
    return <JsonTree node={tree} />;
  }
  if (typeof before === 'string' && typeof after === 'string' && isProse(before, after)) {
    return (
      <p class="word-diff">
        {wordDiff(before, after).map(({ kind, text }, at) =>
          kind === 'same' ? (
            <span key={at}>{text}</span>
          ) : kind === 'old' ? (
            <del key={at}>{text}</del>
          ) : (
            <ins key={at}>{text}</ins>
          ),
        )}
      </p>
    );
  }
  return (
    <div class="old-new">
      <OldNew before={before} after={after} />
    </div>
  );
}

function OldNew({ before, after }: { readonly before: unknown; readonly after: unknown }) {
  return (
    <>
      <del>
        <FullValue value={before} />
      </del>
      <span aria-label="became">→</span>
      <ins>
        <FullValue value={after} />
      </ins>
    </>
  );
}

function isNumeric(value: unknown): boolean {
  return typeof value === 'number' || value instanceof Digits;
}

function isTree(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !(value instanceof Digits);
}

function isProse(before: string, after: string): boolean {
  return (
    before !== '' &&
    after !== '' &&
    (before.length > SHORT_TEXT || after.length > SHORT_TEXT || /\s/.test(before + after))
  );
}
