import { z } from "zod";
import type { Fetch } from "../../devices/simulator/fetch-content.ts";
import { planFleet } from "../../devices/simulator/fleet-plan.ts";
import { CALM_PC, type PcBehaviour } from "../../devices/simulator/pc/course.ts";
import { type PcOptions, SimulatedPc } from "../../devices/simulator/pc/simulated-pc.ts";
import type { Account } from "../../devices/simulator/session.ts";
import { type SampleMsix, sampleMsix } from "./sample-msix.ts";
import type { Row, Scenario } from "./scenario.ts";
import { FAMILY } from "./site-core.ts";

const Created = z.looseObject({ id: z.string() });
const Uploaded = z.looseObject({ sha256: z.string() });
const Registered = z.looseObject({
  device: z.looseObject({ id: z.string() }),
  userName: z.string(),
  password: z.string(),
});
/** How a compound file begins, and so an MSI. */
const COMPOUND_FILE = [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

export function sampleMsi(note: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from([...COMPOUND_FILE, ...new TextEncoder().encode(note.padEnd(3_000, "."))]);
}

export interface PlayedPc {
  readonly id: string;
  readonly pc: SimulatedPc;
}

export interface PcWishes extends Omit<Partial<PcOptions>, "behaviour"> {
  readonly kind?: "windows11" | "windows10";
  readonly behaviour?: Partial<PcBehaviour>;
  /** An account that it has already. */
  readonly account?: Account;
}

/** Scenarios with simulated PCs: they and the site's clock go on together. */
export class PcScenario {
  readonly site: Scenario;
  readonly #seed: number;
  #count = 0;

  constructor(site: Scenario, seed: number) {
    this.site = site;
    this.#seed = seed;
  }

  async prepare(): Promise<void> {
    const packages = [
      { id: "tools", name: "Contoso Tools", platform: "Windows" },
      { id: "own-tools", name: "Own Tools", platform: "Windows" },
      { id: "shop", name: "Contoso Shop", platform: "Windows" },
    ];
    for (const json of packages) await this.#post("/api/v1/packages", json);
  }

  /** A PC that an administrator registered, switched on. */
  async pc(name: string, wishes: PcWishes = {}): Promise<PlayedPc> {
    this.#count += 1;
    const { kind = "windows11", behaviour, account, ...options } = wishes;
    const [plan] = planFleet(1, this.#seed + this.#count, { mix: { [kind]: 1 }, prefix: name });
    if (plan === undefined) throw new Error("no plan");
    const made = account ? undefined : await this.#register(plan.stableId, plan.name);
    const known = account ?? made?.account;
    if (known === undefined) throw new Error("no account");
    const pc = new SimulatedPc(plan, known, {
      fetch: (url, init) => fetch(url, init),
      startMs: this.site.gateway.nowMs,
      providerId: "outpost",
      ...options,
      behaviour: { ...CALM_PC, ...behaviour },
    });
    return { id: made?.id ?? "", pc };
  }

  /** Lets a PC and the site live on together, with a word for each status that its row has had. */
  async live({ pc }: Pick<PlayedPc, "pc">, minutes: number): Promise<void> {
    const { gateway } = this.site;
    const endMs = gateway.nowMs + minutes * 60_000;
    while (pc.dueMs <= endMs) {
      const atMs = Math.max(pc.dueMs, gateway.nowMs);
      if (atMs > gateway.nowMs) await gateway.advance(atMs - gateway.nowMs);
      await pc.step(atMs);
    }
    if (endMs > gateway.nowMs) await gateway.advance(endMs - gateway.nowMs);
  }

  async contact({ pc }: Pick<PlayedPc, "pc">): Promise<void> {
    await pc.contact(this.site.gateway.nowMs);
  }

  /** A version of the MSI, distributed to one device; its ProductCode belongs to the version. */
  async distributeMsi(
    device: string,
    msi: Readonly<Record<string, unknown>>,
    options: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    this.#count += 1;
    const { version = "1.0.0", source, package: app = "tools", ...distribution } = options;
    const file = source
      ? { source }
      : { file: await this.upload(sampleMsi(`tools ${this.#count}`), "tools.msi") };
    const channel = "EnterpriseDesktopAppManagement";
    const json = { id: `tools-${this.#count}`, version, channel, msi, ...file };
    return this.#distribute(String(app), json, device, distribution);
  }

  /** A version of the packaged app with its framework, distributed to one device. */
  async distributeMsix(
    device: string,
    app: SampleMsix = {},
    options: Readonly<Record<string, unknown>> = {},
  ): Promise<string> {
    this.#count += 1;
    const note = String(this.#count);
    const dependencies = ["Contoso.VCLibs"];
    const bytes = await sampleMsix({ dependencies, note, ...app });
    const framework = await sampleMsix({
      name: "Contoso.VCLibs",
      version: "14.0.1.0",
      isFramework: true,
      note,
    });
    const json = {
      id: `shop-${this.#count}`,
      version: app.version ?? "1.0.0.0",
      file: await this.upload(bytes, "shop.msix"),
      msix: {
        familyName: FAMILY,
        dependencies: [await this.upload(framework, "vclibs.appx")],
      },
    };
    return this.#distribute("shop", json, device, options);
  }

  async upload(
    bytes: Uint8Array<ArrayBuffer>,
    name: string,
  ): Promise<{ sha256: string; name: string }> {
    const { sha256 } = await this.site.api.request(`/api/v1/files?name=${name}`, Uploaded, {
      method: "POST",
      bytes,
      headers: { "content-type": "application/octet-stream" },
    });
    return { sha256, name };
  }

  row(device: string, distribution: string): Promise<Row> {
    return this.site.row(device, distribution);
  }

  async #distribute(
    app: string,
    revision: Readonly<Record<string, unknown>>,
    device: string,
    options: Readonly<Record<string, unknown>>,
  ): Promise<string> {
    const made = await this.#post(`/api/v1/packages/${app}/revisions`, revision);
    const { id } = await this.#post("/api/v1/distributions", {
      id: `for-${made.id}`,
      package: app,
      revision: made.id,
      mode: "on-demand",
      target: { kind: "device", device },
      ...options,
    });
    if (options.mode !== "automatic") await this.site.request(device, id);
    return id;
  }

  #post(path: string, json: Readonly<Record<string, unknown>>): Promise<z.infer<typeof Created>> {
    return this.site.api.request(path, Created, { method: "POST", json });
  }

  async #register(stableId: string, name: string): Promise<{ id: string; account: Account }> {
    const { device, userName, password } = await this.site.api.request(
      "/api/v1/devices",
      Registered,
      { method: "POST", json: { stableId, name, platform: "Windows" } },
    );
    const account = { serverUrl: `${this.site.url}/syncml`, userName, password };
    return { id: device.id, account };
  }
}

/** A network that does something else with some requests. */
export function fetchBut(handle: (url: string) => Promise<Response> | undefined): Fetch {
  return (url, init) => handle(url) ?? fetch(url, init);
}
