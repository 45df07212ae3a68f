/** Compares versions of up to four numbers; missing parts are 0, so 2.10 > 2.9. */
export function compareVersions(first: string, second: string): number {
  const [a, b] = [first, second].map((version) => version.split(".").map(Number));
  for (let part = 0; part < 4; part++) {
    const difference = (a?.[part] || 0) - (b?.[part] || 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
