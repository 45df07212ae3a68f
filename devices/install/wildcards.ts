/**
 * A pattern of file names as Windows reads it: `*` is any characters, `?` any one, letter case does not
 * matter, and `*.*` stands for names without a dot as well, as does a pattern that ends in `.*`. [Q25]
 */
export function wildcard(pattern: string): (name: string) => boolean {
  const lower = pattern.toLowerCase();
  if (lower.endsWith(".*")) {
    const [whole, stem] = [exactly(lower), exactly(lower.slice(0, -2))];
    return (name) => whole(name) || (!name.includes(".") && stem(name));
  }
  return exactly(lower);
}

export function hasWildcard(text: string): boolean {
  return /[*?]/.test(text);
}

/** Looks back to the last `*` alone, so that no pattern takes longer than length times length. */
function exactly(pattern: string): (name: string) => boolean {
  return (given) => {
    const name = given.toLowerCase();
    let at = 0;
    let next = 0;
    let star = -1;
    let resumed = 0;
    while (at < name.length) {
      const wanted = pattern[next];
      if (wanted === "*") {
        star = next++;
        resumed = at;
      } else if (wanted !== undefined && (wanted === "?" || wanted === name[at])) {
        at++;
        next++;
      } else if (star >= 0) {
        next = star + 1;
        at = ++resumed;
      } else {
        return false;
      }
    }
    while (pattern[next] === "*") next++;
    return next === pattern.length;
  };
}
