import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { sampleCab } from "../../../gateway/demo/packages/sample-cab.ts";
import {
  PRODUCT_CODE,
  sampleMsi,
  UPGRADE_CODE,
} from "../../../gateway/demo/packages/sample-msi.ts";
import {
  type ConsoleFixture,
  FIXTURE_PASSWORD,
  formHeaders,
  openConsole,
} from "../../harness/console-fixture.ts";
import { readPage } from "./read-page.ts";

const FORM = { "content-type": "application/x-www-form-urlencoded" };

describe("login", () => {
  test("sets the session's cookie and goes on to the page that was asked for", async () => {
    await using console_ = await openConsole({ devices: 0 });
    const response = await logIn(console_, {
      name: "admin",
      password: FIXTURE_PASSWORD,
      to: "/apps",
    });
    expect([response.status, response.headers.get("location")]).toEqual([303, "/apps"]);
    const cookie = response.headers.get("set-cookie") ?? "";
    expect(cookie).toContain("HttpOnly");
    const page = await console_.get("/apps", { cookie: cookie.split(";")[0] ?? "" });
    expect(page.status).toBe(200);
  });

  test.each(["//evil.example/", "https://evil.example/", "/\\evil.example", "javascript:alert(1)"])(
    "never leads elsewhere: %p",
    async (to) => {
      await using console_ = await openConsole({ devices: 0 });
      const response = await logIn(console_, { name: "admin", password: FIXTURE_PASSWORD, to });
      expect(response.headers.get("location")).toBe("/");
    },
  );

  test("says what is wrong, then asks to wait, and tells it to the audit log", async () => {
    await using console_ = await openConsole({ devices: 0 });
    const wrong = { name: "admin", password: "not the password", to: "" };
    const first = await readPage(await logIn(console_, wrong));
    expect([first.status, first.text.includes("The name or the password is wrong")]).toEqual([
      401,
      true,
    ]);
    expect(first.html).toContain('value="admin"');
    expect(first.html).not.toContain("not the password");
    for (let attempt = 0; attempt < 4; attempt++) await logIn(console_, wrong);
    const blocked = await logIn(console_, { ...wrong, password: FIXTURE_PASSWORD });
    expect([blocked.status, blocked.headers.get("retry-after")]).toEqual([429, "1"]);
    expect((await readPage(blocked)).text).toContain("too many wrong passwords".slice(1));
    const log = await readPage(await console_.get("/audit?action=login.failed"));
    // What has to wait is not looked at, and cannot fill the disk.
    expect(log.html.match(/<tr id="audit-/g)?.length).toBe(5);
  });

  test("is refused when another site sends the form", async () => {
    await using console_ = await openConsole({ devices: 0 });
    const response = await console_.app.request("/login", {
      method: "POST",
      body: new URLSearchParams({ name: "admin", password: FIXTURE_PASSWORD }),
      headers: { ...FORM, "sec-fetch-site": "cross-site" },
    });
    expect([response.status, response.headers.get("set-cookie")]).toEqual([403, null]);
  });

  test("with a one-time password allows nothing but choosing one's own", async () => {
    await using console_ = await openConsole({ devices: 0 });
    const password = await console_.deps.accounts.add("marta", "admin");
    const response = await logIn(console_, { name: "marta", password, to: "/apps" });
    expect(response.headers.get("location")).toBe("/password");
    const cookie = (response.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    expect((await console_.get("/apps", { cookie })).headers.get("location")).toBe("/password");

    const page = await readPage(await console_.get("/password", { cookie }));
    const csrf = /name="_csrf" value="([^"]+)"/.exec(page.html)?.[1] ?? "";
    const change = (repeated: string) => {
      const body = new URLSearchParams({
        _csrf: csrf,
        currentPassword: password,
        newPassword: "a sentence of my own",
        repeatedPassword: repeated,
      });
      const headers = { ...formHeaders(body), cookie };
      return console_.app.request("/password", { method: "POST", body: body.toString(), headers });
    };
    const differing = await readPage(await change("another sentence"));
    expect([differing.status, differing.text.includes("the two new passwords differ")]).toEqual([
      422,
      true,
    ]);
    expect((await change("a sentence of my own")).headers.get("location")).toBe("/");
    expect((await console_.get("/apps", { cookie })).status).toBe(200);
  });

  test("ends with the logout", async () => {
    await using console_ = await openConsole({ devices: 0 });
    const response = await console_.post("/logout", {});
    expect(response.headers.get("location")).toBe("/login");
    expect((await console_.get("/apps")).status).toBe(303);
  });
});

describe("a form", () => {
  test.each(["application/json", "application/octet-stream", "multipart/form-data", "text/plain"])(
    "that comes as %s is refused, and is no mistake of ours",
    async (type) => {
      await using console_ = await openConsole({ devices: 0 });
      const headers = { "content-type": type };
      const response = await console_.app.request("/login", {
        method: "POST",
        body: "a=b",
        headers,
      });
      expect(response.status).toBe(400);
      expect((await readPage(response)).text).toContain("send it from its page");
    },
  );

  test("is no longer than a form, whatever it says it is", async () => {
    await using console_ = await openConsole({ devices: 0 });
    const response = await console_.app.request("/login", {
      method: "POST",
      body: new Uint8Array(1024 * 1024 + 1),
      headers: { "content-type": "application/octet-stream", "content-length": "1048577" },
    });
    expect(response.status).toBe(413);
  });

  test("without the session's own token is refused, and does nothing", async () => {
    await using console_ = await openConsole({ devices: 0 });
    const body = new URLSearchParams({ name: "Night", start: "2026-11-22T22:00", hours: "4" });
    const headers = { ...FORM, cookie: console_.cookie };
    const response = await console_.app.request("/windows/new", { method: "POST", body, headers });
    expect(response.status).toBe(403);
    expect((await readPage(response)).text).toContain("does not come from a page of this gateway");
    expect(console_.deps.policy.read().windows).toEqual([]);
  });

  test("is not for those whose role does not reach", async () => {
    await using console_ = await openConsole({ devices: 20, as: "viewer" });
    for (const path of [
      "/windows/new",
      "/installations/retry",
      "/settings/local",
      "/enrolment/codes",
    ]) {
      expect([path, (await console_.post(path, {})).status]).toEqual([path, 403]);
    }
  });

  test("that is too large is refused as a page", async () => {
    await using console_ = await openConsole({ devices: 0 });
    const response = await console_.post("/groups/new", { devices: "x".repeat(1024 * 1024) });
    expect([response.status, response.headers.get("content-type")]).toEqual([
      413,
      "text/html; charset=UTF-8",
    ]);
  });
});

describe("retry", () => {
  test("takes the chosen rows and says how many", async () => {
    await using console_ = await openConsole({ devices: 60 });
    const failed = failedRows(console_);
    const done = console_.data.rows.find(({ status }) => status === "installed");
    const ids = [...failed.slice(0, 3), done].map((row) => idOf(row));
    const response = await console_.post("/installations/retry", {
      id: ids,
      rows: "chosen",
      filter: "bucket:failed",
    });
    expect(response.headers.get("location")).toBe("/installations?filter=bucket%3Afailed");
    const cookie = `${console_.cookie}; ${(response.headers.get("set-cookie") ?? "").split(";")[0]}`;
    const page = await readPage(
      await console_.get("/installations?filter=bucket%3Afailed", { cookie }),
    );
    expect(page.total).toBe(failed.length - 3);
    expect(page.text).toContain("3 rows will be tried again. 1 row not: only failed work");
    const again = await readPage(await console_.get("/installations?filter=bucket%3Afailed"));
    expect(again.text).not.toContain("will be tried again");
  });

  test("takes every failed row of a filter, and only of it", async () => {
    await using console_ = await openConsole({ devices: 60 });
    const others = failedRows(console_).filter(({ platform }) => platform !== "Windows");
    await console_.post("/installations/retry", { rows: "all", filter: "platform:windows" });
    const page = await readPage(await console_.get("/installations?filter=bucket%3Afailed"));
    expect(page.total).toBe(others.length);
  });

  test("of nothing chosen does nothing", async () => {
    await using console_ = await openConsole({ devices: 20 });
    const response = await console_.post("/installations/retry", { rows: "chosen", filter: "" });
    expect(decodeURIComponent(response.headers.get("set-cookie") ?? "")).toContain(
      "No row was chosen",
    );
  });

  test("of one row comes from its own page, where its history is", async () => {
    await using console_ = await openConsole({ devices: 60 });
    const row = console_.data.rows.find(({ status }) => status === "failed");
    const path = `/installations/${idOf(row)}`;
    const before = await readPage(await console_.get(path));
    expect(before.text).toMatch(/0x800[78][0-9A-F]{4} \(-\d+\)/);
    expect(before.html.match(/<li class="[^"]*" id="fact-/g)?.length).toBe(5);
    expect(before.text).toContain("Came late: kept as history only");
    expect((await console_.post(`${path}/retry`, {})).headers.get("location")).toBe(path);
    expect((await readPage(await console_.get(path))).text).toContain("Pending Install");
  });

  test("of on-demand work is a request", async () => {
    await using console_ = await openConsole({ devices: 60 });
    const row = console_.data.rows.find(({ reason }) => reason === "available-on-demand");
    const path = `/installations/${idOf(row)}`;
    expect((await readPage(await console_.get(path))).text).toContain("Install on demand");
    expect((await console_.post(`${path}/request`, {})).status).toBe(303);
    expect((await readPage(await console_.get(path))).text).toContain("It was asked for");
  });
});

describe("at the hub", () => {
  test("a site's override is revoked with a button, once; the list is found by site and state", async () => {
    await using console_ = await openConsole({ role: "hub", devices: 3 });
    const page = async (query = "") => readPage(await console_.get(`/overrides${query}`));
    const first = await page();
    expect(first.text).toContain("50 of 75 rows");
    expect(first.links.map(({ href }) => href)).toContain("/hub/overrides?cursor=50");
    expect((await page("?cursor=50")).text).toContain("25 of 75 rows");
    expect((await page("?state=overtaken")).text).toContain("its newer decision holds");
    const path = "/overrides/prague/distribution/d-point-of-sale/revoke";
    expect((await console_.post(path, {})).status).toBe(303);
    const revoked = await page("?site=prague&state=revoked");
    expect(revoked.text).toContain("Point of Sale (d-point-of-sale)");
    expect(revoked.text).toContain("Revoked already");
    expect((await console_.post("/overrides/oslo/window/none/revoke", {})).status).toBe(404);
    const [entry] = await console_.deps.audit.list({ limit: 1 });
    expect(entry).toMatchObject({
      action: "override.revoke",
      subject: "prague/distribution/d-point-of-sale",
    });
    await using viewer = await openConsole({ role: "hub", devices: 3, as: "viewer" });
    expect((await viewer.get("/overrides")).status).toBe(200);
    expect((await viewer.post(path, {})).status).toBe(403);
  });

  test("frames in quarantine are listed, explained, and saved by an administrator", async () => {
    await using console_ = await openConsole({ role: "hub", devices: 3 });
    const page = async (path: string) => readPage(await console_.get(path));
    expect((await page("")).text).toContain("frames of sites failed a check this week");
    const list = await page("/quarantine");
    expect(list.text).toContain("50 of 64 rows");
    expect(list.text).toContain("The journal went on behind it");
    expect(list.text).toContain("Records that were not taken");
    expect((await page("/quarantine?site=brno")).text).not.toContain("Oslo, Harbour");
    const id = `f${"0".repeat(31)}`;
    expect((await page(`/quarantine/${id}`)).text).toContain("Save the bytes");
    const bytes = await console_.get(`/quarantine/${id}/frame`);
    expect(bytes.headers.get("content-disposition")).toContain("attachment");
    expect(await bytes.text()).toBe("OPF1 the bytes");
    const other = `f${"0".repeat(30)}1`;
    expect((await page(`/quarantine/${other}`)).text).toContain("Its bytes were not kept");
    expect((await console_.get(`/quarantine/${other}/frame`)).status).toBe(404);
    expect((await console_.get("/quarantine/none")).status).toBe(404);
    await using operator = await openConsole({ role: "hub", devices: 3, as: "operator" });
    expect((await operator.get(`/quarantine/${id}/frame`)).status).toBe(403);
    expect((await operator.post(`/quarantine/${id}/dismiss`, {})).status).toBe(403);
    expect((await operator.post(`/quarantine/${id}/take`, {})).status).toBe(403);
    expect((await console_.post(`/quarantine/${id}/dismiss`, {})).status).toBe(303);
    expect((await page("/quarantine")).text).toContain("50 of 63 rows");
    expect((await console_.post(`/quarantine/${id}/dismiss`, {})).status).toBe(404);
    expect((await readPage(await operator.get(`/quarantine/${id}`))).text).toContain(
      "the bytes hold what the site reported",
    );
  });
});

describe("backups", () => {
  test.each(["site", "hub"] as const)(
    "are made and removed with a button at a %s",
    async (role) => {
      await using console_ = await openConsole({ role, devices: 0 });
      const page = async () => readPage(await console_.get("/settings/backups"));
      expect((await page()).text).toContain("No backup was made yet");
      expect((await console_.post("/settings/backups", {})).status).toBe(303);
      const made = await page();
      expect(made.text).toContain("/var/lib/outpost/data/backups/backup-1");
      expect(made.text).toContain("encrypted, lists 3 files");
      expect((await console_.post("/settings/backups/backup-1/remove", {})).status).toBe(303);
      expect((await console_.post("/settings/backups/backup-1/remove", {})).status).toBe(404);
      const log = await console_.deps.audit.list({ limit: 5 });
      expect(log.map(({ action }) => action)).toEqual(["backup.remove", "backup.create"]);
      await using operator = await openConsole({ role, devices: 0, as: "operator" });
      expect((await operator.post("/settings/backups", {})).status).toBe(403);
    },
  );
});

describe("a site's keys", () => {
  test("are changed with a button each, and the page says what holds and what waits", async () => {
    await using console_ = await openConsole({ devices: 3 });
    const page = async () => readPage(await console_.get("/settings/keys"));
    expect((await readPage(await console_.get("/settings"))).html).toContain("/settings/keys");
    expect((await page()).text).toContain("the first start");
    expect((await console_.post("/settings/keys/hub", {})).status).toBe(303);
    const waiting = await page();
    expect(waiting.text).toContain("they wait until the hub has heard of them");
    expect(waiting.html).toMatch(/<button[^>]*disabled[^>]*>\s*Make new keys/);
    const links = { formerLinksHours: "24" };
    expect((await console_.post("/settings/keys/device-links", links)).status).toBe(303);
    expect((await page()).text).toContain("its links are good until they expire, at most");
    const wrong = { formerLinksHours: "1000" };
    const refused = await readPage(await console_.post("/settings/keys/device-links", wrong));
    expect(refused.status).toBe(422);
    expect(refused.text).toContain("0 to 168 hours");
    const log = await console_.deps.audit.list({ limit: 5 });
    expect(log.map(({ action, subject }) => [action, subject])).toEqual([
      ["keys.rotate", "device-links"],
      ["keys.rotate", "hub-keys"],
    ]);
  });

  test("are nobody's but an administrator's, and no hub's", async () => {
    await using viewer = await openConsole({ devices: 0, as: "operator" });
    expect((await viewer.get("/settings/keys")).status).toBe(403);
    expect((await viewer.post("/settings/keys/hub", {})).status).toBe(403);
    await using hub = await openConsole({ role: "hub", devices: 0 });
    expect((await hub.get("/settings/keys")).status).toBe(404);
  });
});

describe("the settings of Mender's clients", () => {
  test("are a box to tick: saved, shown, written down, and only an administrator's", async () => {
    await using console_ = await openConsole({ devices: 0 });
    const isTicked = async () =>
      /name="autoAccept"[^>]*checked/.test((await readPage(await console_.get("/settings"))).html);
    expect(await isTicked()).toBe(false);
    for (const [form, expected] of [
      [{ autoAccept: "yes" }, true],
      [{}, false],
    ] as const) {
      const saved = await console_.post("/settings/mender", { ...form });
      expect([saved.status, saved.headers.get("location")]).toEqual([303, "/settings"]);
      expect(console_.deps.settings.read().mender).toEqual({ autoAccept: expected });
      expect(await isTicked()).toBe(expected);
    }
    const log = await console_.deps.audit.list({ limit: 5 });
    expect(log.map(({ action }) => action)).toEqual(["settings.mender", "settings.mender"]);
    await using operator = await openConsole({ devices: 0, as: "operator" });
    expect((await operator.post("/settings/mender", { autoAccept: "yes" })).status).toBe(403);
    expect(operator.deps.settings.read().mender).toEqual({ autoAccept: false });
  });
});

describe("a file that is uploaded", () => {
  const send = async (
    console_: Awaited<ReturnType<typeof openConsole>>,
    name: string,
    body: Uint8Array<ArrayBuffer>,
  ) => {
    const answer = await console_.app.request(`/files/upload?name=${name}`, {
      method: "POST",
      body,
      headers: {
        cookie: console_.cookie,
        "x-csrf-token": console_.csrf,
        "content-type": "application/octet-stream",
      },
    });
    return (await answer.json()) as { sha256: string; found: string; notices: string[] };
  };

  test("tells at once what was found, on its page more, and fills in a version's form", async () => {
    await using console_ = await openConsole({ devices: 0 });
    const files = [{ name: "till.exe", bytes: 12, version: "1.2.3.4" }];
    const { sha256, found, notices } = await send(console_, "shop.msi", sampleMsi({ files }));
    expect([found, notices.length]).toEqual([
      "It is a Windows Installer package (MSI): Käse Shop 1.2.3.",
      1, // Its cabinet lies beside it.
    ]);
    const { html } = await readPage(await console_.get(`/files/${sha256}`));
    for (const text of [PRODUCT_CODE, UPGRADE_CODE, "Käse Shop", "till.exe", "1.2.3.4"]) {
      expect(html).toContain(text);
    }
    const form = await readPage(await console_.get(`/apps/new?file=${sha256}`));
    expect(form.html).toContain(`value="${PRODUCT_CODE}"`);
    expect(form.html).toContain('value="1.2.3"');
  });

  test("says what is wrong with it", async () => {
    await using console_ = await openConsole({ devices: 0 });
    const cut = sampleCab({ folders: [[{ path: "a", content: "a" }]] }).slice(0, 50);
    const { sha256, found, notices } = await send(console_, "a.cab", cut);
    expect(found).toBe("");
    expect(notices).toEqual([expect.stringContaining("begins like a cabinet (CAB), but is no")]);
    const { html } = await readPage(await console_.get(`/files/${sha256}`));
    expect(html).toContain("begins like a cabinet");
    expect((await console_.get(`/files/${"0".repeat(64)}`)).status).toBe(404);
  });
});

describe("making things", () => {
  test("an app with its first version, a window, a group, and a distribution of them", async () => {
    await using console_ = await openConsole({ devices: 0 });
    const { policy } = console_.deps;
    const uploaded = await console_.app.request("/files/upload?name=pos.xap", {
      method: "POST",
      body: "the bytes",
      headers: {
        cookie: console_.cookie,
        "x-csrf-token": console_.csrf,
        "content-type": "application/octet-stream",
      },
    });
    const { sha256 } = (await uploaded.json()) as { sha256: string };
    expect(sha256).toBe(new Bun.CryptoHasher("sha256").update("the bytes").digest("hex"));
    expect((await readPage(await console_.get(`/apps/new?file=${sha256}`))).html).toContain(
      `value="${sha256}" selected`,
    );

    await console_.post("/apps/new", {
      name: "Point of Sale",
      platform: "Windows",
      productId: "b316008a-141d-4a79-810f-8b764c4cfdfb",
      version: "2.0.0.0",
      channel: "EnterpriseAppManagement",
      file: sha256,
    });
    const [app] = policy.read().packages.values();
    expect(app).toMatchObject({
      id: "point-of-sale",
      productId: "{B316008A-141D-4A79-810F-8B764C4CFDFB}",
    });
    const [revision] = policy.read().revisions.values();
    expect(revision?.file).toEqual({ sha256: sha256 as never, name: "pos.xap", bytes: 9 });

    await console_.post("/groups/new", { name: "Tills", kind: "filter", filter: "name:till-*" });
    await console_.post("/windows/new", {
      name: "Every night",
      start: "2026-11-22T22:00",
      hours: "4",
      minutes: "30",
      repeats: "weekly",
      days: ["MO", "FR"],
      scope: "group",
      group: "Tills",
    });
    expect(policy.read().windows[0]).toMatchObject({
      id: "every-night",
      recurrence: "FREQ=WEEKLY;BYDAY=MO,FR",
      durationMinutes: 270,
      scope: { kind: "group", group: "Tills" as never },
      timeZone: null,
      enabled: true,
    });

    const made = await console_.post("/distributions/new", {
      revision: revision?.id ?? "",
      target: "group",
      group: "Tills",
      mode: "automatic",
      updateOnly: "yes",
      question: " Install it now? ",
    });
    const [distribution] = policy.read().distributions;
    expect(distribution).toMatchObject({
      target: { kind: "group", group: "Tills" as never },
      mode: "automatic",
      updateOnly: true,
      allowDowngrade: false,
      question: "Install it now?",
    });
    expect(made.headers.get("location")).toBe(`/distributions/${distribution?.id}`);

    await console_.post(`/distributions/${distribution?.id}/stop`, {});
    expect(policy.read().distributions[0]?.stoppedAtMs).toBe(console_.deps.now());
    const log = await readPage(await console_.get("/audit"));
    for (const action of ["package.create", "group.create", "window.create", "distribution.stop"]) {
      expect(log.text).toContain(action);
    }
  });

  test("the default certificate subject is refused as the API refuses it", async () => {
    await using console_ = await openConsole({ devices: 0 });
    const page = await readPage(
      await console_.post("/settings/enterprise", {
        platforms: "Windows 10 Mobile",
        certificateSearchCriteria: "Subject=CN%3DB1C43CD0-1624-5FBB-8E54-34CF17DFD3A1\\x00",
      }),
    );
    expect([page.status, page.text.includes("every device has by default")]).toEqual([422, true]);
  });

  test("enterprise settings are written field by field, so that the others follow the hub", async () => {
    await using console_ = await openConsole({ devices: 0 });
    const { policy, author } = console_.deps;
    const unchanged = { platforms: policy.read().enterprise.platforms.join("\n") };
    await console_.post("/settings/enterprise", unchanged);
    await console_.post("/settings/enterprise", { ...unchanged, enterpriseId: "4000000001" });
    const { written } = author as unknown as { written: readonly unknown[] };
    expect(written).toEqual([
      { kind: "setting", id: "enterprise", body: { enterpriseId: "4000000001" } },
    ]);
  });

  test("vendors' servers are saved line by line, and a version may name one's file", async () => {
    await using console_ = await openConsole({ devices: 12 });
    const origins = "https://CONTOSO.com\nhttp://mirror.corp.example:8080 private\n";
    await console_.post("/settings/content-origins", { origins });
    expect(console_.deps.settings.read().contentOrigins).toEqual([
      { origin: "https://contoso.com", privateAddresses: false },
      { origin: "http://mirror.corp.example:8080", privateAddresses: true },
    ]);
    const wrong = await readPage(
      await console_.post("/settings/content-origins", { origins: "https://contoso.com/apps" }),
    );
    expect([wrong.status, wrong.text.includes("is not scheme and host")]).toEqual([422, true]);

    const app = [...console_.deps.policy.read().packages.values()].find(
      ({ platform }) => platform === "Windows",
    );
    const version = {
      version: "9.0.0.0",
      channel: "EnterpriseAppManagement",
      file: "",
      sourceUrl: "https://contoso.com/apps/a.xap",
    };
    await console_.post(`/apps/${app?.id}/revisions/new`, version);
    const { written } = console_.deps.author as unknown as { written: { body: object }[] };
    expect(written.at(-1)?.body).toMatchObject({
      file: null,
      source: { url: "https://contoso.com/apps/a.xap", sha256: null, fetchedBy: "site" },
    });
  });

  test("secrets are shown once, and never in the audit log", async () => {
    await using console_ = await openConsole({ devices: 12 });
    const code = await readPage(
      await console_.post("/enrolment/codes", { note: "Till 9", days: "7" }),
    );
    const shown = /<output[^>]*>([^<]+)<\/output>/.exec(code.html)?.[1] ?? "";
    expect(shown).toMatch(/^[a-z0-9]{4}(-[a-z0-9]{4})+$/);
    const token = await readPage(
      await console_.post("/settings/tokens", { name: "Export", role: "viewer", days: "30" }),
    );
    const text = /<output[^>]*>(outpost_[^<]+)<\/output>/.exec(token.html)?.[1] ?? "";
    expect(await console_.deps.tokens.authenticate(text)).toMatchObject({ name: "Export" });
    for (const path of ["/enrolment", "/settings/tokens", "/audit"]) {
      const page = await readPage(await console_.get(path));
      expect(page.text).toMatch(/Till 9|Export/);
      expect(page.html).not.toContain(shown);
      expect(page.html).not.toContain(text);
    }
    const [stored] = (await console_.deps.site?.codes.list()) ?? [];
    expect(stored?.note).toBe("Till 9");
    expect(JSON.stringify(stored)).not.toContain(shown);
  });

  test("a device's page makes a code that only this device may use", async () => {
    await using console_ = await openConsole({ devices: 12 });
    const [device] = console_.data.devices;
    if (!device) throw new Error("no device");
    const page = await readPage(await console_.post(`/devices/${device.id}/enrolment-code`, {}));
    expect(page.html).toMatch(/<output[^>]*>[a-z0-9]{4}(-[a-z0-9]{4})+</);
    const [stored] = (await console_.deps.site?.codes.list()) ?? [];
    expect(stored).toMatchObject({ stableId: device.stableId, template: "{}", usedAtMs: null });
    const list = await readPage(await console_.get("/enrolment"));
    expect(list.text).toContain(`only for ${device.stableId}`);
  });

  test("what Windows PCs are told is set, and what is out of bounds comes back", async () => {
    await using console_ = await openConsole({ devices: 0 });
    const { windowsEnrolment } = console_.deps.settings.read();
    const sent = {
      host: "EnterpriseEnrollment.contoso.com",
      certificateDays: "90",
      renewalDays: "30",
      firstPollCount: "5",
      firstPollMinutes: "3",
      pollMinutes: "480",
    };
    const path = "/enrolment/windows/settings";
    for (const [wrong, words] of [
      [{ host: "https://contoso.com/" }, "a host name such as"],
      [{ certificateDays: "29" }, "a whole number from 30 to 730"],
      [{ renewalDays: "90" }, "fewer days than the certificate holds"],
      [{ pollMinutes: "" }, "a whole number from 3 to 1440"],
    ] as const) {
      const page = await readPage(await console_.post(path, { ...sent, ...wrong }));
      expect([page.status, page.text.includes(words)]).toEqual([422, true]);
    }
    expect(console_.deps.settings.read().windowsEnrolment).toEqual(windowsEnrolment);
    expect((await console_.post(path, sent)).status).toBe(303);
    expect(console_.deps.settings.read().windowsEnrolment).toEqual({
      host: "EnterpriseEnrollment.contoso.com",
      certificateDays: 90,
      renewalDays: 30,
      firstPollCount: 5,
      firstPollMinutes: 3,
      pollMinutes: 480,
      pollOnLogin: false,
    });
    const page = await readPage(await console_.get("/enrolment/windows"));
    expect(page.text).toContain(
      "https://EnterpriseEnrollment.contoso.com/EnrollmentServer/Discovery.svc",
    );
    expect(page.text).toContain("It is not made yet");
  });

  test("the authority is made once, and renewed", async () => {
    await using console_ = await openConsole({ devices: 0 });
    const made = () => console_.deps.site?.certificates.authorities();
    await console_.post("/enrolment/windows/authority/make", {});
    await console_.post("/enrolment/windows/authority/make", {});
    expect(made()).toHaveLength(1);
    await console_.post("/enrolment/windows/authority/renew", {});
    expect(made()).toHaveLength(2);
    expect((await readPage(await console_.get("/enrolment/windows"))).text).toContain("Former one");
    const log = await readPage(await console_.get("/audit"));
    expect(log.text.match(/certificate-authority\.make/g)).toHaveLength(1);
    expect(log.text).toContain("certificate-authority.renew");
  });

  test("a device's certificate is taken back on its page", async () => {
    await using console_ = await openConsole({ devices: 12 });
    const [device] = console_.data.devices;
    const before = await readPage(await console_.get(`/devices/${device?.id}`));
    expect(before.text).toContain("anna@contoso.com");
    expect((await console_.post("/certificates/5ad0c1/revoke", {})).status).toBe(303);
    const after = await readPage(await console_.get(`/devices/${device?.id}`));
    expect([before, after].map(({ text }) => text.includes("Taken back"))).toEqual([false, true]);
    expect((await console_.post("/certificates/00/revoke", {})).status).toBe(404);
    expect((await readPage(await console_.get("/audit"))).text).toContain("certificate.revoke");
  });

  test("a device that knocked is approved, and leaves the list", async () => {
    await using console_ = await openConsole({ devices: 12 });
    const key = { protocol: "oma-dm", externalId: "urn:imei:490154203237518" };
    expect((await readPage(await console_.get("/enrolment"))).text).toContain(key.externalId);
    const page = await readPage(await console_.post("/enrolment/knocks/approve", key));
    expect(page.text).toContain("secret-of-the-device");
    expect((await console_.post("/enrolment/knocks/approve", key)).status).toBe(404);
  });

  test("a site joins by a code, and is revoked", async () => {
    await using console_ = await openConsole({ role: "hub", devices: 12 });
    const page = await readPage(
      await console_.post("/sites/join-codes", { site: "berlin-1", name: "Berlin", hours: "24" }),
    );
    expect(page.text).toContain("join-me-once-please");
    const list = await readPage(await console_.get("/sites"));
    expect(list.text).toContain("Berlin");
    expect(list.html).not.toContain("join-me-once-please");
    await console_.post("/sites/oslo/revoke", {});
    expect((await readPage(await console_.get("/sites"))).text).toContain("Revoked already");
  });

  test("the hub sends nobody's device anything", async () => {
    await using console_ = await openConsole({ role: "hub", devices: 40 });
    const response = await console_.post("/installations/retry", { rows: "all", filter: "" });
    expect(response.status).toBe(409);
    const row = console_.data.rows.find(({ status }) => status === "failed");
    const page = await readPage(await console_.get(`/installations/${idOf(row)}`));
    expect(page.text).toContain("Done at the site: open the console of");
  });
});

describe("what the API would not take", () => {
  const LONG = "x".repeat(300);
  test.each([
    ["/devices/new", "site", { stableId: LONG, platform: "Windows" }, "stableId"],
    ["/devices/new", "site", { stableId: "a\u0001", platform: "Windows" }, "stableId"],
    ["/devices/new", "site", { stableId: "a", platform: "Windows", name: LONG }, "name"],
    ["/devices/new", "site", { stableId: "a", platform: "Windows", osMajor: "ten" }, "osMajor"],
    ["/devices/new", "site", { stableId: "", platform: "Symbian" }, "stableId"],
    ["/enrolment/codes", "site", { note: LONG, days: "7" }, "note"],
    ["/enrolment/codes", "site", { stableId: LONG, days: "7" }, "stableId"],
    ["/enrolment/codes", "site", { name: LONG, days: "7" }, "name"],
    ["/sites/join-codes", "hub", { site: "graz", name: LONG, hours: "24" }, "name"],
  ] as const)("is not taken from %s either, at the %s: %j", async (path, role, form, field) => {
    await using console_ = await openConsole({ devices: 0, role });
    const response = await console_.post(path, form);
    expect(response.status).toBe(422);
    expect((await readPage(response)).html).toContain(`id="wrong-${field}"`);
  });

  test("a device's facts are held to the same limits", async () => {
    await using console_ = await openConsole({ devices: 1 });
    const device = console_.data.devices[0]?.id;
    const response = await console_.post(`/devices/${device}/edit`, { name: "a", model: LONG });
    expect([response.status, (await readPage(response)).html.includes('id="wrong-model"')]).toEqual(
      [422, true],
    );
    const account = { scheme: "site", certificateSubject: "x".repeat(2_000) };
    expect((await console_.post(`/devices/${device}/oma-dm`, account)).status).toBe(422);
  });

  test("a code or a token lives as long as the form offers, whatever was sent", async () => {
    await using console_ = await openConsole({ devices: 0 });
    await console_.post("/enrolment/codes", { note: "n", days: "1e12" });
    const [code] = (await console_.deps.site?.codes.list()) ?? [];
    expect(code?.expiresAtMs).toBe(console_.deps.now() + 7 * 24 * 3_600_000);
    await console_.post("/settings/tokens", { name: "t", role: "viewer", days: "1e12" });
    const [token] = await console_.deps.tokens.list();
    expect(token?.expiresAtMs).toBe(console_.deps.now() + 365 * 24 * 3_600_000);
  });

  test("a code that was used is not taken back", async () => {
    await using console_ = await openConsole({ devices: 0 });
    const response = await console_.post("/enrolment/codes/nothing/remove", {});
    expect(response.status).toBe(404);
  });
});

describe("a wrong field", () => {
  // One gateway for all: what is wrong must leave it as it was.
  let console_: ConsoleFixture;
  beforeAll(async () => {
    console_ = await openConsole({ devices: 12 });
  });
  afterAll(() => console_[Symbol.asyncDispose]());

  const WRONG: readonly (readonly [string, Record<string, string>, string, string])[] = [
    ["/apps/new", { name: "", platform: "Windows" }, "name", "give it a name"],
    ["/apps/new", { name: "X", platform: "Windows", productId: "12" }, "productId", "a GUID"],
    ["/apps/new", { name: "X", platform: "iOS", id: "Not An Id" }, "id", "small letters"],
    [
      "/apps/new",
      { name: "X", platform: "iOS", version: "1", channel: "EnterpriseAppManagement" },
      "channel",
      "is for Windows, not for iOS",
    ],
    [
      "/apps/new",
      {
        name: "X",
        platform: "Windows",
        version: "1",
        channel: "EnterpriseDesktopAppManagement",
        productCode: "tools",
        timeoutMinutes: "60",
        retryCount: "3",
        retryIntervalMinutes: "5",
      },
      "productCode",
      "a GUID",
    ],
    [
      "/apps/new",
      {
        name: "X",
        platform: "Windows",
        version: "1",
        channel: "EnterpriseDesktopAppManagement",
        retryCount: "often",
      },
      "retryCount",
      "a whole number",
    ],
    [
      "/apps/new",
      {
        name: "X",
        platform: "Windows",
        version: "1",
        channel: "EnterpriseModernAppManagement",
        deploymentOptions: "0",
        familyName: "Contoso",
      },
      "familyName",
      "a package family name",
    ],
    ["/windows/new", { name: "N", start: "someday", hours: "4" }, "start", "local date and time"],
    [
      "/windows/new",
      { name: "N", start: "2026-11-22T22:00", hours: "4", timeZone: "Mars/Base" },
      "timeZone",
      "no IANA time zone",
    ],
    ["/windows/new", { name: "N", scope: "group", group: "None" }, "group", "choose a group"],
    ["/groups/new", { name: "A/B", kind: "list" }, "name", "letters, digits"],
    ["/groups/new", { name: "A", kind: "filter", filter: "colour:red" }, "filter", "character 1"],
    ["/distributions/new", { revision: "none" }, "revision", ""],
    ["/devices/new", { platform: "Windows", stableId: "" }, "stableId", "own id"],
    ["/settings/local", { siteName: "X", timeZone: "Nowhere/At_All" }, "timeZone", "time zone"],
    [
      "/settings/enterprise",
      { platforms: "Windows 10 Mobile", enterpriseId: "*" },
      "enterpriseId",
      "any name",
    ],
    [
      "/apps/point-of-sale/revisions/new",
      {
        version: "9",
        channel: "EnterpriseAppManagement",
        sourceUrl: "https://evil.example/a.xap",
      },
      "sourceUrl",
      "not on the list of origins",
    ],
    [
      "/apps/point-of-sale/revisions/new",
      {
        version: "9",
        channel: "EnterpriseAppManagement",
        sourceUrl: "https://contoso.com/a.xap",
        sourceSha256: "abc",
      },
      "sourceSha256",
      "64 hexadecimal digits",
    ],
    ["/settings/administrators", { name: "a b" }, "name", "use letters"],
    ["/settings/tokens", { name: "", role: "viewer" }, "name", "give it a name"],
  ];

  test.each(WRONG)("%s with %p says so at the field %s", async (path, form, field, words) => {
    const before = console_.deps.policy.read().version;
    const page = await readPage(await console_.post(path, form));
    expect(page.status).toBe(422);
    const control = page.elements.find(
      ({ attributes }) => attributes.get("id") === `field-${field}`,
    );
    expect(control?.attributes.get("aria-invalid")).toBe("true");
    expect(control?.attributes.get("aria-describedby")).toContain(`wrong-${field}`);
    expect(page.text).toContain(words);
    // What was typed is still there.
    for (const { name, attributes } of page.elements) {
      const typed = form[attributes.get("name") ?? ""];
      if (name !== "input" || typed === undefined) continue;
      expect(attributes.get("value")).toBe(typed);
    }
    expect(console_.deps.policy.read().version).toBe(before);
  });
});

interface Posting {
  readonly name: string;
  readonly password: string;
  readonly to: string;
}

async function logIn(console_: ConsoleFixture, { name, password, to }: Posting): Promise<Response> {
  return console_.app.request("/login", {
    method: "POST",
    body: new URLSearchParams({ name, password, to }),
    headers: FORM,
  });
}

function failedRows({ data }: ConsoleFixture) {
  return data.rows.filter(({ status }) => status === "failed" || status === "upgrade_failed");
}

function idOf(
  row:
    | { readonly site: string; readonly distribution: string; readonly device: string }
    | undefined,
): string {
  if (!row) throw new Error("the fixture has no such row");
  return `${row.site}.${row.distribution}.${row.device}`;
}
