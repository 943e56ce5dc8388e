const PATHS = {
  create: 'M12 5v14M5 12h14',
  update: 'M4 20h4L19 9l-4-4L4 16v4M13 7l4 4',
  delete: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13',
  truncate: 'M4 6h16M4 12h16M4 18h6M15 15l5 5M20 15l-5 5',
  baseline: 'M4 18h16M7 18V9M12 18V5M17 18v-6',
  schema: 'M4 5h16v14H4zM4 10h16M10 10v9',
  login: 'M14 4h5v16h-5M4 12h10M10 8l4 4-4 4',
  logout: 'M10 4H5v16h5M9 12h11M16 8l4 4-4 4',
  comment: 'M4 5h16v11H10l-4 4v-4H4z',
  event: 'M12 4v8l5 3M12 21a9 9 0 1 1 0-18 9 9 0 0 1 0 18',
  search: 'M11 18a7 7 0 1 1 0-14 7 7 0 0 1 0 14zM16 16l5 5',
  close: 'M6 6l12 12M18 6L6 18',
  left: 'M15 5l-7 7 7 7',
  right: 'M9 5l7 7-7 7',
  down: 'M5 9l7 7 7-7',
  lock: 'M6 11h12v9H6zM8 11V8a4 4 0 0 1 8 0v3',
  warning: 'M12 4l9 16H3zM12 10v5M12 17.5v.1',
  check: 'M5 13l5 5L20 7',
  revert: 'M8 5L4 9l4 4M4 9h10a5 5 0 0 1 0 10H9',
  link: 'M10 14l4-4M8 11l-3 3a3.5 3.5 0 0 0 5 5l3-3M16 13l3-3a3.5 3.5 0 0 0-5-5l-3 3',
  copy: 'M9 9h11v11H9zM15 9V4H4v11h5',
  sun: 'M12 16a4 4 0 1 1 0-8 4 4 0 0 1 0 8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.5M17.5 17.5L19 19M19 5l-1.5 1.5M6.5 17.5L5 19',
  moon: 'M20 14A8 8 0 1 1 10 4a7 7 0 0 0 10 10z',
  auto: 'M12 4a8 8 0 1 0 0 16zM12 4a8 8 0 0 1 0 16',
  export: 'M12 4v11M8 11l4 4 4-4M4 20h16',
  live: 'M12 14a2 2 0 1 1 0-4 2 2 0 0 1 0 4zM7 17a7 7 0 0 1 0-10M17 7a7 7 0 0 1 0 10',
  print: 'M7 9V4h10v5M5 9h14v8h-3M5 9v8h3M8 14h8v6H8z',
  list: 'M4 6h16M4 12h16M4 18h16',
  sort: 'M8 5v14M4 15l4 4 4-4M16 19V5M12 9l4-4 4 4',
} as const;

export type IconName = keyof typeof PATHS;

/** Drawn beside a word, or in a button that has a name: never alone. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} />
    </svg>
  );
}

/** For an entry's action; those that applications invent have the one of an event. */
export function actionIcon(action: string): IconName {
  return Object.hasOwn(PATHS, action) && ACTIONS.has(action) ? (action as IconName) : 'event';
}

const ACTIONS = new Set(['create', 'update', 'delete', 'truncate', 'baseline', 'schema', 'login', 'logout', 'comment']);

export function Wordmark() {
  return (
    <span class="wordmark">
      <svg viewBox="0 0 32 32" aria-hidden="true" focusable="false">
        <rect width="32" height="32" rx="7" class="wordmark-tile" />
        <path d="M8 10h10M8 16h16M8 22h7" class="wordmark-line" />
        <circle cx="22.5" cy="10" r="2.5" class="wordmark-dot" />
      </svg>
      Rowtrail
    </span>
  );
}
