import type { Installation } from "../client/rows.ts";
import type { Family } from "./families.ts";

export const FAMILY_HEAD = ["n", "status", "state, and what it waits for", "evidence"] as const;

/** What is known of one family. */
export interface FamilyGroup {
  readonly title: string;
  /** As `FAMILY_HEAD` says. */
  readonly rows: readonly (readonly string[])[];
}

/**
 * Rows by family. Those that say the same are counted; of what came with it in the device's own words the
 * first stands for all.
 */
export function familyGroups(
  rows: readonly Installation[],
  families: readonly Family[],
): FamilyGroup[] {
  return families.map(({ id, label, app }) => ({
    title: `${label}: ${app.name} ${app.version}`,
    rows: counted(rows.filter((row) => row.package === id)),
  }));
}

/** Families that no row is of. */
export function familiesWithout(
  rows: readonly Installation[],
  families: readonly Family[],
): Family[] {
  return families.filter(({ id }) => !rows.some((row) => row.package === id));
}

function counted(rows: readonly Installation[]): string[][] {
  const alike = new Map<string, Installation[]>();
  for (const row of rows) {
    const { statusLabel, state, reason, nativeValue, lastErrorHex } = row;
    const key = JSON.stringify([statusLabel, state, reason, nativeValue, lastErrorHex]);
    alike.set(key, [...(alike.get(key) ?? []), row]);
  }
  return [...alike]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, [first, ...others]]) =>
      first === undefined
        ? []
        : [[String(1 + others.length), first.statusLabel, stateOf(first), evidenceOf(first)]],
    );
}

function stateOf({ state, reason }: Installation): string {
  return [state, reason === null ? null : `waits: ${reason}`]
    .filter((part) => part !== null)
    .join(", ");
}

function evidenceOf({ nativeValue, lastErrorHex, lastErrorText }: Installation): string {
  const words = [nativeValue, lastErrorHex, lastErrorText].filter((word) => word !== null);
  return words.length === 0 ? "-" : words.join(" ");
}
