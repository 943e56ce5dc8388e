import { useState } from 'preact/hooks';
import type { RevertPreview, RevertRequestInput } from '../../api/schema.ts';
import { Icon } from '../icon.tsx';
import { StepDetail } from './revert-step.tsx';

type OnConflict = NonNullable<RevertRequestInput['onConflict']>;

export interface RevertPlanProps {
  readonly preview: RevertPreview;
  readonly onConflict: OnConflict;
  readonly onConflictChange: (choice: OnConflict) => void;
  /** Ticked columns; null: all. */
  readonly fields: readonly string[] | null;
  readonly onFieldsChange: (fields: readonly string[] | null) => void;
  /** The operator's own values, by column, as PostgreSQL reads them. */
  readonly values: Readonly<Record<string, string | null>>;
  readonly onValuesChange: (values: Readonly<Record<string, string | null>>) => void;
}

/** What the revert would do, step by step, and the choices that it leaves. */
export function RevertPlan(props: RevertPlanProps) {
  const { preview, onConflict, onConflictChange } = props;
  const { summary, sideEffects, steps } = preview;
  // Conflicts are gone from the plan once they are skipped or forced: the choice must stay all the same.
  const isConflicting = summary.conflict > 0 || sideEffects.length > 0 || onConflict !== 'abort';
  return (
    <>
      <p>{summaryText(preview)}</p>
      {isConflicting ? <ConflictChoice onConflict={onConflict} onChange={onConflictChange} /> : null}
      <SideEffects sideEffects={sideEffects} />
      <FieldTicks {...props} />
      <ol class="steps">
        {steps.map((step, at) => (
          <li key={step.entry}>
            <StepDetail
              step={step}
              isOpen={steps.length <= 3 || at === 0 || step.status === 'conflict'}
              values={props.values}
              {...(summary.steps === 1 ? { onValuesChange: props.onValuesChange } : {})}
            />
          </li>
        ))}
      </ol>
      {summary.steps > summary.listed ? (
        <p class="dim">
          {summary.listed} of {summary.steps.toLocaleString()} steps are listed, those that cannot simply be done first.
        </p>
      ) : null}
    </>
  );
}

function summaryText({ summary }: RevertPreview): string {
  const parts = [
    [summary.ready, 'can be undone'],
    [summary.noop, summary.noop === 1 ? 'is as it should be already' : 'are as they should be already'],
    [summary.conflict, summary.conflict === 1 ? 'has changed since' : 'have changed since'],
    [summary.impossible, 'cannot be undone'],
  ] as const;
  const said = parts.filter(([count]) => count > 0).map(([count, text]) => `${count.toLocaleString()} ${text}`);
  const rows = `${summary.steps.toLocaleString()} ${summary.steps === 1 ? 'row' : 'rows'}`;
  return said.length === 0
    ? `Nothing to undo in ${rows}.`
    : `Of ${rows}, ${said.join(', ')}. All is done in one transaction, or nothing.`;
}

const CHOICES: readonly (readonly [OnConflict, string])[] = [
  ['abort', 'Do nothing'],
  ['skip', 'Leave those rows out'],
  ['force', 'Overwrite them'],
];

function ConflictChoice({
  onConflict,
  onChange,
}: {
  readonly onConflict: OnConflict;
  readonly onChange: (choice: OnConflict) => void;
}) {
  return (
    <fieldset class="notice warn">
      <legend>Some rows are not as this left them. Then:</legend>
      {CHOICES.map(([choice, text]) => (
        <label key={choice}>
          <input type="radio" name="on-conflict" checked={onConflict === choice} onChange={() => onChange(choice)} />{' '}
          {text}
        </label>
      ))}
    </fieldset>
  );
}

function SideEffects({ sideEffects }: { readonly sideEffects: RevertPreview['sideEffects'] }) {
  if (sideEffects.length === 0) return null;
  return (
    <div class="notice warn">
      <Icon name="warning" />
      <ul>
        {sideEffects.map(({ table, inserted, updated, deleted, columns }) => (
          <li key={table}>
            Triggers or cascades would also change {table}:{' '}
            {[
              inserted > 0 ? `${inserted} inserted` : '',
              updated > 0 ? `${updated} updated` : '',
              deleted > 0 ? `${deleted} deleted` : '',
              columns.length > 0 ? `columns ${columns.join(', ')}` : '',
            ]
              .filter((part) => part !== '')
              .join(', ')}
          </li>
        ))}
      </ul>
    </div>
  );
}

/** Which columns of updates are put back. */
function FieldTicks({ preview, fields, onFieldsChange }: RevertPlanProps) {
  // As the whole plan had them: a column that is not ticked is in no step any more.
  const [columns] = useState(() => [
    ...new Set(
      preview.steps
        .filter(({ action }) => action === 'update')
        .flatMap(({ changes }) => changes.map(({ column }) => column)),
    ),
  ]);
  if (columns.length < 2) return null;
  const ticked = new Set(fields ?? columns);
  return (
    <fieldset class="field-ticks">
      <legend>Columns to put back</legend>
      {columns.map((column) => (
        <label key={column}>
          <input
            type="checkbox"
            checked={ticked.has(column)}
            onChange={({ currentTarget: { checked } }) => {
              const next = columns.filter((each) => (each === column ? checked : ticked.has(each)));
              onFieldsChange(next.length === columns.length ? null : next);
            }}
          />{' '}
          {column}
        </label>
      ))}
      <button class="button plain small" type="button" disabled={fields === null} onClick={() => onFieldsChange(null)}>
        All
      </button>
    </fieldset>
  );
}
