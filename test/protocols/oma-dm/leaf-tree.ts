import type { ManagementTree } from "../../../protocols/oma-dm/carry-out.ts";

/** Leaves by URI, and how often each was executed. */
export interface Leaves {
  readonly values: Readonly<Record<string, string>>;
  readonly executed: Readonly<Record<string, number>>;
}

export const NO_LEAVES: Leaves = { values: {}, executed: {} };

type Operation = Parameters<ManagementTree<Leaves>["execute"]>[1];

/** A flat tree: every URI may be added; Exec counts. */
export const leafTree: ManagementTree<Leaves> = { execute: executeOnLeaf };

/** The same for a state that holds more than leaves. */
export function executeOnLeaf<State extends Leaves>(
  state: State,
  { command, uri, data }: Operation,
): ReturnType<ManagementTree<State>["execute"]> {
  const { values, executed } = state;
  const value = values[uri];
  const reply = (code: number, next: Partial<Leaves> = {}) => ({
    state: { ...state, ...next },
    code,
    nodes: [],
  });
  switch (command) {
    case "Add":
      return value === undefined ? reply(200, { values: { ...values, [uri]: data } }) : reply(418);
    case "Replace":
      return value === undefined ? reply(404) : reply(200, { values: { ...values, [uri]: data } });
    case "Delete": {
      const { [uri]: _, ...rest } = values;
      return value === undefined ? reply(404) : reply(200, { values: rest });
    }
    case "Get":
      return value === undefined
        ? reply(404)
        : { ...reply(200), nodes: [{ uri, format: "chr", data: value }] };
    case "Exec":
      return {
        ...reply(202, { executed: { ...executed, [uri]: (executed[uri] ?? 0) + 1 } }),
        irrevocable: true,
      };
    default:
      return reply(405);
  }
}

export const holding = (values: Leaves["values"]): Leaves => ({ values, executed: {} });
