import {
  agentInstallProblems,
  duplicateNames,
} from "../../../devices/install/agent-install-checks.ts";
import type { FieldError } from "../../../devices/model/errors.ts";
import type {
  AGENT_CHANNELS,
  AgentInstall,
  Channel,
  DdiInstall,
  MenderInstall,
  Package,
} from "../../../devices/model/package.ts";

export type ClientChannel = (typeof AGENT_CHANNELS)[number];

/** What programs on a device that ask for work are told of a revision. */
export interface ClientInstalls {
  readonly agent: AgentInstall | null;
  readonly ddi: DdiInstall | null;
  readonly mender: MenderInstall | null;
}

const CLIENTS: Readonly<Record<ClientChannel, string>> = {
  agent: "install actions",
  ddi: "software modules",
  mender: "the artifact's name and device types",
};

export function isClientChannel(channel: Channel): channel is ClientChannel {
  return Object.hasOwn(CLIENTS, channel);
}

/** What is wrong with what is said of them, whatever the channel. */
export function clientProblems(
  owner: Package,
  channel: Channel,
  given: ClientInstalls & { readonly hasFile: boolean; readonly hasSource: boolean },
): readonly FieldError[] {
  const wrong: FieldError[] = [];
  for (const client of ["agent", "ddi", "mender"] as const) {
    if (given[client] === null || client === channel) continue;
    wrong.push({ pointer: `/${client}`, message: `${channel} takes no ${CLIENTS[client]}` });
  }
  if (!isClientChannel(channel)) return wrong;
  if (owner.platform === "iOS") {
    wrong.push({ pointer: "/channel", message: "iOS devices have no such client" });
  }
  if (given[channel] === null) {
    wrong.push({ pointer: `/${channel}`, message: `${channel} needs ${CLIENTS[channel]}` });
  }
  if (channel === "mender") {
    if (!given.hasFile && !given.hasSource) {
      wrong.push({ pointer: "/file", message: "mender needs the artifact, as a file or a source" });
    }
  } else {
    const where = channel === "agent" ? "agent.files" : "the files of a chunk";
    if (given.hasFile) wrong.push({ pointer: "/file", message: `name it in ${where}` });
    if (given.hasSource) {
      wrong.push({ pointer: "/source", message: `upload it and name it in ${where}` });
    }
  }
  if (given.agent) wrong.push(...under("/agent", agentInstallProblems(given.agent)));
  for (const [n, { files }] of given.ddi?.chunks.entries() ?? []) {
    wrong.push(...under(`/ddi/chunks/${n}/files`, duplicateNames(files)));
  }
  return wrong;
}

function under(at: string, problems: readonly FieldError[]): readonly FieldError[] {
  return problems.map(({ pointer, message }) => ({ pointer: at + pointer, message }));
}
