/**
 * Windows' wildcards: `*` is any run of characters, `?` any one; letter case does not count. A pattern that ends
 * in `.*` also fits a name without a dot, so `*.*` fits everything and `c*.*` fits `calc`. [Q25]
 */
export function fits(pattern: string, name: string): boolean {
  const wanted = pattern.toLowerCase();
  const given = name.toLowerCase();
  if (isFit(wanted, given)) return true;
  return wanted.endsWith(".*") && !given.includes(".") && isFit(wanted.slice(0, -2), given);
}

export function hasWildcard(text: string): boolean {
  return /[*?]/.test(text);
}

/** Goes back to the last `*` only, so it takes no longer than the product of both lengths. */
function isFit(pattern: string, name: string): boolean {
  let at = 0;
  let star = -1;
  let resume = 0;
  for (let index = 0; index < name.length; ) {
    const wanted = pattern[at];
    if (wanted === "*") {
      star = at;
      resume = index;
      at += 1;
    } else if (wanted !== undefined && (wanted === "?" || wanted === name[index])) {
      at += 1;
      index += 1;
    } else if (star >= 0) {
      resume += 1;
      index = resume;
      at = star + 1;
    } else return false;
  }
  return [...pattern.slice(at)].every((rest) => rest === "*");
}
