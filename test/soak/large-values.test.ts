import { it } from 'vitest';
import { storeLargeValues } from '../harness/large-values.ts';
import { KNOWS_PEAK_MEMORY } from '../harness/process-memory.ts';

it.runIf(KNOWS_PEAK_MEMORY)('stores values of 100 MB to the last byte, within 256 MB', () => storeLargeValues(100));
