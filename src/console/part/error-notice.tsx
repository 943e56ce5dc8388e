import { explain } from '../api/api-error.ts';
import { Icon } from './icon.tsx';

/** What went wrong, what to do, and, with `onRetry`, a button to try again. */
export function ErrorNotice({ error, onRetry }: { readonly error: unknown; readonly onRetry?: () => void }) {
  const { message, hint } = explain(error);
  return (
    <div class="notice bad" role="alert">
      <Icon name="warning" />
      <p>
        <strong>{message}</strong> {hint}
      </p>
      {onRetry === undefined ? null : (
        <button class="button small" type="button" onClick={onRetry}>
          Try again
        </button>
      )}
    </div>
  );
}
