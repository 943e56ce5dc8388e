import { useId, useLayoutEffect, useRef, useState } from 'preact/hooks';
import { queryText, setQueryText, terms } from '../state/filter.ts';
import { preference } from '../state/preference.ts';
import { formatTerm, formatTerms, isSameTerm, parseTerms, type Term } from '../state/query-text.ts';
import { Icon } from './icon.tsx';
import { onKey } from './shortcut.ts';
import { useSuggestions, type Suggestion } from './suggestion.ts';

/** Whether the search is shown as text rather than as chips. */
const asText = preference('query-as-text', false);

/** The search: a chip a term, with suggestions, or the whole as text. `/` goes to it. */
export function QueryBar() {
  const field = useRef<HTMLInputElement>(null);
  useLayoutEffect(
    () =>
      onKey('/', (event) => {
        event.preventDefault();
        field.current?.focus();
        field.current?.select();
      }),
    [],
  );
  return (
    <div class="query-bar" role="search">
      <Icon name="search" />
      {asText.value ? <TextQuery key={queryText.value} field={field} /> : <ChipQuery field={field} />}
      <button
        class="button plain small"
        type="button"
        onClick={() => {
          asText.value = !asText.value;
        }}
      >
        {asText.value ? 'as chips' : 'as text'}
      </button>
    </div>
  );
}

interface FieldProps {
  readonly field: { current: HTMLInputElement | null };
}

function TextQuery({ field }: FieldProps) {
  const [text, setText] = useState(queryText.value);
  return (
    <form
      class="query-form"
      onSubmit={(event) => {
        event.preventDefault();
        setQueryText(text);
      }}
    >
      <input
        ref={field}
        value={text}
        spellcheck={false}
        aria-label="Search, as text"
        placeholder='user:ana table:orders -action:delete "free text"'
        onInput={({ currentTarget }) => setText(currentTarget.value)}
      />
    </form>
  );
}

function ChipQuery({ field }: FieldProps) {
  const [draft, setDraft] = useState('');
  const [chosen, setChosen] = useState(-1);
  const [isFocused, setFocused] = useState(false);
  const listId = useId();
  const suggestions = useSuggestions(draft, isFocused);
  const submit = (text: string): void => {
    setDraft('');
    setChosen(-1);
    const added = parseTerms(text).filter((term) => !terms.value.some((each) => isSameTerm(each, term)));
    setQueryText(formatTerms([...terms.value, ...added]));
  };
  const take = ({ text, isWhole }: Suggestion): void => {
    setChosen(-1);
    if (isWhole) submit(text);
    else setDraft(text);
    field.current?.focus();
  };
  const edit = (term: Term): void => {
    setQueryText(formatTerms(terms.value.filter((each) => each !== term)));
    setDraft(formatTerm(term));
    field.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const last = terms.value.at(-1);
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      if (suggestions.length === 0) return;
      event.preventDefault();
      const step = event.key === 'ArrowDown' ? 1 : -1;
      setChosen((before) => ((before + step + suggestions.length + 1 + 1) % (suggestions.length + 1)) - 1);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      const suggestion = suggestions[chosen];
      if (suggestion !== undefined) take(suggestion);
      else if (draft.trim() !== '') submit(draft);
    } else if (event.key === 'Tab' && suggestions[chosen] !== undefined) {
      event.preventDefault();
      take(suggestions[chosen]);
    } else if (event.key === 'Backspace' && draft === '' && last !== undefined) {
      event.preventDefault();
      edit(last);
    } else if (event.key === 'Escape') {
      if (draft === '') field.current?.blur();
      setDraft('');
      setChosen(-1);
    }
  };
  const isListShown = isFocused && suggestions.length > 0;
  return (
    <div class="chips">
      {terms.value.map((term) => (
        <Chip key={formatTerm(term)} term={term} onEdit={() => edit(term)} />
      ))}
      <div class="chip-input">
        <input
          ref={field}
          value={draft}
          role="combobox"
          aria-label="Search"
          aria-expanded={isListShown}
          aria-controls={listId}
          aria-autocomplete="list"
          aria-activedescendant={chosen >= 0 ? `${listId}-${chosen}` : undefined}
          autocomplete="off"
          spellcheck={false}
          placeholder={terms.value.length === 0 ? 'Search: user:ana table:orders is:direct, or words' : ''}
          onInput={({ currentTarget }) => {
            setDraft(currentTarget.value);
            setChosen(-1);
          }}
          onKeyDown={onKeyDown}
          onFocus={() => setFocused(true)}
          onBlur={() => setFocused(false)}
        />
        <ul id={listId} role="listbox" aria-label="Suggestions" class="suggestions" hidden={!isListShown}>
          {suggestions.map((suggestion, at) => (
            <li
              key={suggestion.text}
              id={`${listId}-${at}`}
              role="option"
              aria-selected={at === chosen}
              // The field would lose the focus before the click.
              onPointerDown={(event) => event.preventDefault()}
              onClick={() => take(suggestion)}
            >
              <code>{suggestion.text}</code> <span class="dim">{suggestion.label}</span>
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}

function Chip({ term, onEdit }: { readonly term: Term; readonly onEdit: () => void }) {
  const text = formatTerm(term);
  const remove = (): void => setQueryText(formatTerms(terms.value.filter((each) => each !== term)));
  return (
    <span class={`chip${term.negated ? ' negated' : ''}`}>
      <button type="button" onClick={onEdit} aria-label={`Edit ${text}`}>
        {term.key === 'text' ? (
          <b>{text}</b>
        ) : (
          <>
            {term.negated ? 'not ' : ''}
            {term.key} <b>{term.value}</b>
          </>
        )}
      </button>
      <button type="button" onClick={remove} aria-label={`Remove ${text}`}>
        <Icon name="close" />
      </button>
    </span>
  );
}
