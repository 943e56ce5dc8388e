import { useEffect, useState } from 'preact/hooks';
import { call } from '../../api/client.ts';
import type { RevertAnswer } from '../../api/schema.ts';
import { entryHref } from '../../state/filter.ts';
import { Icon } from '../icon.tsx';
import { revertCount } from '../../state/revert-order.ts';

const TRIES = 40;
const BETWEEN_MS = 250;

/** It is done: how much, and, as soon as it is captured, the entry of it. */
export function RevertDone({
  result,
  onClose,
}: {
  readonly result: RevertAnswer['data'];
  readonly onClose: () => void;
}) {
  const { summary, steps } = result;
  const reverted = steps.find(({ status }) => status === 'ready')?.entry ?? steps[0]?.entry;
  const [resulting, setResulting] = useState<string | null>(null);
  useEffect(() => {
    if (reverted === undefined) return undefined;
    let isShown = true;
    // The page behind waits for it as well, whether this is still open or not.
    void findResult(reverted).then((id) => {
      if (id === null) return;
      if (isShown) setResulting(id);
      revertCount.value += 1;
    });
    return () => {
      isShown = false;
    };
  }, [reverted]);
  return (
    <div class="dialog-body" role="status">
      <h2 id="revert-title">
        <Icon name="check" /> Undone
      </h2>
      <p>
        {summary.applied.toLocaleString()} {summary.applied === 1 ? 'row is' : 'rows are'} as{' '}
        {summary.applied === 1 ? 'it was' : 'they were'}
        {summary.overwritten > 0 ? `, ${summary.overwritten} of them overwritten` : ''}
        {summary.skipped > 0 ? `; ${summary.skipped} left out` : ''}. What you did is an entry itself, and can be undone
        in turn.
      </p>
      <p class="dialog-actions">
        {resulting === null ? (
          <span class="dim">Waiting for it to be captured…</span>
        ) : (
          <a class="button" href={entryHref(resulting)} onClick={onClose}>
            Show the entry
          </a>
        )}
        <button class="button primary" type="button" onClick={onClose} autofocus>
          Close
        </button>
      </p>
    </div>
  );
}

/** The entry that took this one back, once it is there. */
async function findResult(entry: string): Promise<string | null> {
  for (let tried = 0; tried < TRIES; tried += 1) {
    try {
      const { data } = await call('GET /activity/{id}', { path: { id: entry } });
      const found = data.reverted_by.at(-1);
      if (found !== undefined) return found;
    } catch {
      // The next try may be answered.
    }
    await new Promise((resolve) => {
      setTimeout(resolve, BETWEEN_MS);
    });
  }
  return null;
}
