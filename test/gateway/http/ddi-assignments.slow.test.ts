import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { addArtifact } from "../../../devices/service/ddi/management/catalogue.ts";
import { ManagementSite } from "../../harness/management-site.ts";

const RAUC = "rauc-hawkbit-c-agent/1.0";
const MINUTE_MS = 60_000;
const Deployment = z.looseObject({
  deployment: z.looseObject({
    download: z.string(),
    update: z.string(),
    maintenanceWindow: z.string().optional(),
    chunks: z.array(z.looseObject({ part: z.string(), name: z.string(), version: z.string() })),
  }),
});

/** A target with a set that is assigned to it. */
async function assigned(site: ManagementSite, more: object = {}, userAgent?: string) {
  const token = await site.makeTarget("kiosk-7");
  const set = await site.makeImage("image");
  const action = await site.assign(set, "kiosk-7", more);
  const device = site.device("kiosk-7", token, userAgent);
  return { set, action, device, path: `targets/kiosk-7/actions/${action}` };
}

async function jobOf(device: ReturnType<ManagementSite["device"]>): Promise<string> {
  const { deploymentBase = "" } = await device.poll();
  return deploymentBase;
}

async function bodyOf(device: ReturnType<ManagementSite["device"]>, path: string) {
  return Deployment.parse(await (await device.ask(path)).json()).deployment;
}

describe("an assignment", () => {
  test("is carried out, and its action says how it goes", async () => {
    await using site = await ManagementSite.open();
    const { set, action, device, path } = await assigned(site);
    expect(await site.want(200, "GET", path)).toMatchObject({
      id: action,
      type: "update",
      status: "pending",
      detailStatus: "running",
      active: true,
      forceType: "forced",
      createdBy: "admin",
      _links: { distributionset: { name: "image:1.0" }, target: { name: "kiosk-7" } },
    });
    expect(await site.want(200, "GET", "targets/kiosk-7")).toMatchObject({
      updateStatus: "pending",
    });
    const link = await jobOf(device);
    expect(link).toStartWith(`/deploymentBase/${action}?`);
    expect(await bodyOf(device, link)).toMatchObject({
      download: "forced",
      update: "forced",
      chunks: [
        {
          part: "os",
          name: "image",
          version: "1.0",
          artifacts: [{ filename: "app.swu", size: 9 }],
        },
      ],
    });
    const job = `/deploymentBase/${action}`;
    expect(await device.report(job, "proceeding", "none", ["50 %"])).toBe(200);
    expect(await device.report(job, "closed", "success", ["Update Installed."])).toBe(200);
    expect(await site.want(200, "GET", path)).toMatchObject({
      type: "update",
      status: "finished",
      detailStatus: "finished",
      active: false,
    });
    const { content, total } = await site.statuses("kiosk-7", action);
    expect(content[0]).toMatchObject({ type: "finished", messages: ["Update Installed."] });
    expect(content.map(({ type }) => type)).toEqual([
      "finished",
      "running",
      "retrieved",
      "running",
    ]);
    const oldest = await site.statuses("kiosk-7", action, "?offset=0&limit=1&sort=id:ASC");
    expect(oldest).toMatchObject({ total, size: 1, content: [content.at(-1)] });
    expect(await site.want(200, "GET", "targets/kiosk-7")).toMatchObject({
      updateStatus: "in_sync",
      installedAt: site.harness.nowMs,
    });
    expect(await site.want(200, "GET", "targets/kiosk-7/installedDS")).toMatchObject({ id: set });
    expect(await site.want(200, "GET", "targets/kiosk-7/assignedDS")).toMatchObject({ id: set });
  });

  test("of what is assigned already makes nothing; after a failure it is made anew", async () => {
    await using site = await ManagementSite.open();
    const { set, action, device } = await assigned(site);
    const again = () =>
      site.want(200, "POST", `distributionsets/${set}/assignedTargets`, [{ id: "kiosk-7" }]);
    expect(await again()).toMatchObject({ assignedActions: [], alreadyAssigned: 1, total: 1 });
    await device.poll();
    await device.report(`/deploymentBase/${action}`, "closed", "failure", ["no space"]);
    expect(await site.want(200, "GET", "targets/kiosk-7")).toMatchObject({ updateStatus: "error" });
    expect((await site.statuses("kiosk-7", action)).content[0]).toMatchObject({
      type: "error",
      messages: ["no space"],
    });
    const next = await site.assign(set, "kiosk-7");
    expect(next).toBeGreaterThan(action);
    const link = await jobOf(device);
    expect(link).toStartWith(`/deploymentBase/${next}?`);
    await device.report(`/deploymentBase/${next}`, "closed", "success");
    expect(await again()).toMatchObject({ alreadyAssigned: 1 });
    // One revision, two distributions of it.
    const policy = site.harness.context.policy.read();
    expect([policy.packages.size, policy.revisions.size, policy.distributions.length]).toEqual([
      1, 1, 2,
    ]);
  });

  test("that the device skips is not in sync, and may be made anew", async () => {
    await using site = await ManagementSite.open();
    const { set, action, device, path } = await assigned(site);
    await device.ask(await jobOf(device));
    await device.report(`/deploymentBase/${action}`, "closed", "success", ["Skipped Update."]);
    expect(await site.want(200, "GET", path)).toMatchObject({ active: false });
    expect(await site.want(200, "GET", "targets/kiosk-7")).toMatchObject({ updateStatus: "error" });
    await site.want(204, "GET", "targets/kiosk-7/assignedDS");
    expect(await site.assign(set, "kiosk-7")).toBeGreaterThan(action);
  });

  test("that was installed by other means is over", async () => {
    await using site = await ManagementSite.open();
    const { set, action, device, path } = await assigned(site);
    await device.ask(await jobOf(device));
    const said = await device.ask("/installedBase", "PUT", { name: "image", version: "1.0" });
    expect(said.status).toBe(201);
    expect(await site.want(200, "GET", path)).toMatchObject({
      active: false,
      detailStatus: "finished",
    });
    expect(await site.want(200, "GET", "targets/kiosk-7")).toMatchObject({
      updateStatus: "in_sync",
      installedAt: site.harness.nowMs,
    });
    expect(await site.want(200, "GET", "targets/kiosk-7/installedDS")).toMatchObject({ id: set });
    const links = await device.poll();
    expect(links).toHaveProperty("installedBase", `/installedBase/${action}`);
    expect(links).not.toHaveProperty("deploymentBase");
  });

  test("takes the place of what was assigned before, which the device is told to drop", async () => {
    await using site = await ManagementSite.open();
    const { action, device } = await assigned(site);
    await site.makeTarget("kiosk-8");
    const other = await site.makeImage("other");
    const next = await site.assign(other, "kiosk-7");
    expect(await site.want(200, "GET", `targets/kiosk-7/actions/${action}`)).toMatchObject({
      type: "cancel",
      status: "pending",
      detailStatus: "canceling",
    });
    expect(await device.poll()).toMatchObject({ cancelAction: `/cancelAction/${action}` });
    expect(await device.report(`/cancelAction/${action}`, "closed", "success")).toBe(200);
    expect(await jobOf(device)).toStartWith(`/deploymentBase/${next}?`);
    await device.report(`/deploymentBase/${next}`, "closed", "success");
    // What is there is not there any more once another set is: it is installed again.
    const first = await site.want(200, "GET", "distributionsets?sort=id:ASC&limit=1");
    const { content } = z
      .looseObject({ content: z.array(z.looseObject({ id: z.int() })) })
      .parse(first);
    const back = await site.assign(content[0]?.id ?? 0, "kiosk-7");
    expect(await jobOf(device)).toStartWith(`/deploymentBase/${back}?`);
  });

  test("that is asked for twice at once is made once", async () => {
    await using site = await ManagementSite.open();
    await site.makeTarget("kiosk-7");
    const set = await site.makeImage("image");
    const path = `distributionsets/${set}/assignedTargets`;
    const Counts = z.looseObject({ assigned: z.int(), alreadyAssigned: z.int() });
    const answers = await Promise.all(
      [1, 2, 3].map(async () =>
        Counts.parse(await site.want(200, "POST", path, [{ id: "kiosk-7" }])),
      ),
    );
    expect(answers.map(({ assigned }) => assigned).sort()).toEqual([0, 0, 1]);
    expect(answers.map(({ alreadyAssigned }) => alreadyAssigned).sort()).toEqual([0, 1, 1]);
    expect(await site.want(200, "GET", "targets/kiosk-7/actions")).toMatchObject({ total: 1 });
  });

  test("has every artifact that its modules took, or they take no more", async () => {
    await using site = await ManagementSite.open();
    await site.makeTarget("kiosk-7");
    for (let round = 0; round < 5; round++) {
      const module = await site.makeModule("image", `${round}`);
      await site.addArtifact(module, "app.swu", "first");
      const set = await site.makeSet("image", [module], `${round}`);
      const [first] = site.catalogue.module(module)?.artifacts ?? [];
      if (!first) throw new Error("no artifact");
      const more = { sha256: first.sha256, name: "more.swu", bytes: first.bytes };
      const [added] = await Promise.all([
        addArtifact(site.management, module, more, "me").then(
          () => true,
          () => false,
        ),
        turns(round).then(() => site.assign(set, "kiosk-7")),
      ]);
      const listed = await site.want(200, "GET", `softwaremodules/${module}/artifacts`);
      const chunks = [...site.harness.context.policy.read().revisions.values()].flatMap(
        ({ version, ddi }) => (version === `${round}` ? (ddi?.chunks ?? []) : []),
      );
      const count = added ? 2 : 1;
      expect([chunks[0]?.files.length, (listed as unknown[]).length]).toEqual([count, count]);
      expect((await site.addArtifact(module, "late.swu", "third")).status).toBe(423);
    }
  });

  test("of many targets is one distribution where their terms are the same", async () => {
    await using site = await ManagementSite.open();
    for (const name of ["a", "b", "c"]) await site.makeTarget(name);
    const set = await site.makeImage("image");
    const wanted = [{ id: "a" }, { id: "b" }, { id: "b" }, { id: "c", type: "soft" }];
    const answer = await site.want(200, "POST", `distributionsets/${set}/assignedTargets`, wanted);
    expect(answer).toMatchObject({ assigned: 3, alreadyAssigned: 0, total: 3 });
    const { distributions } = site.harness.context.policy.read();
    const sizes = distributions.map(({ target }) =>
      target.kind === "devices" ? target.devices.length : 0,
    );
    expect(sizes.sort()).toEqual([1, 2]);
    // One target is taken out of it; the others keep it.
    const Actions = z.looseObject({ content: z.array(z.looseObject({ id: z.int() })) });
    const listed = Actions.parse(await site.want(200, "GET", "targets/a/actions"));
    await site.want(204, "DELETE", `targets/a/actions/${listed.content[0]?.id}`);
    expect(await site.want(200, "GET", "targets/b/actions")).toMatchObject({
      content: [{ status: "pending", type: "update" }],
    });
  });

  test("says by its type how urgent it is, and may ask the user", async () => {
    await using site = await ManagementSite.open();
    const { action, device, path } = await assigned(site, {
      type: "soft",
      confirmationRequired: true,
    });
    expect(await site.want(200, "GET", path)).toMatchObject({
      forceType: "soft",
      detailStatus: "wait_for_confirmation",
    });
    const { confirmationBase = "" } = await device.poll();
    expect(confirmationBase).toStartWith(`/confirmationBase/${action}`);
    await device.ask(`/confirmationBase/${action}/feedback`, "POST", { confirmation: "confirmed" });
    expect(await bodyOf(device, await jobOf(device))).toMatchObject({
      download: "attempt",
      update: "attempt",
    });
  });

  test("to download only ends with the download", async () => {
    await using site = await ManagementSite.open();
    const { set, action, device, path } = await assigned(site, { type: "downloadonly" }, RAUC);
    const link = await jobOf(device);
    expect(await bodyOf(device, link)).toMatchObject({ download: "forced", update: "skip" });
    await device.report(`/deploymentBase/${action}`, "downloaded", "success");
    expect(await site.want(200, "GET", path)).toMatchObject({
      status: "finished",
      detailStatus: "downloaded",
      forceType: "downloadonly",
    });
    expect((await site.statuses("kiosk-7", action)).content[0]?.type).toBe("downloaded");
    expect(await device.poll()).not.toHaveProperty("deploymentBase");
    // To be installed it is assigned anew, by hawkBit's way: with another set.
    expect(await site.want(200, "GET", `distributionsets/${set}`)).toMatchObject({ locked: true });
  });
});

describe("a maintenance window", () => {
  /** From 12:10 to 12:20 UTC; it is 12:00 when tests begin. */
  const maintenanceWindow = {
    schedule: "15 10 14 ? * * 2026",
    duration: "00:10:00",
    timezone: "+02:00",
  };

  test("lets clients that wait fetch ahead, and install once it is open", async () => {
    await using site = await ManagementSite.open();
    const { action, device, path } = await assigned(site, { maintenanceWindow }, RAUC);
    expect(await site.want(200, "GET", path)).toMatchObject({
      maintenanceWindow: {
        ...maintenanceWindow,
        nextStartAt: site.harness.nowMs + 10 * MINUTE_MS + 15_000,
      },
    });
    const closed = await jobOf(device);
    expect(await bodyOf(device, closed)).toMatchObject({
      download: "forced",
      update: "skip",
      maintenanceWindow: "unavailable",
    });
    await device.report(`/deploymentBase/${action}`, "proceeding", "none", ["File checksum OK."]);
    site.harness.nowMs += 10 * MINUTE_MS + 14_000;
    expect(await jobOf(device)).toBe(closed);
    site.harness.nowMs += 1_000;
    const open = await jobOf(device);
    expect(open).not.toBe(closed);
    expect(await bodyOf(device, open)).toMatchObject({
      update: "forced",
      maintenanceWindow: "available",
    });
    await device.report(`/deploymentBase/${action}`, "closed", "success");
    expect(await site.want(200, "GET", path)).toMatchObject({ detailStatus: "finished" });
  });

  test("is when what is only downloaded is fetched", async () => {
    await using site = await ManagementSite.open();
    const terms = { type: "downloadonly", maintenanceWindow };
    const { action, device, path } = await assigned(site, terms, RAUC);
    expect(await device.poll()).not.toHaveProperty("deploymentBase");
    site.harness.nowMs += 10 * MINUTE_MS + 15_000;
    const open = await bodyOf(device, await jobOf(device));
    expect(open).toMatchObject({ download: "forced", update: "skip" });
    expect(open).not.toHaveProperty("maintenanceWindow");
    await device.report(`/deploymentBase/${action}`, "downloaded", "success");
    expect(await site.want(200, "GET", path)).toMatchObject({ detailStatus: "downloaded" });
  });

  test("hides the job from clients that would skip it, and its row says for what it waits", async () => {
    await using site = await ManagementSite.open();
    const { action, device } = await assigned(site, { maintenanceWindow });
    expect(await device.poll()).not.toHaveProperty("deploymentBase");
    const [distribution] = site.harness.context.policy.read().distributions;
    const view = await site.harness.context.store.findByAlias("ddi", "kiosk-7");
    const row = async () =>
      (await site.harness.context.store.view(view?.id as never))?.installations.find(
        (one) => one.distribution === distribution?.id,
      );
    const opensAtMs = site.harness.nowMs + 10 * MINUTE_MS + 15_000;
    expect(await row()).toMatchObject({ reason: "window", nextAttemptMs: opensAtMs });
    site.harness.nowMs = opensAtMs;
    expect(await jobOf(device)).toStartWith(`/deploymentBase/${action}?`);
    // It was not begun when the window closed: it is called back until the next one.
    site.harness.nowMs += 10 * MINUTE_MS;
    expect(await device.poll()).not.toHaveProperty("deploymentBase");
    expect(await row()).toMatchObject({ reason: "window", offeredAtMs: null });
    site.harness.nowMs = Date.parse("2027-01-01T00:00:00Z");
    await device.poll();
    expect(await row()).toMatchObject({ reason: "no-window", nextAttemptMs: null });
  });
});

describe("what cannot be honoured", () => {
  test("is refused, and nothing is assigned", async () => {
    await using site = await ManagementSite.open();
    await site.makeTarget("kiosk-7");
    const set = await site.makeImage("image");
    const path = `distributionsets/${set}/assignedTargets`;
    const window = { schedule: "0 0 22 ? * *", duration: "01:00:00", timezone: "+00:00" };
    const refusals: readonly (readonly [object, string])[] = [
      [{ type: "timeforced", forcetime: 1 }, "repo.constraintViolation"],
      [{ forcetime: 1_700_000_000_000 }, "repo.constraintViolation"],
      [{ weight: 1000 }, "repo.constraintViolation"],
      [
        { maintenanceWindow: { ...window, timezone: "Europe/Prague" } },
        "maintenanceScheduleInvalid",
      ],
      [{ maintenanceWindow: { ...window, duration: "2 hours" } }, "maintenanceScheduleInvalid"],
      [
        { maintenanceWindow: { ...window, schedule: "0 0 22 * * *" } },
        "maintenanceScheduleInvalid",
      ],
      [
        { maintenanceWindow: { ...window, schedule: "0 0 22 ? * * 2025" } },
        "maintenanceScheduleInvalid",
      ],
      [{ maintenanceWindow: { schedule: window.schedule } }, "repo.constraintViolation"],
    ];
    for (const [more, code] of refusals) {
      const answer = await site.want(400, "POST", path, [{ id: "kiosk-7", ...more }]);
      expect([more, answer]).toMatchObject([more, { errorCode: `hawkbit.server.error.${code}` }]);
    }
    await site.want(404, "POST", path, [{ id: "kiosk-7" }, { id: "nobody" }]);
    await site.want(404, "POST", "distributionsets/4711/assignedTargets", [{ id: "kiosk-7" }]);
    await site.want(400, "POST", `${path}?offline=true`, [{ id: "kiosk-7" }]);
    const empty = await site.makeModule("empty");
    const incomplete = await site.makeSet("incomplete", [empty]);
    expect(
      await site.want(400, "POST", `distributionsets/${incomplete}/assignedTargets`, [
        { id: "kiosk-7" },
      ]),
    ).toMatchObject({ errorCode: "hawkbit.server.error.distributionset.incomplete" });
    expect(site.harness.context.policy.read().distributions).toEqual([]);
    const { Authorization = "" } = await site.harness.token("viewer");
    site.password = Authorization.slice("Bearer ".length);
    await site.want(403, "POST", path, [{ id: "kiosk-7" }]);
  });

  test("is the change of what was assigned", async () => {
    await using site = await ManagementSite.open();
    const { set, action } = await assigned(site);
    const SetOf = z.looseObject({ modules: z.array(z.looseObject({ id: z.int() })) });
    const { modules } = SetOf.parse(await site.want(200, "GET", `distributionsets/${set}`));
    const module = modules[0]?.id ?? 0;
    expect((await site.addArtifact(module, "more.swu", "more")).status).toBe(423);
    const [artifact] = site.catalogue.module(module)?.artifacts ?? [];
    const path = `softwaremodules/${module}/artifacts/${artifact?.id}`;
    expect(await site.want(423, "DELETE", path)).toMatchObject({
      errorCode: "hawkbit.server.error.locked",
    });
    // Both may be taken away, and the action goes on.
    await site.want(204, "DELETE", `distributionsets/${set}`);
    await site.want(204, "DELETE", `softwaremodules/${module}`);
    await site.want(404, "GET", `distributionsets/${set}`);
    expect(await site.want(200, "GET", `targets/kiosk-7/actions/${action}`)).toMatchObject({
      status: "pending",
      _links: { distributionset: { name: "image:1.0" } },
    });
  });
});

test("a target that was removed comes back without what was assigned to it", async () => {
  await using site = await ManagementSite.open();
  const { set, action, device } = await assigned(site);
  await device.poll();
  await site.want(204, "DELETE", "targets/kiosk-7");
  expect((await device.ask("")).status).toBe(401);
  const token = await site.makeTarget("kiosk-7");
  expect(await site.want(200, "GET", "targets/kiosk-7")).toMatchObject({ updateStatus: "unknown" });
  const again = site.device("kiosk-7", token);
  expect(await again.poll()).not.toHaveProperty("deploymentBase");
  expect(await site.want(200, "GET", "targets/kiosk-7/actions")).toMatchObject({ total: 0 });
  await site.want(404, "GET", `targets/kiosk-7/actions/${action}`);
  const next = await site.assign(set, "kiosk-7");
  expect(next).toBeGreaterThan(action);
  expect(await jobOf(again)).toStartWith(`/deploymentBase/${next}?`);
});

test("a distribution that is made by other means may have a schedule as well", async () => {
  await using site = await ManagementSite.open();
  const { harness } = site;
  const headers = await harness.token("operator");
  await site.makeTarget("kiosk-7");
  await site.assign(await site.makeImage("image"), "kiosk-7");
  const [revision] = harness.context.policy.read().revisions.values();
  const schedule = { cron: "0 0 22 ? * *", durationSeconds: 3600, utcOffsetMinutes: 60 };
  const make = (more: object) =>
    harness.ask("POST", "/distributions", {
      headers,
      json: { package: revision?.package, mode: "on-demand", schedule, ...more },
    });
  const made = await make({ id: "nightly" });
  expect([made.status, await made.json()]).toMatchObject([201, { id: "nightly", schedule }]);
  expect((await make({ id: "nightly" })).status).toBe(200);
  for (const [more, pointer] of [
    [{ mode: "automatic" }, "/schedule"],
    [{ schedule: { ...schedule, cron: "at night" } }, "/schedule/cron"],
    [{ schedule: { ...schedule, durationSeconds: 86_400 } }, "/schedule/durationSeconds"],
    [{ schedule: { ...schedule, utcOffsetMinutes: 2_000 } }, "/schedule/utcOffsetMinutes"],
  ] as const) {
    const refused = await make(more);
    expect([refused.status, await refused.json()]).toMatchObject([422, { errors: [{ pointer }] }]);
  }
});

describe("a cancellation", () => {
  test("of what the device has not come for waits for it all the same", async () => {
    await using site = await ManagementSite.open();
    const { action, device, path } = await assigned(site);
    expect(await site.want(405, "DELETE", `${path}?force=true`)).toMatchObject({
      errorCode: "hawkbit.server.error.action.notForceQuitable",
    });
    await site.want(204, "DELETE", path);
    expect(await site.want(200, "GET", path)).toMatchObject({ type: "cancel", status: "pending" });
    expect(await site.want(405, "DELETE", path)).toMatchObject({
      errorCode: "hawkbit.server.error.action.notCancelable",
    });
    expect(await device.poll()).toMatchObject({ cancelAction: `/cancelAction/${action}` });
    expect((await device.ask(`/cancelAction/${action}`)).status).toBe(200);
    expect(
      await device.report(`/cancelAction/${action}`, "closed", "success", ["Action canceled."]),
    ).toBe(200);
    expect(await site.want(200, "GET", path)).toMatchObject({
      type: "cancel",
      status: "finished",
      detailStatus: "canceled",
    });
    expect((await site.statuses("kiosk-7", action)).content[0]).toMatchObject({
      type: "canceled",
      messages: ["Action canceled."],
    });
    expect(Object.keys(await device.poll())).toEqual(["configData"]);
  });

  test("that the device refuses leaves it its work", async () => {
    await using site = await ManagementSite.open();
    const { action, device, path } = await assigned(site);
    await device.ask(await jobOf(device));
    await device.report(`/deploymentBase/${action}`, "proceeding");
    await site.want(204, "DELETE", path);
    expect(await device.poll()).toHaveProperty("cancelAction");
    expect(await device.report(`/cancelAction/${action}`, "rejected")).toBe(200);
    expect(await site.want(200, "GET", path)).toMatchObject({ type: "update", status: "pending" });
    expect((await site.statuses("kiosk-7", action)).content[0]?.type).toBe("cancel_rejected");
    expect(await device.poll()).not.toHaveProperty("cancelAction");
    await device.report(`/deploymentBase/${action}`, "closed", "success", ["done"]);
    expect(await site.want(200, "GET", path)).toMatchObject({
      type: "update",
      status: "finished",
      detailStatus: "finished",
    });
  });

  test("by force closes it, and the device hears nothing more of it", async () => {
    await using site = await ManagementSite.open();
    const { set, action, device, path } = await assigned(site);
    await device.ask(await jobOf(device));
    await device.report(`/deploymentBase/${action}`, "proceeding");
    await site.want(204, "DELETE", path);
    await site.want(204, "DELETE", `${path}?force=true`);
    expect(await site.want(200, "GET", path)).toMatchObject({
      type: "cancel",
      status: "finished",
      detailStatus: "canceled",
    });
    expect((await site.statuses("kiosk-7", action)).content[0]).toMatchObject({ type: "canceled" });
    const links = await device.poll();
    expect(links).not.toHaveProperty("cancelAction");
    expect(links).not.toHaveProperty("deploymentBase");
    expect(await device.report(`/deploymentBase/${action}`, "proceeding")).toBe(410);
    await site.want(405, "DELETE", `${path}?force=true`);
    const next = await site.assign(set, "kiosk-7");
    expect(await jobOf(device)).toStartWith(`/deploymentBase/${next}?`);
  });

  test("by force does not undo what the device does all the same", async () => {
    await using site = await ManagementSite.open();
    const { action, device, path } = await assigned(site);
    await device.report(`/deploymentBase/${action}`, "proceeding");
    await site.want(204, "DELETE", path);
    await site.want(204, "DELETE", `${path}?force=true`);
    expect(await device.report(`/deploymentBase/${action}`, "closed", "success")).toBe(410);
    expect(await site.want(200, "GET", path)).toMatchObject({
      type: "update",
      status: "finished",
      detailStatus: "finished",
    });
    expect((await site.statuses("kiosk-7", action)).content[0]).toMatchObject({ type: "finished" });
    const target = await site.want(200, "GET", "targets/kiosk-7");
    expect(target).toMatchObject({ updateStatus: "in_sync", installedAt: site.harness.nowMs });
  });

  test("that the device has refused is asked for again, and may be forced then", async () => {
    await using site = await ManagementSite.open();
    const { action, device, path } = await assigned(site);
    await device.report(`/deploymentBase/${action}`, "proceeding");
    await site.want(204, "DELETE", path);
    await device.poll();
    await device.report(`/cancelAction/${action}`, "rejected");
    expect(await device.poll()).not.toHaveProperty("cancelAction");
    // What it says of the work meanwhile does not bring the order back.
    await device.report(`/deploymentBase/${action}`, "proceeding", "none", ["50 %"]);
    expect(await device.poll()).not.toHaveProperty("cancelAction");
    await site.want(204, "DELETE", path);
    expect(await device.poll()).toHaveProperty("cancelAction");
    expect(await site.want(200, "GET", path)).toMatchObject({ detailStatus: "canceling" });
    await site.want(204, "DELETE", `${path}?force=true`);
    expect(await site.want(200, "GET", path)).toMatchObject({ active: false });
  });

  test("is only of the target's own actions", async () => {
    await using site = await ManagementSite.open();
    const { action } = await assigned(site);
    await site.makeTarget("kiosk-8");
    await site.want(404, "GET", `targets/kiosk-8/actions/${action}`);
    await site.want(404, "DELETE", `targets/kiosk-8/actions/${action}`);
    await site.want(404, "GET", `targets/kiosk-8/actions/${action}/status`);
  });
});

/** Lets others go on for so many turns. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((go) => setImmediate(go));
}
