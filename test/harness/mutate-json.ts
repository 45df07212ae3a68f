/** The same message with some of its values, names and items changed: still JSON, no longer what was agreed. */
export function mutatedJson(message: unknown, random: () => number): string {
  const below = (limit: number) => Math.floor(random() * limit);
  const change = (value: unknown): unknown => {
    if (random() < 0.06) return EDGES[below(EDGES.length)];
    if (Array.isArray(value)) {
      const items = value.map(change);
      const kind = random();
      if (kind < 0.05) return [...items, ...items];
      return kind < 0.1 ? items.slice(1) : items;
    }
    if (typeof value !== "object" || value === null) return value;
    const entries = Object.entries(value).map(([name, one]) => {
      return [random() < 0.02 ? NAMES[below(NAMES.length)] : name, change(one)];
    });
    return Object.fromEntries(random() < 0.05 ? entries.slice(1) : entries);
  };
  return JSON.stringify(change(message)) ?? "";
}

const NAMES = ["__proto__", "constructor", "", "a".repeat(300), "\u0000", "name"];
const EDGES: readonly unknown[] = [
  null,
  true,
  "",
  "x".repeat(2_000),
  "\u0000\ud800",
  "%DEVICENAME% $(id) `id` ; | & \" ' \\ \n",
  "<b>&amp;</b>",
  "1970-01-01T00:00:00Z",
  "9999-12-31T23:59:59.999+14:00",
  "-999999999-01-01T00:00:00Z",
  0,
  -1,
  1.5,
  1e308,
  2 ** 31,
  -(2 ** 31) - 1,
  2 ** 52,
  2 ** 53,
  [],
  {},
  [[[]]],
  { __proto__: null, toString: "x" },
];
