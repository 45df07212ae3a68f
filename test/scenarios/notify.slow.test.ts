import { describe, expect, test } from "bun:test";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { CALM } from "../../devices/simulator/behaviour.ts";
import type { SimulatedDevice } from "../../devices/simulator/device.ts";
import { hearDatagrams } from "../../gateway/cli/hear-datagrams.ts";
import type { SettingKey } from "../../gateway/config/settings.ts";
import { enrolFleet } from "../../gateway/demo/branch.ts";
import { Rows, Scenario } from "../harness/scenario.ts";
import { settled } from "../harness/settled.ts";

const SETTLE_MS = 10_000;
const PROGRAM = fileURLToPath(new URL("../harness/send-datagram.ts", import.meta.url));
const Notified = z.looseObject({ sessionId: z.string() });
const Devices = z.looseObject({ rows: z.array(z.looseObject({ id: z.string() })) });

const WAYS: readonly (readonly [string, Partial<Record<SettingKey, string>>])[] = [
  ["a datagram", { notifyBy: "udp" }],
  [
    "a program of the administrator's",
    {
      notifyBy: "command",
      notifyCommand: JSON.stringify([process.execPath, PROGRAM, "{address}", "{push}"]),
    },
  ],
];

/** A started site calls a simulated device over the network of this machine. */
describe("a site calls a device", () => {
  test.each(WAYS)(
    "by %s: it comes for the session it was called for, once",
    async (_, settings) => {
      await using site = await Scenario.start({ role: "site", settings });
      await site.prepare();
      using datagrams = await hearDatagrams("127.0.0.1:0");
      const begun: string[] = [];
      const fleet = await enrolFleet(
        { client: site.api, url: site.url },
        {
          ...{ count: 1, seed: 1, prefix: "called", behaviour: CALM, startMs: 0 },
          mix: { wary: 1 },
          listensAt: datagrams.address,
          fetch: async (url, init) => {
            const body = String(
              init.body === undefined ? "" : Buffer.from(await new Response(init.body).bytes()),
            );
            const id = /<SessionID>(.*?)<\/SessionID><MsgID>1</.exec(body)?.[1];
            if (id !== undefined) begun.push(`${id} ${/<Data>(120[01])</.exec(body)?.[1]}`);
            return fetch(url, { ...init, body: body === "" ? undefined : body });
          },
        },
      );
      const [device] = fleet.devices as readonly SimulatedDevice[];
      const { rows } = await site.api.request("/api/v1/devices", Devices);
      const id = rows[0]?.id ?? "";
      const next = () =>
        settled("a datagram came", SETTLE_MS, async () => {
          const [datagram] = datagrams.take();
          return datagram;
        });

      const call = () =>
        site.api.request(`/api/v1/devices/${id}/notify`, Notified, { method: "POST" });
      const { sessionId } = await call();
      const first = await next();
      expect((await call()).sessionId).toBe(sessionId);
      const second = await next();
      for (const datagram of [first, second, first]) await fleet.hear(datagram, site.gateway.nowMs);
      expect(begun).toEqual([`${sessionId} 1200`]);

      // On-demand work that is asked for calls its device too.
      await site.gateway.advance(11 * 60_000);
      const distribution = await site.distribute("1.0.0.0", {
        target: { kind: "device", device: id },
      });
      await site.request(id, distribution);
      const step = await fleet.hear(await next(), site.gateway.nowMs);
      expect(step).toMatchObject({ sessions: 1, problems: {} });
      expect(begun).toHaveLength(2);
      expect(begun[1]).toEndWith(" 1200");
      const { rows: work } = await site.api.request(
        `/api/v1/installations?filter=device:${id}`,
        Rows,
      );
      expect(work).toMatchObject([{ status: "pending_install", reason: "contact" }]);
      expect([...(device?.state.downloads.values() ?? [])]).toMatchObject([{ version: "1.0.0.0" }]);
    },
    90_000,
  );
});
