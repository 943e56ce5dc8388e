import type { Config } from '../config/config.ts';

/** From the benchmark to its capturing process: capture this configuration's source; end. */
export type CaptureCommand =
  | { readonly kind: 'capture'; readonly config: Config; readonly isSealing: boolean }
  | { readonly kind: 'stop' };

/** From the capturing process: capture failed. */
export interface CaptureFailure {
  readonly message: string;
}
