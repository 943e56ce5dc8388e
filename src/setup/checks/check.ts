/** One prerequisite, how it stands, and what to do where it does not. */
export interface Check {
  /** The source's name; null: the store. */
  readonly source: string | null;
  /** Stable, in kebab case: people write alerts on it. */
  readonly name: string;
  readonly status: 'ok' | 'warning' | 'problem';
  readonly message: string;
  /** Exact next step; null where nothing is wrong. */
  readonly fix: string | null;
}

/** A check before it is known whose it is. */
export type Finding = Omit<Check, 'source'>;

export function ok(name: string, message: string): Finding {
  return { name, status: 'ok', message, fix: null };
}

export function warning(name: string, message: string, fix: string): Finding {
  return { name, status: 'warning', message, fix };
}

export function problem(name: string, message: string, fix: string): Finding {
  return { name, status: 'problem', message, fix };
}
