/** A text[] as array_out prints it: quotes where they are needed. https://www.postgresql.org/docs/current/arrays.html */
export function arrayText(values: readonly (string | null)[]): string {
  const elements = values.map((value) => {
    if (value === null) return 'NULL';
    const plain = value !== '' && !/[{},"\\\s]/.test(value) && value.toUpperCase() !== 'NULL';
    return plain ? value : `"${value.replaceAll(/["\\]/g, '\\$&')}"`;
  });
  return `{${elements.join(',')}}`;
}
