import type { Element } from "../../protocols/syncml/element.ts";
import { parseXml } from "../../protocols/syncml/parse-xml.ts";

/** How a client reaches its server: a started gateway, or a door in the same process. */
export type Post = (path: string, init: RequestInit) => Promise<Response>;

export interface Instructions {
  readonly id: string;
  readonly name: string;
  readonly startTime: string;
  readonly folder: string;
  readonly commandLine: string;
  readonly bytes: number;
}

export interface Polled {
  readonly status: number;
  readonly packages: readonly string[];
  readonly pollInterval: string;
  readonly root: Element | undefined;
}

/**
 * A Device Management Client of Windows CE as its makers describe it: it keeps what its headers have to
 * say, asks for the instructions of what it does not know, and drops what is not listed any more.
 */
export class CeClient {
  readonly uuid: string;
  readonly #post: Post;
  auth = "";
  timestamp = "";
  /** What it knows. */
  readonly known = new Set<string>();
  processor = "2336";

  constructor(uuid: string, post: Post) {
    this.uuid = uuid;
    this.#post = post;
  }

  async poll(): Promise<Polled> {
    const { response, root } = await this.send("Poll", this.pollDocument());
    const listed = find(root, "ApplicablePackages")?.children ?? [];
    const packages = listed.map((one) => one.attributes[0]?.value ?? "");
    if (response.status === 200) {
      this.timestamp = response.headers.get("x-device-timestamp") ?? this.timestamp;
      for (const id of this.known) if (!packages.includes(id)) this.known.delete(id);
    }
    const pollInterval = find(root, "PollInterval")?.text ?? "";
    return { status: response.status, packages, pollInterval, root };
  }

  pollDocument(id = this.uuid): string {
    return `<?xml version="1.0" encoding="utf-8"?>
<DevicePoll xmlns="http://www.microsoft.com/DeviceManagement.xsd">
<ManagementSystem><Name>Test management</Name><Version>1.2.3.4</Version></ManagementSystem>
<Identification><ID>${id}</ID><DeviceName>till-7</DeviceName><UserName>clerk</UserName>
<Platform>Test Terminal</Platform><Processor>${this.processor}</Processor>
<NetworkAdapter><IPAddress>10.0.0.7</IPAddress><IPSubnet>255.0.0.0</IPSubnet></NetworkAdapter>
<CodePage>866</CodePage><SystemDefaultLCID>1033</SystemDefaultLCID></Identification>
<Connection><AuthorizationToken>0</AuthorizationToken><Timestamp>0</Timestamp></Connection></DevicePoll>`;
  }

  /** Asks for the instructions of these, and knows what it is told of. */
  async instructions(ids: readonly string[]): Promise<readonly Instructions[]> {
    const packages = ids.map((id) => `<Package ID="${id}"/>`).join("");
    const { root } = await this.send(
      "InstructionRequest",
      `<InstructionsRequest xmlns="http://www.microsoft.com/DeviceManagement.xsd">${packages}</InstructionsRequest>`,
    );
    const told = (root?.children ?? []).map((one) => ({
      id: find(one, "ID")?.text ?? "",
      name: find(one, "Name")?.text ?? "",
      startTime: find(one, "StartTime")?.text ?? "",
      folder: find(one, "LocalDestination")?.text ?? "",
      commandLine: find(one, "CommandLine")?.text ?? "",
      bytes: Number(find(one, "PackageSize")?.text),
    }));
    for (const { id } of told) this.known.add(id);
    return told;
  }

  /** The URL that it is to fetch a package from. */
  async locate(id: string): Promise<string> {
    const { root } = await this.send(
      "LocationRequest",
      `<PackageLocationRequest><PackageID>${id}</PackageID><ClientLocation><IPAddresses><IPAddress address="10.0.0.7" subnet="255.0.0.0"/></IPAddresses></ClientLocation></PackageLocationRequest>`,
    );
    return find(root, "URL")?.text ?? "";
  }

  async status(id: string, ...messageIds: readonly number[]): Promise<Response> {
    const messages = messageIds.map(
      (messageId) =>
        `<StatusMessage packageID="${id}" messageID="${messageId}" timestamp="2003-01-01 00:00:00"><Parameter name="ExitCode">0</Parameter></StatusMessage>`,
    );
    const { response } = await this.send("Status", `<Status>${messages.join("")}</Status>`);
    return response;
  }

  async inventory(properties: Readonly<Record<string, Readonly<Record<string, string>>>>) {
    const items = Object.entries(properties).map(([item, values]) => {
      const list = Object.entries(values).map(
        ([name, value]) => `<Property name="${name}">${value}</Property>`,
      );
      return `<InventoryItem name="${item}">${list.join("")}</InventoryItem>`;
    });
    return this.send("Report", `<Inventory type="machine">${items.join("")}</Inventory>`);
  }

  async send(
    action: string,
    body: string | Uint8Array<ArrayBuffer>,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<{ readonly response: Response; readonly root: Element | undefined }> {
    const response = await this.#post("/devicemgmt/server.aspx", {
      method: "POST",
      body,
      headers: {
        "X-Device-UUID": this.uuid,
        "X-Device-Auth": this.auth,
        "X-Device-Timestamp": this.timestamp,
        "X-Device-client-version": "5.0",
        "X-Device-Action": action,
        ...headers,
      },
    });
    this.auth = response.headers.get("x-device-auth") ?? this.auth;
    const text = await response.clone().text();
    return { response, root: text.startsWith("<?xml") ? parseXml(text) : undefined };
  }
}

/** The first element of this name, wherever it is. */
export function find(root: Element | undefined, name: string): Element | undefined {
  if (root === undefined || root.name === name) return root;
  for (const child of root.children) {
    const found = find(child, name);
    if (found !== undefined) return found;
  }
  return undefined;
}
