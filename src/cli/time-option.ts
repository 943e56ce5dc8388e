import { InvalidArgumentError } from 'commander';
import { messageOf } from '../lib/errors.ts';
import { nowMicros, parseTime } from '../query/time.ts';

/** For an option that takes a time, which is read later: a mistake is told with the option's name. */
export function timeOption(text: string): string {
  try {
    parseTime(text, nowMicros());
    return text;
  } catch (error) {
    throw new InvalidArgumentError(`It ${messageOf(error)}`);
  }
}
