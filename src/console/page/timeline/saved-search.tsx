import { useState } from 'preact/hooks';
import { Icon } from '../../part/icon.tsx';
import { Popover } from '../../part/popover.tsx';
import { isFiltered } from '../../state/filter.ts';
import { location } from '../../state/location.ts';
import { preference } from '../../state/preference.ts';

interface SavedSearch {
  readonly name: string;
  /** The address's parameters. */
  readonly parameters: string;
}

const searches = preference<readonly SavedSearch[]>('searches', []);
const SAVED = ['q', 'from', 'to', 'sort'];

/** Searches that this browser remembers by a name. */
export function SavedSearches() {
  return (
    <Popover
      name="Saved searches"
      align="end"
      label={
        <>
          <Icon name="list" /> Saved
        </>
      }
    >
      {(close) => (
        <div class="saved">
          {searches.value.length === 0 ? <p class="dim">Nothing saved yet.</p> : null}
          <ul class="menu">
            {searches.value.map((search) => (
              <li key={search.name} class="saved-row">
                <a href={`/timeline?${search.parameters}`} onClick={close}>
                  {search.name}
                </a>
                <button
                  type="button"
                  aria-label={`Forget ${search.name}`}
                  onClick={() => {
                    searches.value = searches.value.filter((each) => each !== search);
                  }}
                >
                  <Icon name="close" />
                </button>
              </li>
            ))}
          </ul>
          {isFiltered.value ? <SaveForm onDone={close} /> : <p class="dim">Search for something to save it.</p>}
        </div>
      )}
    </Popover>
  );
}

function SaveForm({ onDone }: { readonly onDone: () => void }) {
  const [name, setName] = useState('');
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        const parameters = new URLSearchParams();
        for (const key of SAVED) {
          const value = location.value.searchParams.get(key);
          if (value !== null) parameters.set(key, value);
        }
        const others = searches.value.filter((each) => each.name !== name.trim());
        searches.value = [...others, { name: name.trim(), parameters: parameters.toString() }];
        onDone();
      }}
    >
      <input
        aria-label="Name of this search"
        placeholder="Name of this search"
        required
        pattern=".*\S.*"
        value={name}
        onInput={({ currentTarget }) => setName(currentTarget.value)}
      />
      <button class="button" type="submit">
        Save
      </button>
    </form>
  );
}
