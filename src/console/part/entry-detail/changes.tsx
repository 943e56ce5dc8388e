import type { Entry } from '../../api/schema.ts';
import { CopyButton } from '../copy-button.tsx';
import { FieldChange } from './field-change.tsx';
import { FullValue } from '../full-value.tsx';
import { valueText } from '../shown-value.tsx';
import { schemaText } from '../../state/entry-text.ts';
import { exactJsonText } from '../../api/exact-json.ts';

const REASONS: Readonly<Record<string, string>> = {
  toast: 'The database did not send it, because it did not change, and no earlier entry has it.',
  identity: 'The table’s replica identity does not send old values.',
  masked: 'It is masked by the configuration.',
  gap: 'Something may have changed unseen before.',
};

/** Field by field: of an update what changed, of a new or deleted row every column. */
export function Changes({ entry }: { readonly entry: Entry }) {
  const { action, before, after, changed, incomplete } = entry;
  if (action === 'schema') return <p class="mono">{schemaText(entry)}</p>;
  if (before === null && after === null) {
    return (
      <>
        {entry.comment === null ? <p class="dim">It changed no row.</p> : <p class="remark">{entry.comment}</p>}
        {entry.data === undefined ? null : <pre class="full-value json">{exactJsonText(entry.data, '  ')}</pre>}
      </>
    );
  }
  const isUpdate = before !== null && after !== null;
  const columns = isUpdate ? changed : Object.keys(after ?? before ?? {});
  const unknown = new Set(incomplete?.columns);
  const value = (image: typeof before, column: string): unknown =>
    image === null || (unknown.has(column) && image[column] === undefined) ? undefined : image[column];
  return (
    <>
      {isUpdate && columns.length === 0 ? <p class="dim">The update changed no column.</p> : null}
      <dl class="fields">
        {columns.map((column) => (
          <div key={column} class="field">
            <dt>{column}</dt>
            <dd>
              {isUpdate ? (
                <FieldChange before={value(before, column)} after={value(after, column)} />
              ) : (
                <div class="old-new">
                  {after === null ? (
                    <del>
                      <FullValue value={value(before, column)} />
                    </del>
                  ) : (
                    <ins>
                      <FullValue value={value(after, column)} />
                    </ins>
                  )}
                </div>
              )}
              <CopyButton
                name={`Copy ${column}${isUpdate ? ' as it was' : ''}`}
                text={valueText((before ?? after)?.[column] ?? null)}
              />
            </dd>
          </div>
        ))}
      </dl>
      {incomplete === null ? null : (
        <p class="notice warn">
          Not known: {incomplete.columns.join(', ')}. {REASONS[incomplete.reason]}
        </p>
      )}
    </>
  );
}

/** Every column, as it was and as it became. */
export function WholeRow({ entry: { before, after, changed } }: { readonly entry: Entry }) {
  const columns = [...new Set([...Object.keys(before ?? {}), ...Object.keys(after ?? {})])];
  const marked = new Set(changed);
  return (
    <div class="scroll-x">
      <table class="row-table">
        <thead>
          <tr>
            <th scope="col">Column</th>
            {before === null ? null : <th scope="col">Before</th>}
            {after === null ? null : <th scope="col">After</th>}
          </tr>
        </thead>
        <tbody>
          {columns.map((column) => (
            <tr key={column} class={marked.has(column) ? 'changed' : ''}>
              <th scope="row">{column}</th>
              {before === null ? null : (
                <td>
                  <FullValue value={before[column]} />
                </td>
              )}
              {after === null ? null : (
                <td>
                  <FullValue value={after[column]} />
                </td>
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
