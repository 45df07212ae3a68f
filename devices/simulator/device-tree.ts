import type { ManagementTree } from "../../protocols/oma-dm/carry-out.ts";
import type { AppState } from "./app-state.ts";
import { executeOnTree, type TreeOptions } from "./app-tree.ts";
import type { PlannedDevice } from "./fleet-plan.ts";
import type { Profile } from "./profiles.ts";

/** The whole management tree of a device, as one value that an Atomic can go back to. */
export interface DeviceTreeState {
  readonly apps: AppState;
  /** Products whose DownloadInstall was executed in this session. */
  readonly started: readonly string[];
}

/**
 * The tree a simulated device shows its server: EnterpriseAppManagement, and `info`, the leaves of
 * DevInfo and DevDetail by their path such as `DevDetail/SwV`, which can be read and nothing else.
 */
export function deviceTree(
  info: ReadonlyMap<string, string>,
  options: TreeOptions,
): ManagementTree<DeviceTreeState> {
  return {
    execute(state, request) {
      const path = request.uri.trim().replace(/^\.\//, "");
      if (/^(DevInfo|DevDetail)(\/|$)/.test(path)) {
        const data = info.get(path);
        if (data === undefined) return { state, code: 404, nodes: [] };
        if (request.command !== "Get") return { state, code: 405, nodes: [] };
        return { state, code: 200, nodes: [{ uri: request.uri, format: "chr", data }] };
      }
      const answer = executeOnTree(state.apps, request, options);
      const started =
        answer.started === undefined ? state.started : [...state.started, answer.started];
      return { state: { apps: answer.state, started }, code: answer.code, nodes: answer.nodes };
    },
  };
}

/** What DevInfo and DevDetail say about every device. */
export function infoOf(plan: PlannedDevice, profile: Profile): ReadonlyMap<string, string> {
  return new Map([
    ["DevInfo/DevId", plan.stableId],
    ["DevInfo/Man", plan.manufacturer],
    ["DevInfo/Mod", plan.model],
    ["DevInfo/DmV", "1.2"],
    ["DevInfo/Lang", "en-US"],
    ["DevDetail/DevTyp", profile.osPlatform],
    ["DevDetail/OEM", plan.manufacturer],
    ["DevDetail/FwV", "1.0"],
    ["DevDetail/SwV", profile.osVersion],
    ["DevDetail/HwV", "1.0"],
    ["DevDetail/LrgObj", String(profile.largeObjects)],
  ]);
}
