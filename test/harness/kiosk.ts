/** A device that speaks DDI, and what its scenarios are told in. */
import { z } from "zod";
import { FactRow, type Row, type Scenario } from "./scenario.ts";
import { settled } from "./settled.ts";
import { Swupdate } from "./swupdate.ts";

const Registered = z.looseObject({ device: z.looseObject({ id: z.string() }), token: z.string() });
const Uploaded = z.looseObject({ sha256: z.string() });
const WAIT_MS = 30_000;

/** One kiosk at a site that may have others, with a package of its own. */
export class Kiosk implements AsyncDisposable {
  readonly site: Scenario;
  readonly swupdate: Swupdate;
  readonly device: string;
  readonly #name: string;
  readonly #token: string;
  #count = 0;

  static async open(site: Scenario): Promise<Kiosk> {
    const name = `kiosk-${crypto.randomUUID().slice(0, 8)}`;
    const { device, token } = await site.api.request("/api/v1/devices", Registered, {
      method: "POST",
      json: { stableId: name, protocol: "ddi", platform: "Windows", osPlatform: "Linux" },
    });
    await site.api.send("/api/v1/packages", {
      method: "POST",
      json: { id: name, name, platform: "Windows" },
    });
    return new Kiosk(site, await Swupdate.open(), name, device.id, token);
  }

  private constructor(
    site: Scenario,
    swupdate: Swupdate,
    name: string,
    device: string,
    token: string,
  ) {
    this.site = site;
    this.swupdate = swupdate;
    this.device = device;
    this.#name = name;
    this.#token = token;
  }

  /** An image and its distribution; what is on demand is asked for at once. */
  async distribute(
    image: Uint8Array<ArrayBuffer>,
    options: Readonly<Record<string, unknown>> = {},
    ddi: { readonly handling?: string } = {},
  ): Promise<string> {
    const { api } = this.site;
    this.#count += 1;
    const id = `${this.#name}-${this.#count}`;
    const version = `${this.#count}.0`;
    const { sha256 } = await api.request("/api/v1/files?name=app.swu", Uploaded, {
      method: "POST",
      bytes: image,
      headers: { "content-type": "application/octet-stream" },
    });
    const files = [{ sha256, name: "app.swu" }];
    await api.send(`/api/v1/packages/${this.#name}/revisions`, {
      method: "POST",
      json: {
        id,
        version,
        channel: "ddi",
        ddi: { ...ddi, chunks: [{ part: "os", name: "image", version, files }] },
      },
    });
    const json = {
      id,
      package: this.#name,
      revision: id,
      mode: "on-demand",
      target: { kind: "device", device: this.device },
      ...options,
    };
    await api.send("/api/v1/distributions", { method: "POST", json });
    if (json.mode === "on-demand") await this.site.request(this.device, id);
    return id;
  }

  async stop(distribution: string): Promise<void> {
    await this.site.api.send(`/api/v1/distributions/${distribution}/stop`, { method: "POST" });
  }

  /** @param more further options of its connection, such as `-c 2` */
  start(url: string, more = "") {
    return this.swupdate.start(url, this.#name, this.#token, more);
  }

  /** Its row, also when it does not count any more. */
  async row(distribution: string): Promise<Row> {
    const [row, ...more] = await this.site.rows(
      `device:${this.device} distribution:${distribution} counted:true,false`,
    );
    if (!row || more.length > 0) throw new Error(`no single row of ${distribution}`);
    return row;
  }

  async status(distribution: string): Promise<string> {
    return (await this.row(distribution)).status;
  }

  /** What was said and decided of it, in order. */
  async words(distribution: string): Promise<readonly string[]> {
    const { id } = await this.row(distribution);
    const path = `/api/v1/installations/${id}/history`;
    return (await this.site.api.request(path, z.array(FactRow))).map(({ value }) => value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.swupdate[Symbol.asyncDispose]();
  }
}

/** What a client does within this time, or never. */
export function happens(what: string, is: () => boolean | Promise<boolean>): Promise<true> {
  return settled(what, WAIT_MS, async () => ((await is()) ? true : undefined));
}
