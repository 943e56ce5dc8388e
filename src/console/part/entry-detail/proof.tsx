import { call } from '../../api/client.ts';
import type { EntryAnswer, IntegrityAnswer } from '../../api/schema.ts';
import { useLoadable } from '../../state/loadable.ts';
import { durationText, timeText } from '../../state/time.ts';
import { CopyButton } from '../copy-button.tsx';

type Verification = NonNullable<IntegrityAnswer['data']['last_verification']>;

const OUTCOMES: Readonly<Record<Verification['outcome'], string>> = {
  proven: 'proven: nothing was changed',
  consistent: 'consistent with its seals',
  mismatch: 'it does not match its seals',
};

/** How the entry is sealed against being changed afterwards, and when that was last checked. */
export function Proof({ entry: { seal } }: { readonly entry: EntryAnswer['data'] }) {
  // Who sees a part of the history only may not ask; what the entry says itself is shown all the same.
  const { data } = useLoadable('integrity', (signal) => call('GET /integrity', { signal }));
  const integrity = data?.data ?? null;
  const { head = null, unsealed = null, last_verification: checked = null } = integrity ?? {};
  return (
    <>
      {seal === null ? (
        <p>
          It is not sealed yet.{' '}
          {unsealed === null
            ? ''
            : `The oldest entry that waits for a seal came ${durationText(unsealed.age_seconds * 1000)} ago.`}
        </p>
      ) : (
        <dl class="facts">
          <dt>Seal</dt>
          <dd>
            number {seal.number.toLocaleString()}
            {head === null ? '' : ` of ${head.number.toLocaleString()}`}
          </dd>
          <dt>Sealed</dt>
          <dd>{timeText(seal.sealed_at)}</dd>
          <dt>Hash</dt>
          <dd class="mono">
            {seal.hash} <CopyButton name="Copy the hash" text={seal.hash} />
          </dd>
          <dt>Key</dt>
          <dd>
            {seal.key_id === null ? (
              'none: whoever writes to the store could make another seal'
            ) : (
              <code>{seal.key_id}</code>
            )}
          </dd>
        </dl>
      )}
      {integrity === null ? null : (
        <p class={checked?.outcome === 'mismatch' ? 'bad-text' : 'dim'}>
          {checked === null
            ? 'The history has not been verified yet: '
            : `Verified ${timeText(checked.ended_at)}: ${OUTCOMES[checked.outcome]}. `}
          {checked?.problem ?? ''} <code>rowtrail verify</code> checks it now.
        </p>
      )}
    </>
  );
}
