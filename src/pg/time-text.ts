/** An SQL expression for the text of a timestamptz: `2026-11-22T00:31:07.123456Z`. Null stays null. */
export function timeText(expression: string): string {
  return `to_char(${expression} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;
}
