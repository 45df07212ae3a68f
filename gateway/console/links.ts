/** The path with a query of those entries that are not empty. */
export function withQuery(
  path: string,
  query: Readonly<Record<string, string | number | undefined>>,
): string {
  const entries = Object.entries(query).filter(
    (entry): entry is [string, string | number] => entry[1] !== undefined && entry[1] !== "",
  );
  const text = new URLSearchParams(
    entries.map(([name, value]): [string, string] => [name, String(value)]),
  );
  return text.size === 0 ? path : `${path}?${text}`;
}

/** `wanted`, or with the first number behind it that makes it new. */
export function unusedId(wanted: string, isUsed: (id: string) => boolean): string {
  if (!isUsed(wanted)) return wanted;
  for (let number = 2; ; number++) {
    if (!isUsed(`${wanted}-${number}`)) return `${wanted}-${number}`;
  }
}
