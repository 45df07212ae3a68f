import { expect, test } from "bun:test";
import { z } from "zod";
import { AutoPhone } from "../harness/auto-phone.ts";
import { contentIsHere, phones, SETTLE_MS, startBranch, untilEqual } from "../harness/branch.ts";
import { RawDevice } from "../harness/raw-device.ts";
import { settled } from "../harness/settled.ts";

const NOW = "2026-03-07T12:00:00.000Z";
const MINUTE_MS = 60_000;

const Code = z.looseObject({ code: z.string(), stableId: z.string().nullable() });
const Device = z.looseObject({ incarnation: z.number(), name: z.string() });

test("a re-imaged device enrols anew with a code for it, with the hub and without, and both reports agree", async () => {
  const branch = await startBranch(NOW);
  await using hub = branch.hub;
  await using line = branch.line;
  await using site = branch.site;
  const [before] = await phones(site, 1);
  if (!before) throw new Error("no phone");
  const distribution = await hub.distribute("1.0.0.0");
  await settled("the site knows the distribution", SETTLE_MS, async () =>
    (await site.rows(`distribution:${distribution}`)).length === 1 ? true : undefined,
  );
  await contentIsHere(site);

  const install = async (phone: AutoPhone) => {
    await site.request(phone.id, distribution);
    for (let contact = 0; contact < 4; contact++) {
      await site.gateway.advance(MINUTE_MS);
      await phone.contact();
    }
    expect((await site.row(phone.id, distribution)).status).toBe("installed");
  };
  const reimaged = async (phone: AutoPhone) => {
    const { deviceId } = phone.raw.options;
    const { code } = await site.api.request("/api/v1/enrolment-codes", Code, {
      method: "POST",
      json: { note: "re-imaged", stableId: deviceId },
    });
    const raw = new RawDevice({ ...phone.raw.options, password: code });
    expect((await raw.open()).statuses[0]?.code).toBe(212);
    expect((await phone.raw.open()).statuses[0]?.code).toBe(401);
    const row = await site.row(phone.id, distribution);
    expect(row).toMatchObject({ status: "pending_install", version: null, attempt: 1 });
    return new AutoPhone(phone.id, raw);
  };
  const life = async () =>
    (await site.api.request(`/api/v1/devices/${before.id}`, Device)).incarnation;

  await install(before);
  await untilEqual(branch);
  const first = await life();
  const second = await reimaged(before);
  expect(await life()).toBe(first + 1024);
  await untilEqual(branch);
  await install(second);

  line.cut();
  const third = await reimaged(second);
  expect(await life()).toBe(first + 1024 + 1);
  await install(third);
  line.heal();
  const rows = await untilEqual(branch);
  expect(rows).toEqual([expect.stringContaining(" installed App is installed 1.0.0.0 ")]);
  const there = await hub.api.request(`/api/v1/devices/${before.id}`, Device);
  expect(there).toMatchObject({ incarnation: first + 1025, name: "phone-0" });
}, 60_000);
