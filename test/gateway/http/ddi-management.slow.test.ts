import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { z } from "zod";
import { ARTIFACTS_MAX, MODULES_MAX, SETS_MAX } from "../../../devices/model/ddi-catalogue.ts";
import { registerDevice } from "../../../devices/service/register-device.ts";
import { REMEMBERED_LOGINS_MAX } from "../../../gateway/http/basic-login.ts";
import {
  GATEWAY_TOKEN_MAX,
  GATEWAY_TOKEN_MIN,
} from "../../../gateway/http/management/config-keys.ts";
import {
  MANAGEMENT_BODY_BYTES_MAX,
  REQUEST_ITEMS_MAX,
} from "../../../protocols/ddi/management/requests.ts";
import { ManagementSite } from "../../harness/management-site.ts";

const REPOSITORY = "org.eclipse.hawkbit.repository.exception.";

describe("who asks", () => {
  test("proves it by name and password, or by an API token in the place of the password", async () => {
    await using site = await ManagementSite.open();
    const { harness } = site;
    await site.want(200, "GET", "targets");
    site.user = "DEFAULT\\admin";
    await site.want(200, "GET", "targets");
    site.password = "wrong";
    const refused = await site.ask("GET", "targets");
    expect([refused.status, await refused.text()]).toEqual([401, ""]);
    expect(refused.headers.get("www-authenticate")).toStartWith("Basic ");
    const { Authorization = "" } = await harness.token("viewer");
    site.user = "whoever";
    site.password = Authorization.slice("Bearer ".length);
    await site.want(200, "GET", "targets");
    expect(await site.want(403, "POST", "targets", [{ controllerId: "a" }])).toMatchObject({
      exceptionClass: `${REPOSITORY}InsufficientPermissionException`,
      errorCode: "hawkbit.server.error.insufficientPermission",
    });
    const nobody = await harness.ask("GET", "//rest/v1/targets");
    expect(nobody.status).toBe(401);
  });

  test("is slowed down who guesses, and a former password is worth nothing", async () => {
    await using site = await ManagementSite.open();
    const { accounts } = site.harness.deps;
    await site.want(200, "GET", "targets");
    const next = await accounts.resetPassword("admin");
    expect((await site.ask("GET", "targets")).status).toBe(401);
    site.password = next;
    // It was given by somebody else, and is to be changed first.
    expect((await site.ask("GET", "targets")).status).toBe(403);
    site.password = "guess";
    const answers: number[] = [];
    for (let n = 0; n < 8; n++) answers.push((await site.ask("GET", "targets")).status);
    expect(answers.at(-1)).toBe(429);
  });

  test("asks for many things and is in the audit log as logged in once", async () => {
    await using site = await ManagementSite.open();
    for (let n = 0; n < 5; n++) await site.want(200, "GET", "targets");
    const logged = await site.harness.deps.audit.list({ limit: 50 });
    expect(logged.filter(({ action }) => action === "login")).toHaveLength(1);
  });

  test("is remembered among so many; whoever is forgotten logs in again", async () => {
    await using site = await ManagementSite.open();
    const { accounts, audit } = site.harness.deps;
    const logins = async () =>
      (await audit.list({ limit: 1_000 })).filter(
        ({ action, subject }) => action === "login" && subject === "admin",
      ).length;
    const { user, password } = site;
    await site.want(200, "GET", "targets");
    for (let n = 1; n <= REMEMBERED_LOGINS_MAX; n++) {
      if (n === REMEMBERED_LOGINS_MAX) expect(await logins()).toBe(1);
      site.user = `person-${n}`;
      site.password = await accounts.add(site.user, "viewer");
      // It is to be changed first, but it is right.
      await site.want(403, "GET", "targets");
    }
    Object.assign(site, { user, password });
    await site.want(200, "GET", "targets");
    expect(await logins()).toBe(2);
  });

  test("is not a page of somebody else in a browser that knows the password", async () => {
    await using site = await ManagementSite.open();
    const headers = { "Sec-Fetch-Site": "cross-site" };
    expect((await site.ask("DELETE", "targets/a", { headers })).status).toBe(403);
  });
});

describe("settings of the tenant", () => {
  test("are those of the site by hawkBit's names", async () => {
    await using site = await ManagementSite.open();
    const set = (key: string, value: unknown) =>
      site.want(200, "PUT", `system/configs/${key}`, { value });
    await set("pollingTime", "00:00:30");
    await set("pollingOverdueTime", "00:03:00");
    await set("authentication.targettoken.enabled", true);
    await set("authentication.gatewaytoken.enabled", true);
    await set("authentication.gatewaytoken.key", "0123456789abcdef0123");
    await set("authentication.header.authority", "aa:bb, cc:dd");
    await set("anonymous.download.enabled", false);
    const { ddi } = site.harness.deps.settings.read();
    expect(ddi).toMatchObject({
      pollingTime: "00:00:30",
      pollingOverdueTime: "00:03:00",
      gatewayToken: true,
      authorities: ["aa:bb", "cc:dd"],
    });
    expect(await site.want(200, "GET", "system/configs/authentication.gatewaytoken.key")).toEqual({
      value: "0123456789abcdef0123",
      global: false,
      _links: {
        self: {
          href: "http://site.test/rest/v1/system/configs/authentication.gatewaytoken.key",
        },
      },
    });
    const all = z.record(z.string(), z.looseObject({ value: z.unknown() }));
    const listed = all.parse(await site.want(200, "GET", "system/configs"));
    expect(listed.pollingTime?.value).toBe("00:00:30");
    expect(Object.keys(listed)).not.toContain("authentication.gatewaytoken.key");
    await site.want(204, "DELETE", "system/configs/pollingTime");
    expect(site.harness.deps.settings.read().ddi.pollingTime).toBe("00:05:00");

    const { Authorization = "" } = await site.harness.token("operator");
    site.password = Authorization.slice("Bearer ".length);
    await site.want(403, "GET", "system/configs/authentication.gatewaytoken.key");
    await site.want(200, "GET", "system/configs/pollingTime");
    await site.want(403, "PUT", "system/configs/pollingTime", { value: "00:01:00" });
  });

  test("are refused by hawkBit's words", async () => {
    await using site = await ManagementSite.open();
    const wrong = async (key: string, value: unknown) =>
      z
        .looseObject({ errorCode: z.string() })
        .parse(await site.want(400, "PUT", `system/configs/${key}`, { value })).errorCode;
    const invalid = "hawkbit.server.error.configValueInvalid";
    expect(await wrong("pollingTime", "soon")).toBe(invalid);
    expect(await wrong("authentication.targettoken.enabled", "yes")).toBe(invalid);
    const key = "authentication.gatewaytoken.key";
    for (const value of [
      "x".repeat(GATEWAY_TOKEN_MIN - 1),
      "x".repeat(GATEWAY_TOKEN_MAX + 1),
      `${"x".repeat(GATEWAY_TOKEN_MIN)} y`,
      7,
    ]) {
      expect(await wrong(key, value)).toBe(invalid);
    }
    for (const length of [GATEWAY_TOKEN_MIN, GATEWAY_TOKEN_MAX]) {
      await site.want(200, "PUT", `system/configs/${key}`, { value: "x".repeat(length) });
    }
    expect(await wrong("anonymous.download.enabled", true)).toBe(invalid);
    expect(await wrong("rollout.approval.enabled", true)).toBe(
      "hawkbit.server.error.configKeyInvalid",
    );
    await site.want(400, "GET", "system/configs/__proto__");
  });
});

describe("targets", () => {
  test("are made with a token or get one, which tools may read again", async () => {
    await using site = await ManagementSite.open();
    const given = await site.makeTarget("kiosk-7", { securityToken: "ieHai3du7gee7aPhojeth4ong" });
    expect(given).toBe("ieHai3du7gee7aPhojeth4ong");
    const made = await site.makeTarget("kiosk-8", { description: "by the door" });
    expect(made).toHaveLength(32);
    expect(await site.want(200, "GET", "targets/kiosk-8")).toMatchObject({
      controllerId: "kiosk-8",
      name: "kiosk-8",
      description: "by the door",
      updateStatus: "unknown",
      securityToken: made,
      createdBy: "admin",
      requestAttributes: true,
      _links: { self: { href: "http://site.test/rest/v1/targets/kiosk-8" } },
    });
    expect(await site.want(204, "GET", "targets/kiosk-8/attributes")).toBeNull();
    const device = site.device("kiosk-8", made);
    await device.poll();
    await device.ask("/configData", "PUT", { data: { hw: "edge" } });
    expect(await site.want(200, "GET", "targets/kiosk-8/attributes")).toEqual({ hw: "edge" });
    expect(await site.want(200, "GET", "targets/kiosk-8")).toMatchObject({
      updateStatus: "registered",
      requestAttributes: false,
      pollStatus: {
        lastRequestAt: site.harness.nowMs,
        nextExpectedRequestAt: site.harness.nowMs + 300_000,
        overdue: false,
      },
    });
    site.harness.nowMs += 601_000;
    expect(await site.want(200, "GET", "targets/kiosk-8")).toMatchObject({
      pollStatus: { overdue: true },
    });
    const { Authorization = "" } = await site.harness.token("viewer");
    site.password = Authorization.slice("Bearer ".length);
    expect(await site.want(200, "GET", "targets/kiosk-8")).not.toHaveProperty("securityToken");
  });

  test("are listed page by page, go, and come back", async () => {
    await using site = await ManagementSite.open();
    for (const name of ["c", "a", "b"]) await site.makeTarget(name);
    const list = async (query: string) =>
      z
        .object({
          content: z.array(z.looseObject({ controllerId: z.string() })),
          total: z.int(),
          size: z.int(),
        })
        .parse(await site.want(200, "GET", `targets${query}`));
    const page = await list("?offset=1&limit=1");
    expect(page).toMatchObject({ content: [{ controllerId: "b" }], total: 3, size: 1 });
    const down = await list("?sort=controllerId:DESC");
    expect(down.content.map(({ controllerId }) => controllerId)).toEqual(["c", "b", "a"]);
    await site.want(400, "GET", "targets?sort=colour:DESC");
    await site.want(400, "GET", "targets?q=name==a");
    await site.want(409, "POST", "targets", [{ controllerId: "d" }, { controllerId: "a" }]);
    await site.want(404, "GET", "targets/d");
    await site.want(204, "DELETE", "targets/a");
    await site.want(404, "DELETE", "targets/a");
    expect((await list("")).total).toBe(2);
    const token = await site.makeTarget("a");
    expect(await site.device("a", token).poll()).toHaveProperty("configData");
  });

  test("are all made or none, whatever stands in the way of one", async () => {
    await using site = await ManagementSite.open();
    const { context } = site.harness;
    await registerDevice(context, { stableId: "pc", platform: "Windows" }, "test");
    await site.makeTarget("old", { securityToken: "0123456789" });
    for (const wanted of [
      [{ controllerId: "new" }, { controllerId: "pc" }],
      [{ controllerId: "new" }, { controllerId: "old" }],
      [{ controllerId: "new" }, { controllerId: "other", securityToken: "0123456789" }],
      [
        { controllerId: "new", securityToken: "9876543210" },
        { controllerId: "other", securityToken: "9876543210" },
      ],
    ]) {
      await site.want(409, "POST", "targets", wanted);
      await site.want(404, "GET", "targets/new");
      expect(site.catalogue.note("new")).toBeUndefined();
      expect(site.catalogue.note("pc")).toBeUndefined();
    }
    expect(await site.makeTarget("new")).not.toBe("");
  });

  test("that cannot be made as they are wanted are refused, with what is wrong", async () => {
    await using site = await ManagementSite.open();
    for (const wrong of [
      [],
      {},
      [{ name: "no id" }],
      [{ controllerId: "a/b" }],
      [{ controllerId: "a", securityToken: "short" }],
      [{ controllerId: "a", targetType: 4 }],
      [{ controllerId: "a", address: "amqp://x" }],
    ]) {
      expect(await site.want(400, "POST", "targets", wrong)).toMatchObject({
        exceptionClass: "jakarta.validation.ValidationException",
        errorCode: "hawkbit.server.error.repo.constraintViolation",
      });
    }
    const huge = [{ controllerId: "a", name: "x".repeat(MANAGEMENT_BODY_BYTES_MAX) }];
    expect((await site.ask("POST", "targets", { json: huge })).status).toBe(403);
    expect(await site.want(404, "GET", "targets/nobody")).toEqual({
      exceptionClass: `${REPOSITORY}EntityNotFoundException`,
      errorCode: "hawkbit.server.error.repo.entityNotFound",
      message: "there is no target nobody",
    });
    await site.want(404, "GET", "rollouts");
  });
});

describe("modules and sets", () => {
  test("have artifacts with their checksums", async () => {
    await using site = await ManagementSite.open();
    const module = await site.makeModule("image");
    const hash = (kind: string) => createHash(kind).update("bytes").digest("hex");
    const sums = `?sha256sum=${hash("sha256")}&md5sum=${hash("md5")}&sha1sum=${hash("sha1")}`;
    const answer = await site.addArtifact(module, "app.swu", "bytes", sums);
    expect(answer.status).toBe(201);
    expect(answer.headers.get("content-type")).toBe("application/hal+json");
    const artifact = z.looseObject({ id: z.int() }).parse(await answer.json());
    expect(artifact).toMatchObject({
      providedFilename: "app.swu",
      size: 5,
      hashes: { sha1: hash("sha1"), md5: hash("md5"), sha256: hash("sha256") },
    });
    const path = `softwaremodules/${module}/artifacts`;
    expect(await site.want(200, "GET", path)).toEqual([artifact]);
    expect(await site.want(200, "GET", `${path}/${artifact.id}`)).toEqual(artifact);
    const download = await site.ask("GET", `${path}/${artifact.id}/download`);
    expect(await download.text()).toBe("bytes");
    expect((await site.addArtifact(module, "app.swu", "other")).status).toBe(409);
    expect((await site.addArtifact(module, "b", "x", "?filename=app.swu")).status).toBe(409);
    expect((await site.addArtifact(module, "b", "")).status).toBe(400);
    expect((await site.addArtifact(module, "b", "x", `?md5sum=${hash("md5")}`)).status).toBe(400);
    expect((await site.addArtifact(module, "b", "x", `?sha1sum=${hash("md5")}`)).status).toBe(400);
    const sha256 = `?sha256sum=${hash("sha256")}`;
    expect((await site.addArtifact(module, "b", "x", sha256)).status).toBe(400);
    await site.want(400, "POST", path, { file: "no form" });
    const form = new FormData();
    form.set("filename", "b");
    form.set("file", new File(["x"], "a"));
    expect((await site.ask("POST", path, { body: form })).status).toBe(400);
    await site.want(204, "DELETE", `${path}/${artifact.id}`);
    await site.want(404, "GET", `${path}/${artifact.id}`);
    await site.want(404, "GET", "softwaremodules/99999999999999999");
  });

  test("are as many as there may be", async () => {
    await using site = await ManagementSite.open();
    const module = await site.makeModule("image");
    const form = (n: number) => site.addArtifact(module, `file-${n}`, "bytes");
    for (let n = 0; n < ARTIFACTS_MAX; n++) expect((await form(n)).status).toBe(201);
    const crowded = await form(ARTIFACTS_MAX);
    expect([crowded.status, await crowded.json()]).toMatchObject([
      403,
      { errorCode: "hawkbit.server.error.quota.tooManyEntries" },
    ]);
    const many = (path: string, first: number, count: number) =>
      site.ask("POST", path, {
        json: Array.from({ length: count }, (_, n) => ({
          name: `${first + n}`,
          version: "1",
          type: "os",
        })),
      });
    for (const [path, max, there] of [
      ["softwaremodules", MODULES_MAX, 1],
      ["distributionsets", SETS_MAX, 0],
    ] as const) {
      for (let made = there; made < max; made += REQUEST_ITEMS_MAX) {
        const answer = await many(path, made, Math.min(REQUEST_ITEMS_MAX, max - made));
        expect(answer.status).toBe(201);
      }
      expect((await many(path, max, 1)).status).toBe(403);
      expect(await site.want(200, "GET", `${path}?limit=1`)).toMatchObject({ total: max, size: 1 });
    }
  });

  test("are made, listed and taken away", async () => {
    await using site = await ManagementSite.open();
    const os = await site.makeModule("system");
    const app = await site.makeModule("shop", "2.0", "application");
    await site.want(409, "POST", "softwaremodules", [
      { name: "new", version: "1", type: "os" },
      { name: "system", version: "1.0", type: "os" },
    ]);
    await site.want(400, "POST", "softwaremodules", [
      { name: "a", version: "1", type: "firmware" },
    ]);
    const set = await site.makeSet("release", [os, app], "1.0", "os_app");
    expect(await site.want(200, "GET", `distributionsets/${set}`)).toMatchObject({
      id: set,
      name: "release",
      version: "1.0",
      type: "os_app",
      complete: false,
      locked: false,
      modules: [
        { id: os, type: "os" },
        { id: app, type: "application" },
      ],
    });
    const unfit = { name: "b", version: "1", type: "os", modules: [{ id: app }] };
    expect(await site.want(400, "POST", "distributionsets", [unfit])).toMatchObject({
      errorCode: "hawkbit.server.error.distributionset.modules.unsupported",
    });
    const missing = { name: "b", version: "1", type: "os", modules: [{ id: 4711 }] };
    await site.want(404, "POST", "distributionsets", [missing]);
    // A module that a set names is kept for it, and its name is free.
    await site.want(204, "DELETE", `softwaremodules/${app}`);
    await site.want(404, "GET", `softwaremodules/${app}`);
    expect(await site.makeModule("shop", "2.0", "application")).toBeGreaterThan(set);
    expect(await site.want(200, "GET", "softwaremodules?sort=name:DESC")).toMatchObject({
      content: [{ name: "system" }, { name: "shop" }],
      total: 2,
    });
    await site.want(204, "DELETE", `distributionsets/${set}`);
    expect(await site.want(200, "GET", "distributionsets")).toEqual({
      content: [],
      total: 0,
      size: 0,
    });
    expect(site.catalogue.module(app)).toBeUndefined();
    expect(site.catalogue.module(os)?.deleted).toBe(false);
  });
});
