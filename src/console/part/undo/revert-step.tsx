import { useState } from 'preact/hooks';
import type { RevertPreview } from '../../api/schema.ts';
import { recordText } from '../../state/entry-text.ts';
import { CopyButton } from '../copy-button.tsx';
import { FullValue } from '../full-value.tsx';
import { Icon } from '../icon.tsx';
import { valueText } from '../shown-value.tsx';

type Step = RevertPreview['steps'][number];
type Change = Step['changes'][number];
type Values = Readonly<Record<string, string | null>>;

export interface StepDetailProps {
  readonly step: Step;
  readonly isOpen: boolean;
  readonly values: Values;
  /** Absent: values of one's own are not for this plan. */
  readonly onValuesChange?: (values: Values) => void;
}

const DOES: Readonly<Record<Step['action'], string>> = {
  create: 'Insert again',
  update: 'Set back',
  delete: 'Delete',
  none: 'Leave',
};
const STATES: Readonly<Record<Step['status'], string>> = {
  ready: 'ready',
  noop: 'as it should be',
  conflict: 'changed since',
  impossible: 'impossible',
};

/** One row of the plan: what it is now, what it becomes, and, if it was changed since, what this had left. */
export function StepDetail({ step, isOpen, values, onValuesChange }: StepDetailProps) {
  const { action, status, table, record, reason, changes, sql } = step;
  const name = table.replace(/^public\./, '');
  return (
    <details open={isOpen} class={`step ${status}`}>
      <summary>
        {DOES[action]} <b>{name}</b> {recordText(record)} <span class={`tag ${status}`}>{STATES[status]}</span>
      </summary>
      {reason === null ? null : (
        <p class="reason-text">
          <Icon name="warning" /> {reason}
        </p>
      )}
      <div class="scroll-x">
        <table class="row-table">
          <thead>
            <tr>
              <th scope="col">Column</th>
              <th scope="col">Now</th>
              <th scope="col">Becomes</th>
              {status === 'conflict' ? <th scope="col">Was left as</th> : null}
            </tr>
          </thead>
          <tbody>
            {changes.map((change) => (
              <tr key={change.column}>
                <th scope="row">{change.column}</th>
                <td>
                  {action === 'create' && change.current === null ? (
                    <span class="value-none">no row</span>
                  ) : (
                    <FullValue value={change.current} />
                  )}
                </td>
                <td>
                  {action === 'delete' ? (
                    <span class="value-none">no row</span>
                  ) : (
                    <Target
                      change={change}
                      values={values}
                      {...(onValuesChange === undefined ? {} : { onValuesChange })}
                    />
                  )}
                </td>
                {status === 'conflict' ? (
                  <td>
                    <FullValue value={change.expected} />
                  </td>
                ) : null}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {sql === null ? null : (
        <p class="sql">
          <code>{sql}</code> <CopyButton name="Copy the SQL" text={sql} />
        </p>
      )}
    </details>
  );
}

/** The value that the column gets, which may be edited. */
function Target({
  change: { column, target },
  values,
  onValuesChange,
}: {
  readonly change: Change;
  readonly values: Values;
  readonly onValuesChange?: (values: Values) => void;
}) {
  const own = values[column];
  const isOwn = own !== undefined;
  const [isEditing, setEditing] = useState(false);
  if (onValuesChange === undefined) return <FullValue value={target} />;
  const set = (value: string | null | undefined): void => {
    const { [column]: _, ...others } = values;
    onValuesChange(value === undefined ? others : { ...others, [column]: value });
  };
  if (!isEditing && !isOwn) {
    return (
      <span class="target">
        <FullValue value={target} />
        <button class="button plain small" type="button" aria-label={`Edit ${column}`} onClick={() => setEditing(true)}>
          <Icon name="update" />
        </button>
      </span>
    );
  }
  return (
    <span class="target">
      <input
        aria-label={`Value of ${column}`}
        value={own === undefined ? (target === null ? '' : valueText(target)) : (own ?? '')}
        placeholder={own === null ? 'null' : ''}
        autofocus
        // Each change is previewed: not every key.
        onChange={({ currentTarget }) => set(currentTarget.value)}
      />
      <button class="button plain small" type="button" aria-pressed={own === null} onClick={() => set(null)}>
        null
      </button>
      <button
        class="button plain small"
        type="button"
        aria-label={`Take back the edit of ${column}`}
        onClick={() => {
          setEditing(false);
          set(undefined);
        }}
      >
        <Icon name="close" />
      </button>
    </span>
  );
}
