import { useEffect, useRef, useState } from 'preact/hooks';
import { ApiError } from '../../api/api-error.ts';
import { call } from '../../api/client.ts';
import { exactJsonText } from '../../api/exact-json.ts';
import type { RevertAnswer, RevertPreview, RevertRequestInput } from '../../api/schema.ts';
import { useLoadable } from '../../state/loadable.ts';
import { revertCount, revertOrder, type RevertOrder } from '../../state/revert-order.ts';
import { ErrorNotice } from '../error-notice.tsx';
import { Icon } from '../icon.tsx';
import { SkeletonLines } from '../skeleton.tsx';
import { RevertDone } from './revert-done.tsx';
import { RevertPlan } from './revert-plan.tsx';
import { idempotencyKey } from './idempotency-key.ts';

type OnConflict = NonNullable<RevertRequestInput['onConflict']>;

/** The dialog of `openRevert`: once in the page. */
export function RevertDialog() {
  const dialog = useRef<HTMLDialogElement>(null);
  const asked = revertOrder.value;
  useEffect(() => {
    if (asked === null) dialog.current?.close();
    else dialog.current?.showModal();
  }, [asked]);
  return (
    <dialog
      ref={dialog}
      class="dialog revert"
      aria-labelledby="revert-title"
      onClose={() => {
        revertOrder.value = null;
      }}
    >
      {asked === null ? null : (
        <Revert key={JSON.stringify(asked.target)} asked={asked} onClose={() => dialog.current?.close()} />
      )}
    </dialog>
  );
}

function Revert({ asked, onClose }: { readonly asked: RevertOrder; readonly onClose: () => void }) {
  const [fields, setFields] = useState<readonly string[] | null>(null);
  const [values, setValues] = useState<Readonly<Record<string, string | null>>>({});
  const [onConflict, setOnConflict] = useState<OnConflict>('abort');
  const [comment, setComment] = useState('');
  const [moved, setMoved] = useState<{ readonly key: string; readonly preview: RevertPreview } | null>(null);
  const [error, setError] = useState<unknown>(null);
  const [isBusy, setBusy] = useState(false);
  const [done, setDone] = useState<RevertAnswer['data'] | null>(null);
  const body: RevertRequestInput = {
    target: asked.target,
    onConflict,
    ...(fields === null ? {} : { fields }),
    ...(Object.keys(values).length === 0 ? {} : { set: values }),
  };
  const key = JSON.stringify(body);
  const nothingTicked = fields?.length === 0;
  const loadable = useLoadable(nothingTicked || done !== null ? null : key, (signal) =>
    call('POST /reverts/preview', { body, signal }),
  );
  const preview = moved?.key === key ? moved.preview : (loadable.data?.data ?? null);
  const isCurrent = !loadable.loading && loadable.error === null && !nothingTicked;
  const apply = async (plan: RevertPreview): Promise<void> => {
    setBusy(true);
    setError(null);
    // The reason is part of what a plan is for: it is previewed with it, and must do the same as what was shown.
    const request = comment.trim() === '' ? body : { ...body, comment: comment.trim() };
    try {
      const current = request === body ? plan : (await call('POST /reverts/preview', { body: request })).data;
      if (effectOf(current) !== effectOf(plan)) {
        setMoved({ key, preview: current });
        throw new Error('A row has moved since. This is what it would do now.');
      }
      const { data } = await call('POST /reverts', {
        body: { ...request, plan: current.plan },
        headers: { 'idempotency-key': idempotencyKey(current.plan) },
      });
      setDone(data);
      revertCount.value += 1;
    } catch (failure) {
      setError(failure);
      if (failure instanceof ApiError && failure.preview !== null) setMoved({ key, preview: failure.preview });
    } finally {
      setBusy(false);
    }
  };
  if (done !== null) return <RevertDone result={done} onClose={onClose} />;
  return (
    <form
      class="dialog-body"
      onSubmit={(event) => {
        event.preventDefault();
        if (preview !== null && isCurrent && preview.summary.applicable) void apply(preview);
      }}
    >
      <h2 id="revert-title">
        <Icon name="revert" /> Undo: {asked.what}
      </h2>
      {loadable.error === null ? null : <ErrorNotice error={loadable.error} onRetry={loadable.reload} />}
      {preview === null ? loadable.error === null && <SkeletonLines count={5} /> : null}
      {preview === null ? null : (
        <div class={isCurrent ? '' : 'stale'} aria-busy={loadable.loading}>
          <RevertPlan
            preview={preview}
            onConflict={onConflict}
            onConflictChange={setOnConflict}
            fields={fields}
            onFieldsChange={setFields}
            values={values}
            onValuesChange={setValues}
          />
        </div>
      )}
      {error === null ? null : <ErrorNotice error={error} />}
      <label class="reason">
        Reason
        <input
          value={comment}
          maxLength={8192}
          placeholder="It stands with the entries of the revert"
          onInput={({ currentTarget }) => setComment(currentTarget.value)}
        />
      </label>
      <p class="dialog-actions">
        <button class="button" type="button" onClick={onClose}>
          Cancel
        </button>
        <button
          class="button primary"
          type="submit"
          disabled={isBusy || !isCurrent || preview?.summary.applicable !== true}
        >
          {isBusy ? 'Undoing…' : actionText(preview)}
        </button>
      </p>
    </form>
  );
}

function effectOf({ steps, sideEffects }: RevertPreview): string {
  return exactJsonText([steps, sideEffects]);
}

function actionText(preview: RevertPreview | null): string {
  const count = preview?.summary.ready ?? 0;
  if (preview === null) return 'Undo';
  return count === 1 ? 'Undo 1 change' : `Undo ${count.toLocaleString()} changes`;
}
