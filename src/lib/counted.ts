/** `1 table`, `2 tables`; `plural` where that takes more than an s. */
export function counted(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}
