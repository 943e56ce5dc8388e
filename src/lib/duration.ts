/** Seconds as `3 s`, `2 min`, `5 h`, `12 d`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [unit, size] = UNITS.find((candidate) => whole >= candidate[1]) ?? ['s', 1];
  return `${Math.floor(whole / size)} ${unit}`;
}

const UNITS = [
  ['d', 86_400],
  ['h', 3600],
  ['min', 60],
  ['s', 1],
] as const;
