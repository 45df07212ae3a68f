import { Hono } from "hono";
import type { DeviceId, DistributionId } from "../../devices/model/ids.ts";
import { requestInstallation } from "../../devices/service/installations.ts";
import { registerDevice } from "../../devices/service/register-device.ts";
import type { AppEnv } from "../../gateway/http/environment.ts";
import { onError } from "../../gateway/http/on-error.ts";
import { menderRoutes } from "../../gateway/http/routes/mender.ts";
import { Metrics } from "../../gateway/telemetry/metrics.ts";
import { readAuthRequest } from "../../protocols/mender/auth-request.ts";
import { MenderDevice } from "./mender-device.ts";
import { QUIET, SiteCore } from "./site-core.ts";

/** A site core behind Mender's door, and a device that was approved. */
export class MenderSite implements AsyncDisposable {
  readonly core: SiteCore;
  readonly app: Hono<AppEnv>;
  readonly settings = { autoAccept: false };
  readonly secrets = { current: new Uint8Array(32).fill(1), accepted: [] as Uint8Array[] };

  private constructor(core: SiteCore) {
    this.core = core;
    this.secrets.accepted.push(this.secrets.current);
    this.app = new Hono<AppEnv>();
    const site = {
      context: core.context,
      secrets: this.secrets,
      settings: () => this.settings,
    };
    const baseUrlOf = () => "http://site.test";
    this.app.route("/", menderRoutes({ site, baseUrlOf, log: QUIET, metrics: new Metrics() }));
    this.app.onError(onError(QUIET) as never);
  }

  static async open(options: { readonly seed?: number } = {}): Promise<MenderSite> {
    return new MenderSite(await SiteCore.open(options));
  }

  readonly fetch = async (path: string, init: RequestInit): Promise<Response> =>
    this.app.request(path, init);

  /** A device that an administrator knows, logged in. */
  async device(mac = "02:00:00:00:00:01"): Promise<{ id: DeviceId; box: MenderDevice }> {
    const box = new MenderDevice(this.fetch, { identity: { mac } });
    const { identity, keyText } = readAuthRequest(new TextEncoder().encode(box.authBody()));
    const { device } = await registerDevice(
      this.core.context,
      { stableId: identity, platform: "Windows", protocol: "mender", token: keyText },
      "test",
    );
    if ((await box.authenticate()) !== 200) throw new Error("the device was not let in");
    return { id: device.id, box };
  }

  /** On-demand work that was asked for. */
  async asked(id: DeviceId, version = "1.0"): Promise<DistributionId> {
    const { context } = this.core;
    const distribution = await this.core.distributeMender(version);
    const key = { site: context.site, device: id, distribution };
    await requestInstallation(context, key, "test");
    return distribution;
  }

  async knocks(): Promise<readonly Readonly<Record<string, unknown>>[]> {
    const rows = this.core.database.connection
      .prepare("SELECT external_id, details FROM knocks WHERE protocol = 'mender'")
      .rows();
    return rows.map(([externalId, details]) => ({
      externalId: String(externalId),
      ...(JSON.parse(String(details)) as object),
    }));
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.core[Symbol.asyncDispose]();
  }
}
