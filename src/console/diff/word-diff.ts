/** A stretch of two texts: in both, or in one. */
export interface TextPart {
  readonly kind: 'same' | 'old' | 'new';
  readonly text: string;
}

/** Larger tables of words are not made: then everything between the common ends counts as changed. */
const MAX_CELLS = 1_000_000;
const WORD = /\s+|[\p{L}\p{N}_]+|[^\s\p{L}\p{N}_]/gu;

/** What changed between two texts, by words. */
export function wordDiff(before: string, after: string): TextPart[] {
  const old = before.match(WORD) ?? [];
  const fresh = after.match(WORD) ?? [];
  let start = 0;
  while (start < old.length && start < fresh.length && old[start] === fresh[start]) start += 1;
  let end = 0;
  const room = Math.min(old.length, fresh.length) - start;
  while (end < room && old[old.length - 1 - end] === fresh[fresh.length - 1 - end]) end += 1;
  const parts = new Parts();
  parts.add('same', old.slice(0, start));
  addMiddle(parts, old.slice(start, old.length - end), fresh.slice(start, fresh.length - end));
  parts.add('same', old.slice(old.length - end));
  return parts.list;
}

function addMiddle(parts: Parts, old: readonly string[], fresh: readonly string[]): void {
  if (old.length * fresh.length > MAX_CELLS) {
    parts.add('old', old);
    parts.add('new', fresh);
    return;
  }
  const longest = commonLengths(old, fresh);
  const width = fresh.length + 1;
  let at = 0;
  let to = 0;
  while (at < old.length || to < fresh.length) {
    const below = at < old.length ? (longest[(at + 1) * width + to] ?? 0) : -1;
    const right = to < fresh.length ? (longest[at * width + to + 1] ?? 0) : -1;
    if (at < old.length && to < fresh.length && old[at] === fresh[to]) {
      parts.add('same', [old[at] as string]);
      at += 1;
      to += 1;
    } else if (below >= right) {
      parts.add('old', [old[at] as string]);
      at += 1;
    } else {
      parts.add('new', [fresh[to] as string]);
      to += 1;
    }
  }
}

/** At `[at][to]`: how many words the rests from there have in common, in order. */
function commonLengths(old: readonly string[], fresh: readonly string[]): Uint32Array {
  const width = fresh.length + 1;
  const lengths = new Uint32Array((old.length + 1) * width);
  for (let at = old.length - 1; at >= 0; at -= 1) {
    for (let to = fresh.length - 1; to >= 0; to -= 1) {
      lengths[at * width + to] =
        old[at] === fresh[to]
          ? (lengths[(at + 1) * width + to + 1] ?? 0) + 1
          : Math.max(lengths[(at + 1) * width + to] ?? 0, lengths[at * width + to + 1] ?? 0);
    }
  }
  return lengths;
}

class Parts {
  readonly list: TextPart[] = [];

  add(kind: TextPart['kind'], words: readonly string[]): void {
    const text = words.join('');
    const last = this.list.at(-1);
    if (text === '') return;
    if (last?.kind === kind) this.list[this.list.length - 1] = { kind, text: last.text + text };
    else this.list.push({ kind, text });
  }
}
