import type { Element } from "../../../protocols/syncml/element.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";
import { escapeAttribute, escapeXml } from "../../../protocols/syncml/print-xml.ts";
import { CE_LIMITS, CE_NAMESPACE } from "../../../protocols/wince/requests.ts";
import type { DeviceIdentity } from "../fleet.ts";
import { type Job, type JobEvent, Puller, type PullerOptions } from "./puller.ts";

/** Its numbers for what became of a package; an unknown one is a failure. [agents 5] */
const MESSAGES = {
  starting: 11030,
  downloaded: 11031,
  downloadFailed: 11032,
  done: 11035,
} as const;
const FAILED = 11036;
/** Windows CE's number for an ARM processor. */
const ARM = "2577";

/** A terminal with Windows CE's Device Management Client. It does one package after the other. */
export class CeDevice extends Puller {
  #auth: string;
  #timestamp = "";
  readonly #waiting: { readonly id: string; readonly name: string }[] = [];
  #hasToldInventory = false;

  constructor(plan: DeviceIdentity, account: { readonly token: string }, options: PullerOptions) {
    super(plan, options);
    this.#auth = account.token;
  }

  protected override headers() {
    return {
      "content-type": "text/xml",
      "x-device-uuid": this.plan.stableId,
      "x-device-auth": this.#auth,
      "x-device-timestamp": this.#timestamp,
      "x-device-client-version": "1.0.0.0",
    };
  }

  protected override async poll(nowMs: number): Promise<void> {
    const root = await this.#ask("Poll", this.#pollDocument());
    if (root === undefined) return;
    const listed = childrenAt(root, "ApplicablePackages").map((one) => attributeOf(one, "ID"));
    // What is listed is what it is to have: what is not listed any more, it drops.
    if (this.job !== undefined && !listed.includes(this.job.key)) this.drop(this.job.key);
    const kept = this.#waiting.filter(({ id }) => listed.includes(id));
    this.#waiting.splice(0, this.#waiting.length, ...kept);
    const news = listed.filter(
      (id) => !this.knows(id) && !this.#waiting.some((one) => one.id === id),
    );
    if (news.length > 0) await this.#instruct(news);
    if (!this.#hasToldInventory) await this.#tellInventory();
    await this.#next(nowMs);
  }

  async #instruct(ids: readonly string[]): Promise<void> {
    const packages = ids.map((id) => `<Package ID="${escapeAttribute(id)}"/>`).join("");
    const root = await this.#ask("InstructionRequest", document("InstructionsRequest", packages));
    for (const one of root?.children ?? []) {
      this.#waiting.push({ id: textAt(one, "ID"), name: textAt(one, "Name") });
    }
  }

  async #next(nowMs: number): Promise<void> {
    const [first] = this.#waiting;
    if (first === undefined || this.job !== undefined) return;
    const request = document(
      "PackageLocationRequest",
      `<PackageID>${escapeXml(first.id)}</PackageID><ClientLocation><IPAddresses><IPAddress address="10.0.0.7" subnet="255.0.0.0"/></IPAddresses></ClientLocation>`,
    );
    const root = await this.#ask("LocationRequest", request);
    const url = root === undefined ? "" : textAt(root, "URL");
    if (url === "") return; // Not called off, as it is listed: it asks again at its next poll.
    this.#waiting.shift();
    this.begin(
      { key: first.id, product: first.name, version: "", files: [{ url, sha256: null }] },
      nowMs,
    );
  }

  protected override async tell({ key }: Job, event: JobEvent, nowMs: number): Promise<void> {
    switch (event.kind) {
      case "began":
        return this.#status(key, MESSAGES.starting, nowMs);
      case "downloaded":
        return this.#status(key, MESSAGES.downloaded, nowMs);
      case "installed":
        return this.#status(key, MESSAGES.done, nowMs);
      case "failed":
        return this.#status(
          key,
          event.isDownload ? MESSAGES.downloadFailed : FAILED,
          nowMs,
          event.failure.text,
        );
      case "installing":
      case "restarting":
        return; // It has no words for these.
    }
  }

  async #status(id: string, message: number, nowMs: number, text?: string): Promise<void> {
    const at = new Date(nowMs).toISOString().slice(0, 19).replace("T", " ");
    const said = text === undefined ? "" : `<Parameter name="Error">${escapeXml(text)}</Parameter>`;
    const one = `<StatusMessage packageID="${escapeAttribute(id)}" messageID="${message}" timestamp="${at}">${said}</StatusMessage>`;
    await this.#ask("Report", document("Status", one));
  }

  async #tellInventory(): Promise<void> {
    const items = [
      item("Device_OS", {
        Platform: "WinCE",
        MajorVersion: "6",
        MinorVersion: "0",
        BuildNumber: "3128",
      }),
      item("Device_System", { ProcessorArchitecture: "5", ProcessorType: ARM }),
      item("Device_Power", { BatteryPercent: "84" }),
    ];
    const xml = `<Inventory type="machine" xmlns="${CE_NAMESPACE}">${items.join("")}</Inventory>`;
    this.#hasToldInventory = (await this.#ask("Report", xml, MACHINE)) !== undefined;
  }

  #pollDocument(): string {
    const { name, stableId, model } = this.plan;
    return document(
      "DevicePoll",
      `<ManagementSystem><Name>Outpost simulator</Name><Version>1.0</Version></ManagementSystem><Identification><ID>${stableId}</ID><DeviceName>${escapeXml(name)}</DeviceName><UserName>clerk</UserName><Platform>${escapeXml(model)}</Platform><Processor>${ARM}</Processor><NetworkAdapter><IPAddress>10.0.0.7</IPAddress><IPSubnet>255.0.0.0</IPSubnet></NetworkAdapter><CodePage>1252</CodePage><SystemDefaultLCID>1033</SystemDefaultLCID></Identification><Connection><AuthorizationToken>${escapeXml(this.#auth)}</AuthorizationToken><Timestamp>${escapeXml(this.#timestamp)}</Timestamp></Connection>`,
    );
  }

  /** One document and what is answered; undefined when it is refused. An empty answer is an element of none. */
  async #ask(
    action: string,
    xml: string,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Element | undefined> {
    const answer = await this.line.send(`${this.serverUrl}/devicemgmt/server.aspx`, "POST", xml, {
      "x-device-action": action,
      ...more,
    });
    // The server may give it another secret with any answer, and counts its polls for it.
    this.#auth = answer.headers.get("x-device-auth") ?? this.#auth;
    if (answer.status !== 200) return undefined;
    this.#timestamp = answer.headers.get("x-device-timestamp") ?? this.#timestamp;
    const text = new TextDecoder().decode(answer.body).replace(/^\uFEFF?<\?xml[^>]*\?>/, "");
    return text.trim() === "" ? NOTHING : parseXml(text, CE_LIMITS);
  }
}

const MACHINE = { "x-device-reporttype": "MachineInventory" };
const NOTHING: Element = { name: "", namespace: "", attributes: [], children: [], text: "" };

function document(root: string, inner: string): string {
  return `<${root} xmlns="${CE_NAMESPACE}">${inner}</${root}>`;
}

function item(name: string, properties: Readonly<Record<string, string>>): string {
  const inner = Object.entries(properties)
    .map(([key, value]) => `<Property name="${key}">${escapeXml(value)}</Property>`)
    .join("");
  return `<InventoryItem name="${name}">${inner}</InventoryItem>`;
}

function find(root: Element, name: string): Element | undefined {
  if (root.name === name) return root;
  for (const child of root.children) {
    const found = find(child, name);
    if (found) return found;
  }
  return undefined;
}

function childrenAt(root: Element, name: string): readonly Element[] {
  return find(root, name)?.children ?? [];
}

function textAt(root: Element, name: string): string {
  return find(root, name)?.text.trim() ?? "";
}

function attributeOf(element: Element, name: string): string {
  return element.attributes.find((one) => one.name === name)?.value ?? "";
}
