import type { DeviceId, DistributionId } from "../../devices/model/ids.ts";
import type { Installation } from "../../devices/model/installation.ts";
import { requestInstallation } from "../../devices/service/installations.ts";
import { loginAlert, type PcState, pc } from "./pc.ts";
import type { RawDevice } from "./raw-device.ts";
import type { SiteCore } from "./site-core.ts";

const MINUTE_MS = 60_000;

/** A Windows PC at a site, and an app that is distributed to it. */
export interface PcAtSite {
  readonly id: DeviceId;
  readonly raw: RawDevice;
  readonly state: PcState;
  readonly distribution: DistributionId;
}

/** A PC that said what it is and what is on it, and an app that was asked for unless it has it. */
export async function pcAtSite(
  core: SiteCore,
  had: Omit<PcState, "seen">,
  distribute: () => Promise<DistributionId>,
): Promise<PcAtSite> {
  const { id, raw } = await core.device("pc");
  const state: PcState = { seen: [], ...had };
  raw.alerts = loginAlert("user");
  const distribution = await distribute();
  await raw.session(pc(state));
  const { status } = await core.row(id, distribution);
  if (status !== "installed") await ask(core, id, distribution);
  return { id, raw, state, distribution };
}

export async function ask(
  core: SiteCore,
  device: DeviceId,
  distribution: DistributionId,
): Promise<void> {
  const key = { site: core.context.site, device, distribution };
  await requestInstallation(core.context, key, "test");
}

/** A later contact, and what the row says then. */
export async function contact(
  core: SiteCore,
  raw: RawDevice,
  state: PcState,
  id: DeviceId,
  distribution: DistributionId,
  afterMs = MINUTE_MS,
): Promise<Installation> {
  await core.advance(afterMs);
  await raw.session(pc(state));
  return core.row(id, distribution);
}
