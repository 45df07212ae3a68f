import type { RawCommand, RawHandler, RawReply } from "./raw-device.ts";
import { EAM, P1_DOWNLOAD, P1_INVENTORY } from "./site-core.ts";

const OK: RawReply = { code: 200 };

/** A device as the tests need it: an inventory, a download node, and answers to override. */
export function phone(state: PhoneState): RawHandler {
  return (command) => {
    state.seen.push(command);
    const uri = command.items[0]?.uri ?? "";
    const said = state.say?.(command);
    if (said) return said;
    if (command.name === "Get") return get(state, uri);
    return OK;
  };
}

export interface PhoneState {
  enterpriseStatus?: number;
  installed?: string | null;
  download?: { status: number; lastError?: number; description?: string } | null;
  seen: RawCommand[];
  say?: (command: RawCommand) => RawReply | undefined;
}

function get(state: PhoneState, uri: string): RawReply {
  const value = (data: string): RawReply => ({ code: 200, results: [{ uri, data }] });
  if (uri === `${EAM}/Status`) return value(String(state.enterpriseStatus ?? 0));
  if (uri.startsWith(`${EAM}/EnterpriseApps/Inventory`)) {
    const root = { uri: `${EAM}/EnterpriseApps/Inventory`, format: "node" };
    return {
      code: 200,
      results: state.installed
        ? [
            root,
            { uri: P1_INVENTORY, format: "node" },
            { uri: `${P1_INVENTORY}/Version`, data: state.installed },
          ]
        : [root],
    };
  }
  if (uri.startsWith(P1_DOWNLOAD)) {
    const { download } = state;
    if (!download) return { code: 404 };
    if (uri.endsWith("/Status")) return value(String(download.status));
    if (uri.endsWith("/LastError")) return value(String(download.lastError ?? 0));
    if (uri.endsWith("/LastErrorDesc")) return value(download.description ?? "");
  }
  return { code: 404 };
}

export interface ListedApp {
  /** Its node in the inventory. */
  readonly uri: string;
  readonly version: string;
  readonly title: string;
}

/** What `say` answers for a device that lists these apps, each with its four leaves. */
export function lists(apps: readonly ListedApp[]): (command: RawCommand) => RawReply | undefined {
  const leaves = ({ uri, version, title }: ListedApp) => [
    { uri, format: "node" },
    { uri: `${uri}/Version`, data: version },
    { uri: `${uri}/Title`, data: title },
    { uri: `${uri}/Publisher`, data: "Contoso" },
    { uri: `${uri}/InstallDate`, data: "2012-10-31T21:23:31Z" },
  ];
  const root = { uri: `${EAM}/EnterpriseApps/Inventory`, format: "node" };
  return ({ items }) =>
    items[0]?.uri.endsWith("Inventory?list=StructData")
      ? { code: 200, results: [root, ...apps.flatMap(leaves)] }
      : undefined;
}

/** Commands in short, for comparing. */
export const shapes = (commands: readonly RawCommand[]) =>
  commands.map((command) =>
    command.children.length > 0
      ? `${command.name}(${command.children.map((child) => `${child.name} ${child.items.map((item) => item.uri.split("/").at(-1)).join("+")}`).join(", ")})`
      : `${command.name} ${command.items.map((item) => item.uri.replace(EAM, "")).join("+")}`,
  );
