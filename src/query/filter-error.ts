import { RowtrailError } from '../lib/errors.ts';

/** A filter, time or cursor that can't be understood; `parameter` is the name the reader used. */
export class FilterError extends RowtrailError {
  readonly parameter: string;

  constructor(parameter: string, message: string, hint?: string) {
    super('RT_FILTER', message, hint === undefined ? {} : { hint });
    this.parameter = parameter;
  }
}
