import { parseTime, TIME_FORMS } from '../time.ts';
import { parseAddress } from './address.ts';
import { ATTRIBUTIONS, ENTRY_KINDS, type FilterKey } from './filter-key.ts';

/** One value of a filter, in characters. */
export const MAX_VALUE_LENGTH = 1_024;
/** How often one filter may be repeated. */
export const MAX_VALUES = 100;

/** What an action's name may be. */
export const ACTION_PATTERN = /^[a-z][a-z0-9_.-]{0,62}$/;
const MAX_TRANSACTION_ID = 9_223_372_036_854_775_807n;

/** What is wrong with a filter's value, to be read after the filter's name; undefined if nothing is. */
export function complaintOf(key: FilterKey, value: string): string | undefined {
  // An empty string is a value of a row.
  if (value === '' && key !== 'old' && key !== 'new') return 'must not be empty';
  if (value.length > MAX_VALUE_LENGTH) return `may have ${MAX_VALUE_LENGTH} characters`;
  // PostgreSQL text holds no NUL, so nothing stored could match one.
  if (value.includes('\0')) return 'must not hold a NUL character';
  return CHECKS[key]?.(value);
}

const CHECKS: Partial<Record<FilterKey, (value: string) => string | undefined>> = {
  action: (value) =>
    ACTION_PATTERN.test(value)
      ? undefined
      : 'is not an action: create, update, delete, truncate, baseline, schema, login, logout, comment or one of your own',
  attribution: oneOf(ATTRIBUTIONS),
  is: oneOf(ENTRY_KINDS),
  ip: (value) =>
    parseAddress(value) === undefined
      ? 'is not an address (203.0.113.9, 2001:db8::1) or a network (10.0.0.0/8)'
      : undefined,
  tx: (value) =>
    /^\d{1,19}$/.test(value) && BigInt(value) <= MAX_TRANSACTION_ID
      ? undefined
      : 'is not a transaction id: a 64-bit whole number',
  from: timeComplaint,
  to: timeComplaint,
};

function oneOf(known: readonly string[]): (value: string) => string | undefined {
  return (value) => (known.includes(value) ? undefined : `is one of ${known.join(', ')}`);
}

function timeComplaint(value: string): string | undefined {
  try {
    // What `now` is makes no difference to whether it is a time, but for the years that a long way back may leave.
    parseTime(value, BigInt(Date.now()) * 1000n);
    return undefined;
  } catch (error) {
    return error instanceof RangeError ? error.message : `is not a time: give ${TIME_FORMS}`;
  }
}
