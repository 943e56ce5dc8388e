/**
 * What is kept of a column instead of its value. `exclude`: nothing; `hash`: a keyed hash; `redact`: only whether it
 * changed.
 */
export type ColumnRule = 'exclude' | 'hash' | 'redact';

/** From the strictest on: where several rules meet, the first of them holds. */
export const COLUMN_RULES: readonly ColumnRule[] = ['exclude', 'redact', 'hash'];
