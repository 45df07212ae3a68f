type CrlCheck = "0" | "1" | null;

/** CRLCheck "1" is more secure than "0", and either more than nothing. [Q44] */
export function strictestOf(a: CrlCheck, b: CrlCheck): CrlCheck {
  if (a === "1" || b === "1") return "1";
  return a ?? b;
}
