import { signal } from '@preact/signals';

/** Ids of the entries that the page lists, in its order: an open entry's next and previous. A page that lists none leaves it empty. */
export const listedEntries = signal<readonly string[]>([]);
