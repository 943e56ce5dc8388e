import { it } from 'vitest';
import { storeLargeValues } from '../harness/large-values.ts';
import { KNOWS_PEAK_MEMORY } from '../harness/process-memory.ts';

it.runIf(KNOWS_PEAK_MEMORY)('stores values of 40 MB to the last byte, within 256 MB', { timeout: 240_000 }, () =>
  storeLargeValues(40),
);
