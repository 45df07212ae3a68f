import { join } from "node:path";
import { z } from "zod";
import type { ApiClient } from "../../gateway/client/api-client.ts";
import { startSession } from "../../protocols/oma-dm/client-session.ts";
import { ALERT } from "../../protocols/syncml/alerts.ts";
import { branch, type Element, leaf } from "../../protocols/syncml/element.ts";
import { encodeMessage } from "../../protocols/syncml/encode-message.ts";
import { type Encoding, printDocument } from "../../protocols/syncml/encoding.ts";
import { Scenario } from "../harness/scenario.ts";
import { EAM, P1, P1_INVENTORY } from "../harness/site-core.ts";
import {
  type ByteDeviceOptions,
  type Knowledge,
  MESSAGE_HOLE,
  SESSION_HOLE,
} from "./byte-device.ts";
import { DIALECTS } from "./dialect.ts";

const PATH = "/syncml";
/** Registrations under way at the same time. */
const REGISTRATIONS = 20;
const DAY_MS = 24 * 60 * 60_000;
/** Between the sessions of an update. */
const LATER_MS = 10 * 60_000;
/** Devices in the field send a user's token along with a check-in; with it, it has this size in XML. */
const CHECK_IN_BYTES = 3_400;

export interface Account {
  readonly stableId: string;
  readonly userName: string;
  readonly password: string;
}

const Registered = z.object({ userName: z.string(), password: z.string() });

/**
 * A site with devices, a nightly window and one app that is updated round after round: each round is
 * a new revision with an Automatic distribution to all devices, on the night after the last one.
 */
export class UpdateSite implements AsyncDisposable {
  readonly scenario: Scenario;
  readonly accounts: readonly Account[];
  #round = 0;

  private constructor(scenario: Scenario, accounts: readonly Account[]) {
    this.scenario = scenario;
    this.accounts = accounts;
  }

  /** @param otherApps on-demand apps that nobody asks for: a row each per device */
  static async start(devices: number, otherApps: number): Promise<UpdateSite> {
    const scenario = await Scenario.start({ role: "site", settings: { timeZone: "UTC" } });
    await scenario.prepare();
    await scenario.addWindow("2026-03-07T22:00", 120);
    for (let app = 0; app < otherApps; app++) await offer(scenario, app);
    const accounts: Account[] = [];
    while (accounts.length < devices) {
      const names = Array.from({ length: REGISTRATIONS }, (_, at) => accounts.length + at);
      accounts.push(...(await Promise.all(names.map((at) => register(scenario.api, at)))));
    }
    return new UpdateSite(scenario, accounts.slice(0, devices));
  }

  get port(): number {
    return Number(new URL(this.scenario.url).port);
  }

  get pid(): number {
    const { pid } = this.scenario.gateway.process;
    if (pid === undefined) throw new Error("the site is not running");
    return pid;
  }

  /**
   * The next version, distributed; and the sessions in which devices get it, one after the other:
   * at the last moment of the next night's window, when every device's instant has come, and twice
   * later on. Between them the clock moves and the site plans again.
   */
  async *nextUpdate(): AsyncGenerator<Knowledge> {
    const inventoryItems = inventory(this.#round === 0 ? undefined : versionOf(this.#round));
    this.#round += 1;
    await this.scenario.distribute(versionOf(this.#round), { mode: "automatic" });
    const nightEndsMs = Date.parse("2026-03-08T00:00:00Z") + this.#round * DAY_MS;
    await this.scenario.gateway.setClock(new Date(nightEndsMs - 1).toISOString());
    for (const downloadStatus of [null, "2", "5"]) {
      yield { downloadStatus, inventoryItems };
      await this.scenario.gateway.advance(LATER_MS);
    }
  }

  /** What a device knows that has no app of ours, or is asked about none. */
  firstContact(): { readonly knows: Knowledge } {
    return { knows: { downloadStatus: null, inventoryItems: inventory(undefined) } };
  }

  /** Ends the process and starts it again on the same data; milliseconds from spawn to ready. */
  async restart(): Promise<number> {
    await this.scenario.gateway.process.stop();
    const beginMs = performance.now();
    await this.scenario.gateway.restart();
    return performance.now() - beginMs;
  }

  /** From now on `slowCommits` works. */
  async restartWithSlowCommits(): Promise<void> {
    // The child takes over our environment.
    Bun.env.BUN_OPTIONS = `--preload ${join(import.meta.dir, "slow-commit.ts")}`;
    try {
      await this.restart();
    } finally {
      delete Bun.env.BUN_OPTIONS;
    }
  }

  /** Until it is disposed of, every commit of the site takes longer. */
  slowCommits(): Disposable {
    const { pid } = this;
    process.kill(pid, "SIGUSR2");
    return { [Symbol.dispose]: () => void process.kill(pid, "SIGUSR2") };
  }

  /** @throws when the last update is not installed on every device */
  async checkInstalled(): Promise<void> {
    const rows = await this.scenario.rows(`distribution:distribution-${this.#round}`);
    const installed = rows.filter((row) => row.status === "installed").length;
    if (installed === this.accounts.length) return;
    throw new Error(`${installed} of ${this.accounts.length} devices installed the update`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scenario[Symbol.asyncDispose]();
  }
}

/** Devices that send all that devices in the field send. */
export function fullDevices(accounts: readonly Account[], encoding: Encoding): ByteDeviceOptions[] {
  return accounts.map((account) => {
    const bare = textOf(checkIn(account, { token: "" }), "xml");
    const token = "t".repeat(Math.max(1, CHECK_IN_BYTES - bare.length));
    return deviceOf(account, encoding, [checkIn(account, { token })]);
  });
}

/** Devices that send the least they can; `challenged`: without credentials until asked for them. */
export function basicDevices(
  accounts: readonly Account[],
  encoding: Encoding,
  { challenged }: { readonly challenged: boolean },
): ByteDeviceOptions[] {
  return accounts.map((account) =>
    challenged
      ? deviceOf(account, encoding, [
          checkIn(account, { withoutCredentials: true }),
          checkIn(account, { messageId: 2 }),
        ])
      : deviceOf(account, encoding, [checkIn(account, {})]),
  );
}

function deviceOf(
  account: Account,
  encoding: Encoding,
  openings: readonly Element[],
): ByteDeviceOptions {
  const header = branch("SyncHdr", [
    leaf("VerDTD", "1.2"),
    leaf("VerProto", "DM/1.2"),
    leaf("SessionID", SESSION_HOLE),
    leaf("MsgID", MESSAGE_HOLE),
    branch("Target", [leaf("LocURI", PATH)]),
    branch("Source", [leaf("LocURI", account.stableId)]),
  ]);
  const empty = branch("SyncML", [header, branch("SyncBody", [leaf("Final", "")])]);
  const head = textOf(empty, encoding).slice(0, -DIALECTS[encoding].end.length);
  const texts = openings.map((opening) => textOf(opening, encoding));
  return { path: PATH, encoding, openings: texts, head };
}

/** Bytes as characters up to U+00FF. */
function textOf(message: Element, encoding: Encoding): string {
  return Buffer.from(printDocument(message, encoding)).toString("latin1");
}

interface CheckIn {
  /** Given: all of DevInfo, and an alert with this token of the user. */
  readonly token?: string;
  readonly withoutCredentials?: boolean;
  readonly messageId?: number;
}

/** Package 1, with a hole for the session's number. */
function checkIn(account: Account, { token, withoutCredentials, messageId = 1 }: CheckIn): Element {
  const { message } = startSession({
    sessionId: SESSION_HOLE,
    device: account.stableId,
    server: PATH,
    userName: account.userName,
    password: account.password,
    scheme: "syncml:auth-basic",
    nonce: null,
    waitsForChallenge: withoutCredentials === true,
    startAlert: ALERT.clientInitiated,
    alerts:
      token === undefined
        ? []
        : [
            {
              code: ALERT.clientEvent,
              items: [{ meta: { type: "com.microsoft/MDM/AADUserToken" }, data: token }],
            },
          ],
    devInfo: [["./DevInfo/DevId", account.stableId], ...(token === undefined ? [] : DEV_INFO)],
    maxMsgSize: null,
    demands: null,
    maxObjSize: null,
    largeObjects: false,
    sendBytesMax: null,
    answersMax: 100,
  });
  return encodeMessage({ ...message, header: { ...message.header, messageId } });
}

const DEV_INFO = [
  ["./DevInfo/Man", "Contoso"],
  ["./DevInfo/Mod", "Handheld 1"],
  ["./DevInfo/DmV", "1.2"],
  ["./DevInfo/Lang", "en-us"],
] as const;

/** The answer to `Inventory?list=StructData`. */
function inventory(version: string | undefined): Knowledge["inventoryItems"] {
  const inEncoding = (encoding: Encoding) => {
    const { item, node } = DIALECTS[encoding];
    const root = node(`${EAM}/EnterpriseApps/Inventory`);
    if (version === undefined) return root;
    return [
      root,
      node(P1_INVENTORY),
      item(`${P1_INVENTORY}/Version`, version),
      item(`${P1_INVENTORY}/Title`, "ContosoApp1"),
      item(`${P1_INVENTORY}/Publisher`, "Contoso"),
      item(`${P1_INVENTORY}/InstallDate`, "2026-03-07T12:00:00Z"),
    ].join("");
  };
  return { xml: inEncoding("xml"), wbxml: inEncoding("wbxml") };
}

function versionOf(round: number): string {
  return `${round}.0.0.0`;
}

async function register(api: ApiClient, at: number): Promise<Account> {
  const stableId = `urn:uuid:bench-${String(at).padStart(4, "0")}`;
  const { userName, password } = await api.request("/api/v1/devices", Registered, {
    method: "POST",
    json: { stableId, name: `bench ${at}`, platform: "Windows", osPlatform: "Windows 10 Mobile" },
  });
  return { stableId, userName, password };
}

/** An app that users may ask for. */
async function offer(scenario: Scenario, app: number): Promise<void> {
  const id = `other-${app}`;
  const productId = P1.replace(/.{3}\}$/, `${String(app).padStart(3, "0")}}`);
  const { sha256 } = await scenario.upload(`content of ${id}`);
  const post = (path: string, json: unknown) =>
    scenario.api.send(`/api/v1/${path}`, { method: "POST", json });
  await post("packages", { id, name: id, platform: "Windows", productId });
  const file = { sha256, name: `${id}.xap` };
  await post(`packages/${id}/revisions`, { id: `${id}-1`, version: "1.0.0.0", file });
  await post("distributions", { id, package: id, revision: `${id}-1`, mode: "on-demand" });
}
