import type { ManagementTree } from "../../../protocols/oma-dm/carry-out.ts";

/** A device of a world: leaves, and how often each node was executed. */
export interface DeviceState {
  readonly values: Readonly<Record<string, string>>;
  readonly executed: Readonly<Record<string, number>>;
  /** How often its user was asked what. */
  readonly asked: Readonly<Record<string, number>>;
}

/** Yes, no, or nobody there. */
export const USER_CODES = [200, 304, 408] as const;

export const tree: ManagementTree<DeviceState> = {
  ask(state, { text }) {
    const asked = { ...state.asked, [text]: (state.asked[text] ?? 0) + 1 };
    return { state: { ...state, asked }, code: userCode(text), answers: [] };
  },
  execute(state, { command, uri, data }) {
    const { values, executed } = state;
    const value = uri.startsWith("./count/")
      ? String(executed[uri.replace("./count/", "./exec/")] ?? 0)
      : values[uri];
    const reply = (code: number, next: Partial<DeviceState> = {}) => ({
      state: { ...state, ...next },
      code,
      nodes: [],
    });
    switch (command) {
      case "Add":
        return value === undefined
          ? reply(200, { values: { ...values, [uri]: data } })
          : reply(418);
      case "Replace":
        return value === undefined
          ? reply(404)
          : reply(200, { values: { ...values, [uri]: data } });
      case "Delete": {
        const { [uri]: _, ...rest } = values;
        return value === undefined ? reply(404) : reply(200, { values: rest });
      }
      case "Get":
        return value === undefined
          ? reply(404)
          : { ...reply(200), nodes: [{ uri, format: "chr", data: value }] };
      default:
        return reply(202, { executed: { ...executed, [uri]: (executed[uri] ?? 0) + 1 } });
    }
  },
};

/** The user always says the same to a question. */
export function userCode(text: string): number {
  return USER_CODES[text.length % USER_CODES.length] ?? 200;
}
