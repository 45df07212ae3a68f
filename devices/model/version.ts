/**
 * Compares dotted versions of any length, part by part: numbers as numbers (so 2.10 is after 2.9),
 * missing parts as 0 (so 2.0 equals 2.0.0.0), other parts as text, and a number after text (so 1.0 is
 * after 1.0.beta, as a release is after its preview). [Q24]
 *
 * @returns negative when `a` is before `b`, zero when they mean the same version
 */
export function compareVersions(a: string, b: string): number {
  const left = partsOf(a);
  const right = partsOf(b);
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const order = comparePart(left[index] ?? "0", right[index] ?? "0");
    if (order !== 0) return order;
  }
  return 0;
}

function partsOf(version: string): string[] {
  return version
    .trim()
    .split(/[.\-+_ ]/)
    .filter((part) => part !== "");
}

function comparePart(a: string, b: string): number {
  const isNumberA = /^\d+$/.test(a);
  const isNumberB = /^\d+$/.test(b);
  if (isNumberA && isNumberB) {
    const left = BigInt(a);
    const right = BigInt(b);
    return left < right ? -1 : left > right ? 1 : 0;
  }
  if (isNumberA !== isNumberB) return isNumberA ? 1 : -1;
  const left = a.toLowerCase();
  const right = b.toLowerCase();
  return left < right ? -1 : left > right ? 1 : 0;
}
