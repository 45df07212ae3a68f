import { createHash } from "node:crypto";
import type { Distribution } from "../../devices/model/distribution.ts";
import type { DeviceId, DistributionId, RevisionId, Sha256 } from "../../devices/model/ids.ts";
import { registerDevice } from "../../devices/service/register-device.ts";
import { type DeviceOptions, SimulatedDevice } from "../../devices/simulator/device.ts";
import { planFleet } from "../../devices/simulator/fleet-plan.ts";
import { PROFILES, type Profile, type ProfileName } from "../../devices/simulator/profiles.ts";
import { decodeMessage } from "../../protocols/syncml/decode-message.ts";
import { parseDocument } from "../../protocols/syncml/encoding.ts";
import type { Message } from "../../protocols/syncml/message.ts";
import type { SiteCore } from "./site-core.ts";

/** A message of a simulated device as it went over the line. */
export interface Sent {
  readonly contentType: string;
  /** As characters up to U+00FF. */
  readonly body: string;
  readonly bytes: number;
  readonly mac: string | null;
  readonly message: Message;
}

export interface Simulated {
  readonly id: DeviceId;
  readonly device: SimulatedDevice;
  readonly sent: readonly Sent[];
  readonly answers: readonly { readonly bytes: number; readonly message: Message }[];
}

/** What every app is made of here: it begins as packages do. */
const CONTENT = `PK${"x".repeat(5_000)}`;

/** Distributes a version of an app (P1 unless said otherwise) whose file is what devices get here: they check its digest. */
export async function distributeContent(
  core: SiteCore,
  version: string,
  options: Partial<Distribution> = {},
  app?: { readonly id: string; readonly productId: string },
): Promise<DistributionId> {
  const id = await core.distribute(version, options, app);
  const sha256 = createHash("sha256").update(CONTENT).digest("hex") as Sha256;
  core.content.add(sha256);
  const revision = core.policy.revisions.get(
    core.policy.distributionsById.get(id)?.revision as RevisionId,
  );
  if (!revision?.file) throw new Error("the revision has no file");
  const changed = { ...revision, file: { ...revision.file, sha256 } };
  await core.change({ revisions: new Map([...core.policy.revisions, [revision.id, changed]]) });
  return id;
}

/** A simulated device of one kind that is registered with a site; content is whatever it asks for. */
export async function simulatedAt(
  core: SiteCore,
  kind: ProfileName,
  options: Partial<DeviceOptions> & { readonly mutual?: boolean; readonly seed?: number } = {},
): Promise<Simulated> {
  const { mutual, seed = 1, ...more } = options;
  const [plan] = planFleet(1, seed, { mix: { [kind]: 1 }, prefix: kind });
  if (plan === undefined) throw new Error("no device was planned");
  const profile: Profile = { ...PROFILES[kind], ...options.change };
  const { stableId, name, manufacturer, model } = plan;
  const { osPlatform, osVersion } = profile;
  const registered = await registerDevice(
    core.context,
    {
      ...{ stableId, name, platform: "Windows" },
      ...{ manufacturer, model, osPlatform, osVersion },
      osMajor: Number(osVersion.split(".")[0]),
      mutual: mutual ?? profile.demands !== null,
    },
    "test",
  );
  const sent: Sent[] = [];
  const answers: { bytes: number; message: Message }[] = [];
  const { server } = registered;
  const device = new SimulatedDevice(
    plan,
    {
      serverUrl: "http://site.test/syncml",
      userName: registered.userName ?? "",
      password: registered.password ?? "",
      server:
        server === null ? undefined : { userName: server.serverId, password: server.password },
    },
    {
      startMs: core.nowMs,
      fetch: async (url, init) => {
        if (url.includes("/content/")) {
          return new Response(CONTENT, { headers: { etag: '"1"' } });
        }
        const bytes = await new Response(init.body).bytes();
        const headers = new Headers(init.headers);
        sent.push({
          contentType: headers.get("content-type") ?? "",
          body: Buffer.from(bytes).toString("latin1"),
          bytes: bytes.length,
          mac: headers.get("x-syncml-hmac"),
          message: decodeMessage(parseDocument(bytes, profile.encoding)),
        });
        const answer = await core.fetch(url, { ...init, body: bytes });
        if (answer.status === 200) {
          const got = await answer.clone().bytes();
          const message = decodeMessage(parseDocument(got, profile.encoding));
          answers.push({ bytes: got.length, message });
        }
        return answer;
      },
      ...more,
    },
  );
  return { id: registered.device.id, device, sent, answers };
}
