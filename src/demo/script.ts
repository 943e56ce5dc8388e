import { advanceOrder, cancelOrder, editCustomer, editProduct, logEvent, noteOrder, placeOrder } from './app-steps.ts';
import {
  deleteOrder,
  deleteRealOrders,
  directSql,
  importPrices,
  purgeOrders,
  recountStock,
  zeroPrices,
} from './office-steps.ts';
import { pickWeighted, type Random } from './random.ts';
import type { Step } from './step.ts';

interface Choice {
  readonly weight: number;
  readonly make: (random: Random) => Step;
}

/** Out of about a thousand: at two steps a second, a mistake every two minutes and a repair every five. */
const CHOICES: readonly [Choice, ...Choice[]] = [
  { weight: 260, make: placeOrder },
  { weight: 300, make: advanceOrder },
  { weight: 110, make: editCustomer },
  { weight: 80, make: editProduct },
  { weight: 50, make: noteOrder },
  { weight: 40, make: cancelOrder },
  { weight: 80, make: logEvent },
  { weight: 60, make: directSql },
  { weight: 8, make: recountStock },
  { weight: 2, make: importPrices },
  { weight: 4, make: purgeOrders },
  { weight: 2, make: zeroPrices },
  { weight: 2, make: deleteOrder },
];

/** What happens next at the shop. */
export function nextStep(random: Random): Step {
  return pickWeighted(random, CHOICES).make(random);
}

const OPENING_DAYS_WORK = 30;

/**
 * The first steps of a new demo: everything once, the ordinary work a few times, so that there is
 * something to see; last, the mistake that the visitor is asked to find.
 */
export function openingSteps(random: Random): Step[] {
  const usual = Array.from({ length: OPENING_DAYS_WORK }, () => nextStep(random));
  return [logEvent(random), ...usual, ...CHOICES.map((choice) => choice.make(random)), deleteRealOrders(random)];
}
