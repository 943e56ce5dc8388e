import { useState } from 'preact/hooks';
import { copyText } from '../state/clipboard.ts';
import { Icon } from './icon.tsx';

const SHOWN_MS = 1500;

/** Copies a text, and says that it did. With `label`, that stands in the button; `name` is for screen readers and the tooltip. */
export function CopyButton({
  text,
  name,
  label,
}: {
  readonly text: string;
  readonly name: string;
  readonly label?: string;
}) {
  const [isDone, setDone] = useState(false);
  return (
    <button
      class="button plain small"
      type="button"
      aria-label={isDone ? 'Copied' : label === undefined ? name : `${label}: ${name}`}
      title={name}
      onClick={() => {
        copyText(text).then(
          () => {
            setDone(true);
            setTimeout(() => setDone(false), SHOWN_MS);
          },
          // The browser forbids it.
          () => {},
        );
      }}
    >
      <Icon name={isDone ? 'check' : 'copy'} /> {label}
    </button>
  );
}
