import { signal } from '@preact/signals';
import type { RevertRequestInput } from '../api/schema.ts';

export interface RevertOrder {
  readonly target: RevertRequestInput['target'];
  /** What is taken back, as a title has it: `deleted orders #42`. */
  readonly what: string;
}

/** What is about to be taken back; null: nothing is. */
export const revertOrder = signal<RevertOrder | null>(null);

/** Rises when a revert has been carried out, and again when its entries are there: what is shown may be old then. */
export const revertCount = signal(0);

/** Asks what taking it back would do, shows that, and offers to do it. */
export function openRevert(order: RevertOrder): void {
  revertOrder.value = order;
}
