const DECIMAL = /^(-?)(\d+)(?:\.(\d+))?$/;
/** Longer numbers are not subtracted. */
const MAX_DIGITS = 1000;

/** `+12.50`: how much larger the second number is, exactly; null where they are no plain decimals, or the same. */
export function decimalDelta(before: string, after: string): string | null {
  const old = DECIMAL.exec(before);
  const fresh = DECIMAL.exec(after);
  if (old === null || fresh === null || before.length > MAX_DIGITS || after.length > MAX_DIGITS) return null;
  const scale = Math.max(old[3]?.length ?? 0, fresh[3]?.length ?? 0);
  const delta = scaled(fresh, scale) - scaled(old, scale);
  if (delta === 0n) return null;
  const digits = String(delta < 0n ? -delta : delta).padStart(scale + 1, '0');
  const whole = digits.slice(0, digits.length - scale);
  const fraction = scale === 0 ? '' : `.${digits.slice(digits.length - scale)}`;
  return `${delta < 0n ? '−' : '+'}${whole}${fraction}`;
}

function scaled([, sign, whole = '0', fraction = '']: RegExpExecArray, scale: number): bigint {
  const number = BigInt(whole + fraction.padEnd(scale, '0'));
  return sign === '-' ? -number : number;
}
