import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { ApiHarness } from "./api-harness.ts";
import { ScenarioKit } from "./scenario-kit.ts";

describe.each(["site", "hub"] as const)("backups over the API of a %s", (role) => {
  let harness: ApiHarness;
  let admin: ScenarioKit;
  beforeEach(async () => {
    harness = await ApiHarness.open({ role });
    admin = await ScenarioKit.of(harness);
  });
  afterEach(() => harness[Symbol.asyncDispose]());

  test("are made, listed newest first, and removed; the audit log says so", async () => {
    const monday = await admin.want(201, "POST", "/backups", { name: "monday" });
    expect(monday).toEqual({
      name: "monday",
      folder: expect.stringMatching(/\/backups\/monday$/),
      madeAt: new Date(harness.nowMs).toISOString(),
      bytes: 4_300_000,
      databases: [{ name: "site", bytes: 4_300_000, encrypted: true, files: 3 }],
    });
    const other = await admin.want(201, "POST", "/backups", {});
    const names = (await admin.want(200, "GET", "/backups")).map(
      ({ name }: { readonly name: string }) => name,
    );
    expect(names).toEqual([other.name, "monday"]);
    await admin.want(204, "DELETE", "/backups/monday");
    await admin.want(404, "DELETE", "/backups/monday");
    const log = await harness.deps.audit.list({ limit: 10 });
    expect(log.filter(({ action }) => action.startsWith("backup")).reverse()).toMatchObject([
      { action: "backup.create", subject: "monday", details: { folder: monday.folder } },
      { action: "backup.create", subject: other.name },
      { action: "backup.remove", subject: "monday" },
    ]);
  });

  test("go where the gateway keeps them: a path is no name, and no field", async () => {
    for (const name of ["../monday", "/etc", "a/b", "C:\\x", "", "Monday"]) {
      await admin.want(422, "POST", "/backups", { name });
    }
    for (const field of ["folder", "target", "path"]) {
      await admin.want(422, "POST", "/backups", { [field]: "/tmp/x" });
    }
    await admin.want(400, "DELETE", "/backups/..%2Fmonday");
    expect(await admin.want(200, "GET", "/backups")).toEqual([]);
  });

  test("a name that is taken is a conflict", async () => {
    await admin.want(201, "POST", "/backups", { name: "monday" });
    await admin.want(409, "POST", "/backups", { name: "monday" });
  });

  test("are an administrator's, or of a token that may do nothing else", async () => {
    const ask = async (headers: Record<string, string>, method: string, path: string) =>
      (await harness.ask(method, path, { headers, json: {} })).status;
    const operator = await harness.token("operator");
    expect(await ask(operator, "POST", "/backups")).toBe(403);
    const job = await harness.token("admin", "backups:write");
    expect(await ask(job, "POST", "/backups")).toBe(201);
    expect((await harness.ask("GET", "/settings", { headers: job })).status).toBe(403);
    const other = await harness.token("admin", "settings:write");
    expect(await ask(other, "POST", "/backups")).toBe(403);
  });
});
