import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import type { DistributionId, SiteId } from "../../../devices/model/ids.ts";
import { notesOn } from "../../../gateway/http/routes/distribution-checks.ts";
import { NewDistributionSchema } from "../../../gateway/http/schemas/policy.ts";
import { SiteCore } from "../../harness/site-core.ts";
import { ApiHarness } from "./api-harness.ts";
import { type Json, jsonOf, ScenarioKit } from "./scenario-kit.ts";

const P1 = "{B316008A-141D-4A79-810F-8B764C4CFDFB}";
let harness: ApiHarness;
let kit: ScenarioKit;
beforeAll(async () => {
  harness = await ApiHarness.open();
  kit = await ScenarioKit.of(harness);
});
afterAll(() => harness[Symbol.asyncDispose]());

const pointersOf = (problem: Json) => problem.errors.map(({ pointer }: Json) => pointer).sort();

async function upload(text: string, name = "app.xap"): Promise<Json> {
  const { headers } = kit;
  const answer = await harness.ask("POST", `/files?name=${name}`, { headers, body: text });
  return answer.json();
}

describe("packages and revisions", () => {
  test("a POST with an id can be repeated; another record under the id is refused", async () => {
    const json = { id: "pos", name: "Point of sale", platform: "Windows", productId: P1 };
    await kit.want(201, "POST", "/packages", json);
    await kit.want(200, "POST", "/packages", json);
    await kit.want(409, "POST", "/packages", { ...json, name: "Other" });
    const made = await kit.want(201, "POST", "/packages", {
      name: "Žluťoučký Kůň 2!",
      platform: "iOS",
    });
    expect(made.id).toBe("zlutoucky-kun-2");
    const strange = await kit.want(201, "POST", "/packages", { name: "日本", platform: "iOS" });
    expect(strange.id).toMatch(/^[0-9a-f-]{36}$/);
  });

  test("a product's GUID is kept in one spelling, and has to be one", async () => {
    const guid = "{0000000A-0000-4000-8000-00000000000A}";
    const json = { id: "guid", name: "G", platform: "Windows", productId: guid.toLowerCase() };
    expect((await kit.want(201, "POST", "/packages", json)).productId).toBe(guid);
    const wrong = await kit.want(422, "POST", "/packages", { ...json, id: "g2", productId: "{1}" });
    expect(pointersOf(wrong)).toEqual(["/productId"]);
    await kit.want(422, "POST", "/packages", { ...json, id: "g3", platform: "iOS" });
  });

  test("a product is one package: the next version of it is a revision", async () => {
    const productId = "{0000000B-0000-4000-8000-00000000000B}";
    const json = { id: "first", name: "First", platform: "Windows", productId };
    await kit.want(201, "POST", "/packages", json);
    const second = { ...json, id: "second", productId: productId.toLowerCase().slice(1, -1) };
    const problem = await kit.want(422, "POST", "/packages", second);
    expect(problem.errors).toMatchObject([
      { pointer: "/productId", detail: "the package first is this product: make a revision of it" },
    ]);
    const { id: _, ...fields } = json;
    expect(pointersOf(await kit.want(422, "PUT", "/packages/third", fields))).toEqual([
      "/productId",
    ]);
    await kit.want(200, "PUT", "/packages/first", { ...fields, name: "Renamed" });
  });

  test("an edit is guarded by the record's tag", async () => {
    await kit.want(201, "PUT", "/packages/tagged", { name: "One", platform: "iOS" });
    const read = await harness.ask("GET", "/packages/tagged", { headers: kit.headers });
    const match = read.headers.get("ETag") ?? "";
    const put = (name: string, more: Record<string, string>) =>
      harness.ask("PUT", "/packages/tagged", {
        headers: { ...kit.headers, ...more },
        json: { name, platform: "iOS" },
      });
    expect((await put("Two", { "If-Match": match })).status).toBe(200);
    const late = await put("Three", { "If-Match": match });
    expect(late.status).toBe(412);
    expect(await jsonOf(late)).toMatchObject({ code: "precondition-failed" });
    expect((await put("Four", { "If-None-Match": "*" })).status).toBe(412);
    expect((await kit.want(200, "GET", "/packages/tagged")).name).toBe("Two");
  });

  test("a revision is of a file that was uploaded; its channel follows from it", async () => {
    await kit.want(201, "POST", "/packages", {
      id: "filed",
      name: "Filed",
      platform: "Windows",
      productId: "{0000000C-0000-4000-8000-00000000000C}",
    });
    const { sha256 } = await upload("the app");
    const made = await kit.want(201, "POST", "/packages/filed/revisions", {
      version: "2.0.0.0",
      file: { sha256 },
    });
    expect(made).toMatchObject({
      id: "filed-2-0-0-0",
      channel: "EnterpriseAppManagement",
      file: { sha256, name: "app.xap", bytes: 7 },
    });
    await kit.want(200, "POST", "/packages/filed/revisions", {
      version: "2.0.0.0",
      file: { sha256 },
    });
    const missing = { version: "3", file: { sha256: "0".repeat(64) } };
    const problem = await kit.want(422, "POST", "/packages/filed/revisions", missing);
    expect(pointersOf(problem)).toEqual(["/file/sha256"]);
    const noFile = { version: "3", channel: "EnterpriseAppManagement" };
    expect(pointersOf(await kit.want(422, "POST", "/packages/filed/revisions", noFile))).toEqual([
      "/file",
    ]);
    const reported = await kit.want(201, "POST", "/packages/filed/revisions", { version: "3" });
    expect(reported.channel).toBe("reported");
    await kit.want(404, "POST", "/packages/nobody/revisions", { version: "1" });
  });

  test("a revision may name where its vendor offers the file, if that was allowed", async () => {
    await kit.want(201, "POST", "/packages", {
      id: "offered",
      name: "Offered",
      platform: "Windows",
      productId: "{0000000D-0000-4000-8000-00000000000D}",
    });
    const url = "http://contoso.com/enterpriseapps/ContosoApp1.xap";
    const revision = { version: "2.0.0.0", source: { url } };
    const path = "/packages/offered/revisions";
    expect(pointersOf(await kit.want(422, "POST", path, revision))).toEqual(["/source/url"]);

    const origins = [{ origin: "HTTP://Contoso.com:80/", privateAddresses: false }];
    expect(await kit.want(200, "PUT", "/settings/content-origins", { origins })).toEqual({
      origins: [{ origin: "http://contoso.com", privateAddresses: false }],
    });
    const made = await kit.want(201, "POST", path, revision);
    expect(made).toMatchObject({
      channel: "EnterpriseAppManagement",
      file: null,
      source: { url, sha256: null, fetchedBy: "site" },
    });
    await kit.want(200, "POST", path, revision);
    expect(await kit.want(200, "GET", `${path}/${made.id}`)).toMatchObject({
      sourceState: "not fetched yet",
    });
    await kit.want(404, "GET", `${path}/nothing`);

    // Pinned meanwhile: the request is still the same one.
    const file = { sha256: "a".repeat(64), name: "ContosoApp1.xap", bytes: 5 };
    await harness.deps.author.write([{ kind: "revision", id: made.id, body: { file } }], "site");
    await kit.want(200, "POST", path, revision);
    expect(await kit.want(200, "GET", `${path}/${made.id}`)).toMatchObject({
      file,
      sourceState: null,
    });
    const both = { ...revision, version: "3", file: { sha256: (await upload("both")).sha256 } };
    expect(pointersOf(await kit.want(422, "POST", path, both))).toEqual(["/source"]);
  });

  test("the list of origins takes origins, each once", async () => {
    for (const origins of [
      [{ origin: "https://contoso.com/apps" }],
      [{ origin: "ftp://contoso.com" }],
      [{ origin: "contoso.com" }],
    ]) {
      const problem = await kit.want(422, "PUT", "/settings/content-origins", { origins });
      expect(pointersOf(problem)).toEqual(["/origins/0/origin"]);
    }
    const twice = [{ origin: "https://contoso.com" }, { origin: "https://CONTOSO.com/" }];
    const problem = await kit.want(422, "PUT", "/settings/content-origins", { origins: twice });
    expect(pointersOf(problem)).toEqual(["/origins/1/origin"]);
  });

  test("what cannot be pushed is not made pushable", async () => {
    const { sha256 } = await upload("another app");
    await kit.want(201, "POST", "/packages", { id: "no-guid", name: "N", platform: "Windows" });
    const revision = { version: "1", file: { sha256 } };
    const problem = await kit.want(422, "POST", "/packages/no-guid/revisions", revision);
    expect(problem.detail).toContain("give it to no-guid first");
    await kit.want(201, "POST", "/packages", { id: "ios-push", name: "N", platform: "iOS" });
    await kit.want(422, "POST", "/packages/ios-push/revisions", {
      ...revision,
      channel: "EnterpriseAppManagement",
    });
  });

  test("a package goes with its revisions, unless it was distributed", async () => {
    await kit.distribute("kept", "iOS");
    const problem = await kit.want(409, "DELETE", "/packages/kept");
    expect(problem.allowed).toEqual([]);
    await kit.want(201, "POST", "/packages", { id: "gone", name: "G", platform: "iOS" });
    await kit.want(201, "POST", "/packages/gone/revisions", { version: "1" });
    await kit.want(204, "DELETE", "/packages/gone");
    await kit.want(404, "GET", "/packages/gone");
    expect([...harness.deps.policy.read().revisions.keys()].join(" ")).not.toContain("gone");
  });
});

describe("distributions", () => {
  test("every wrong field is named at once", async () => {
    await kit.want(201, "POST", "/packages", { id: "empty", name: "E", platform: "iOS" });
    const problem = await kit.want(422, "POST", "/distributions", {
      package: "empty",
      operation: "uninstall",
      updateOnly: true,
      allowDowngrade: true,
      question: "Remove it?",
      target: { kind: "group", group: "Nobody" },
      sites: ["prague", "atlantis"],
    });
    expect(pointersOf(problem)).toEqual([
      "/allowDowngrade",
      "/question",
      "/revision",
      "/sites/1",
      "/target/group",
      "/updateOnly",
    ]);
    const unknown = {
      package: "no-such-package",
      target: { kind: "device", device: "0".repeat(32) },
    };
    expect(pointersOf(await kit.want(422, "POST", "/distributions", unknown))).toEqual([
      "/package",
      "/target/device",
    ]);
  });

  test("a chosen id makes a retry one distribution", async () => {
    await kit.distribute("once", "iOS", { distribution: { id: "once-1" } });
    await kit.want(200, "POST", "/distributions", { id: "once-1", package: "once" });
    await kit.want(409, "POST", "/distributions", {
      id: "once-1",
      package: "once",
      mode: "on-demand",
    });
    const all = await kit.want(200, "GET", "/distributions");
    expect(all.filter(({ id }: Json) => id === "once-1")).toHaveLength(1);
  });

  test("whoever makes it learns of a downgrade, of what it supersedes, and of missing windows", async () => {
    await using own = await ApiHarness.open();
    const kit = await ScenarioKit.of(own);
    await kit.distribute("versions", "iOS", { revision: { id: "versions-old", version: "2.9" } });
    await kit.want(201, "POST", "/packages/versions/revisions", {
      id: "versions-new",
      version: "2.10",
    });
    const newer = await kit.want(201, "POST", "/distributions", {
      package: "versions",
      revision: "versions-new",
    });
    expect(newer.notes.join(" ")).toContain("supersedes the distribution");
    expect(newer.notes.join(" ")).toContain("no maintenance window");
    expect(newer.notes.join(" ")).not.toContain("allowDowngrade");
    const older = { package: "versions", revision: "versions-old", mode: "on-demand" };
    const made = await kit.want(201, "POST", "/distributions", older);
    expect(made.notes.join(" ")).toContain("2.10 was distributed before");
    expect(made.notes.join(" ")).not.toContain("no maintenance window");
    const allowed = { ...older, allowDowngrade: true };
    expect((await kit.want(201, "POST", "/distributions", allowed)).notes.join(" ")).not.toContain(
      "2.10 was",
    );
  });

  test("whoever distributes to devices that cannot be enrolled learns what is missing", async () => {
    await using own = await ApiHarness.open();
    const kit = await ScenarioKit.of(own);
    const text = { headers: kit.headers, body: "the app" };
    const { sha256 } = await jsonOf(await own.ask("POST", "/files?name=app.xap", text));
    await kit.want(201, "POST", "/packages", {
      id: "pushed",
      name: "Pushed",
      platform: "Windows",
      productId: P1,
    });
    await kit.want(201, "POST", "/packages/pushed/revisions", { version: "1", file: { sha256 } });
    const notes = async () =>
      (await kit.want(201, "POST", "/distributions", { package: "pushed" })).notes.join(" ");
    expect(await notes()).toContain("no enterprise id is set");
    await kit.want(200, "PATCH", "/settings/enterprise", { enterpriseId: "4000000001" });
    expect(await notes()).toContain("no enrolment token is set");
    await kit.want(200, "PATCH", "/settings/enterprise", { enrollmentToken: "VG9rZW4x" });
    expect(await notes()).not.toContain("is set");
  });

  test("whoever distributes steps to clients of Windows CE learns what they cannot do", async () => {
    const device = async (stableId: string, protocol: string) =>
      (await kit.want(201, "POST", "/devices", { stableId, protocol, platform: "Windows" })).device;
    const { id: ce } = await device("0F3B0C2D-4E5A", "ce");
    const { id: other } = await device("kiosk-notes", "agent");
    await kit.want(201, "POST", "/packages", { id: "steps", name: "Steps", platform: "Windows" });
    const actions = [{ kind: "Terminate", modules: "till.exe" }];
    await kit.want(201, "POST", "/packages/steps/revisions", { version: "1", agent: { actions } });
    const notesFor = async (target: Json) =>
      (await kit.want(201, "POST", "/distributions", { package: "steps", target })).notes ?? [];
    const about = (notes: string[]) => notes.filter((note) => note.includes("Windows CE"));
    expect(about(await notesFor({ kind: "all" }))).toEqual([
      expect.stringContaining("Not Relevant: Terminate"),
    ]);
    expect(about(await notesFor({ kind: "device", device: ce }))).toHaveLength(1);
    expect(about(await notesFor({ kind: "devices", devices: [ce, other] }))).toHaveLength(1);
    expect(about(await notesFor({ kind: "device", device: other }))).toEqual([]);
  });

  test("whoever has PCs asked learns that Windows may not be able to", async () => {
    await using core = await SiteCore.open();
    const noteOf = (made: DistributionId, question: string | null) => {
      const { policy } = core;
      const distribution = policy.distributionsById.get(made);
      const revision = distribution && policy.revisions.get(distribution.revision);
      if (!revision) throw new Error("no revision");
      const given = NewDistributionSchema.parse({ package: revision.package, question });
      return notesOn({ ...given, revision: revision.id }, revision, policy).join(" ");
    };
    for (const made of [await core.distributeMsi("1"), await core.distributeMsix("1.0.0.0")]) {
      expect(noteOf(made, "Install it now?")).toContain("Windows is not known to ask");
      expect(noteOf(made, null)).not.toContain("Windows is not known to ask");
    }
    const handhelds = await core.distribute("1.0.0.0");
    expect(noteOf(handhelds, "Install it now?")).not.toContain("Windows is not known to ask");
  });
});

describe("groups", () => {
  test("are made, counted, replaced and removed when nobody uses them", async () => {
    const device = await kit.device("grouped", "Android", { manufacturer: "Zebra" });
    const byFilter = { members: { kind: "filter", filter: "manufacturer:zebra" } };
    await kit.want(201, "PUT", "/groups/Zebra%20handhelds", byFilter);
    const shown = await kit.want(200, "GET", "/groups/Zebra%20handhelds");
    expect(shown.devices.count).toBe(1);
    expect((await kit.follow(shown.devices.link)).rows[0].id).toBe(device);
    const byList = { description: "x", members: { kind: "list", devices: ["GROUPED", "nobody"] } };
    await kit.want(200, "PUT", "/groups/Zebra%20handhelds", byList);
    expect((await kit.want(200, "GET", "/groups/Zebra%20handhelds")).devices.count).toBe(1);
    await kit.distribute("for-group", "Android", {
      distribution: { target: { kind: "group", group: "Zebra handhelds" } },
    });
    await kit.want(409, "DELETE", "/groups/Zebra%20handhelds");
    await kit.want(201, "PUT", "/groups/Unused", byList);
    await kit.want(204, "DELETE", "/groups/Unused");
    await kit.want(404, "GET", "/groups/Unused");
  });

  test("refuse filters that cannot be read or that ask for groups", async () => {
    for (const filter of ["nonsense:1", "group:Other", 'name:"open']) {
      const problem = await kit.want(422, "PUT", "/groups/F", {
        members: { kind: "filter", filter },
      });
      expect(pointersOf(problem)).toEqual(["/members/filter"]);
    }
    await kit.want(422, "PUT", "/groups/%2fslash", { members: { kind: "list", devices: [] } });
  });
});

describe("maintenance windows", () => {
  const nightly = {
    name: "Nightly",
    start: "2026-11-21T22:00",
    recurrence: "FREQ=DAILY",
    durationMinutes: 120,
  };

  test("the preview is in the window's zone, else in the site's", async () => {
    const { id } = await kit.want(201, "POST", "/windows", nightly);
    const preview = await kit.want(200, "GET", `/windows/${id}/preview`);
    expect(preview.timeZone).toBe("Europe/Prague");
    expect(preview.occurrences).toHaveLength(10);
    expect(preview.occurrences[0]).toEqual({
      start: "2026-11-21T21:00:00.000Z",
      end: "2026-11-21T23:00:00.000Z",
    });
    await kit.want(200, "PATCH", `/windows/${id}`, { timeZone: "Asia/Tokyo" });
    const moved = await kit.want(200, "GET", `/windows/${id}/preview?count=1`);
    expect(moved.occurrences).toEqual([
      { start: "2026-11-21T13:00:00.000Z", end: "2026-11-21T15:00:00.000Z" },
    ]);
    await kit.want(400, "GET", `/windows/${id}/preview?count=0`);
    await kit.want(400, "GET", `/windows/${id}/preview?count=101`);
  });

  test("every wrong field is named", async () => {
    const wrong = { ...nightly, start: "22:00", durationMinutes: 0, timeZone: "Mars/Olympus" };
    expect(pointersOf(await kit.want(422, "POST", "/windows", wrong))).toEqual([
      "/durationMinutes",
      "/start",
      "/timeZone",
    ]);
    const cases: [object, string][] = [
      [{ recurrence: "FREQ=SECONDLY" }, "/recurrence"],
      [{ recurrence: "nonsense" }, "/recurrence"],
      [{ scope: { kind: "group", group: "Nobody" } }, "/scope/group"],
      [{ scope: { kind: "site", site: "brno" } }, "/scope/site"],
    ];
    for (const [change, pointer] of cases) {
      const problem = await kit.want(422, "POST", "/windows", { ...nightly, ...change });
      expect(pointersOf(problem)).toEqual([pointer]);
    }
    await kit.want(201, "POST", "/windows", {
      ...nightly,
      id: "here",
      scope: { kind: "site", site: "prague" },
    });
  });

  test("a patch leaves the rest alone, and is checked as a whole", async () => {
    await kit.want(201, "PUT", "/windows/patched", { ...nightly, timeZone: "Asia/Tokyo" });
    const patched = await kit.want(200, "PATCH", "/windows/patched", { enabled: false });
    expect(patched).toMatchObject({ ...nightly, timeZone: "Asia/Tokyo", enabled: false });
    await kit.want(422, "PATCH", "/windows/patched", { durationMinutes: 99999 });
    await kit.want(422, "PATCH", "/windows/patched", { colour: "red" });
    await kit.want(204, "DELETE", "/windows/patched");
    await kit.want(404, "PATCH", "/windows/patched", { enabled: true });
  });
});

describe("settings", () => {
  test("of the gateway are changed one by one", async () => {
    expect(await kit.want(200, "PATCH", "/settings", { timeZone: "Asia/Tokyo" })).toEqual({
      siteName: "Prague",
      timeZone: "Asia/Tokyo",
      factRetentionDays: 90,
    });
    await kit.want(422, "PATCH", "/settings", { timeZone: "Mars/Olympus" });
    await kit.want(422, "PATCH", "/settings", { factRetentionDays: 0 });
    await kit.want(422, "PATCH", "/settings", { siteName: " " });
    await kit.want(200, "PATCH", "/settings", { timeZone: "Europe/Prague" });
  });

  test("S-33: the default certificate subject is refused in every spelling", async () => {
    const spellings = [
      "Subject=CN%3DB1C43CD0-1624-5FBB-8E54-34CF17DFD3A1\\x00",
      "Subject=CN=B1C43CD0-1624-5FBB-8E54-34CF17DFD3A1",
      "CN%3DB1C43CD0-1624-5FBB-8E54-34CF17DFD3A1%00",
      "cn%3db1c43cd0-1624-5fbb-8e54-34cf17dfd3a1",
      "CN%253DB1C43CD0-1624-5FBB-8E54-34CF17DFD3A1",
    ];
    for (const certificateSearchCriteria of spellings) {
      const json = { certificateSearchCriteria };
      const problem = await kit.want(422, "PATCH", "/settings/enterprise", json);
      expect(pointersOf(problem)).toEqual(["/certificateSearchCriteria"]);
    }
    const json = { certificateSearchCriteria: "CN%3DDevice-42" };
    expect(await kit.want(200, "PATCH", "/settings/enterprise", json)).toMatchObject(json);
  });

  test("a change of nothing writes nothing, into policy or audit log", async () => {
    const audited = async () => (await kit.want(200, "GET", "/audit?limit=500")).rows.length;
    await kit.want(200, "PATCH", "/settings/enterprise", { crlCheck: "1" });
    const { version } = harness.deps.policy.read();
    const before = await audited();
    await kit.want(200, "PATCH", "/settings/enterprise", {});
    expect([harness.deps.policy.read().version, await audited()]).toEqual([version, before]);
  });

  test("Q33: any name but * is an EnterpriseID", async () => {
    for (const enterpriseId of ["*", "", "  ", "a/b"]) {
      await kit.want(422, "PATCH", "/settings/enterprise", { enterpriseId });
    }
    for (const enterpriseId of [
      "4000000001",
      "{B316008A-141D-4A79-810F-8B764C4CFDFB}",
      "Müller & Söhne",
    ]) {
      const shown = await kit.want(200, "PATCH", "/settings/enterprise", { enterpriseId });
      expect(shown.enterpriseId).toBe(enterpriseId);
    }
  });

  test("the enrolment token is taken without blanks and never shown", async () => {
    const enrollmentToken = "U2VjcmV0\nVG9rZW4=";
    const shown = await kit.want(200, "PATCH", "/settings/enterprise", { enrollmentToken });
    expect(shown.hasEnrollmentToken).toBe(true);
    expect(JSON.stringify(shown)).not.toContain("U2VjcmV0");
    expect(harness.deps.policy.read().enterprise.enrollmentToken).toBe("U2VjcmV0VG9rZW4=");
    const viewer = await harness.token("operator");
    const answer = await harness.ask("GET", "/settings/enterprise", { headers: viewer });
    expect(answer.status).toBe(403);
    await kit.want(200, "PATCH", "/settings/enterprise", { enrollmentToken: null });
    expect(harness.deps.policy.read().enterprise.enrollmentToken).toBeNull();
  });
});

describe("files", () => {
  test("are uploaded by whoever may, listed, and in the audit log", async () => {
    const stored = await upload("hello", "hello.txt");
    expect(stored).toMatchObject({ md5: "5d41402abc4b2a76b9719d911017c592", bytes: 5 });
    const file = await kit.want(200, "GET", `/files/${stored.sha256}`);
    expect(file).toMatchObject({ name: "hello.txt", state: "complete", filledBytes: 5 });
    await kit.want(404, "GET", "/files/nothing");
    const viewer = await harness.token("viewer");
    const refused = await harness.ask("POST", "/files?name=x", { headers: viewer, body: "x" });
    expect(refused.status).toBe(403);
    const { rows } = await kit.want(
      200,
      "GET",
      `/audit?action=file.upload&subject=${stored.sha256}`,
    );
    expect(rows[0].details).toEqual({ name: "hello.txt", bytes: 5 });
  });

  test("larger than a request of the API are taken", async () => {
    const stored = await upload("x".repeat(1024 * 1024 + 1), "large.bin");
    expect(stored.bytes).toBe(1024 * 1024 + 1);
  });
});

describe("the hub", () => {
  test("shows its sites, and says which have not confirmed a distribution", async () => {
    await using hub = await ApiHarness.open({ role: "hub" });
    const admin = await ScenarioKit.of(hub);
    const site = (id: string, policyConfirmed: boolean) => ({
      id: id as SiteId,
      name: id,
      timeZone: "Europe/Prague",
      joinedAtMs: 1,
      lastSeenMs: null,
      asOfMs: null,
      stale: true,
      clockOffsetMs: null,
      policyConfirmed,
      alarm: "two boxes say that they are this site",
      revokedAtMs: null,
      keyFingerprint: "0f3a9c5b7d21e884",
      keysSinceMs: null,
      announcesKeys: false,
    });
    hub.sites.push(site("prague", true), site("brno", false), site("oslo", false));
    await admin.distribute("central", "iOS", {
      distribution: { id: "d-1", sites: ["prague", "brno"] },
    });
    const shown = await admin.want(200, "GET", "/distributions/d-1");
    expect(shown.sitesNotConfirmed).toEqual(["brno"]);
    expect(shown.total.link).toStartWith("/hub/api/v1/installations?filter=");
    expect((await admin.want(200, "GET", "/sites")).map(({ id }: Json) => id)).toEqual([
      "prague",
      "brno",
      "oslo",
    ]);
    expect((await admin.want(200, "POST", "/sites/oslo/clear-alarm")).alarm).toBeNull();
    expect((await admin.want(200, "POST", "/sites/oslo/revoke")).revokedAt).not.toBeNull();
    await admin.want(404, "POST", "/sites/atlantis/revoke");
    const code = await admin.want(201, "POST", "/join-codes", { name: "Tromsø 2" });
    expect(code).toMatchObject({ site: "troms-2", code: "abcd-efgh" });
    await admin.want(422, "POST", "/join-codes", { name: "x", expiresAt: "2020-01-01T00:00:00Z" });
    const inDays = (days: number) => new Date(hub.nowMs + days * 24 * 3_600_000).toISOString();
    await admin.want(201, "POST", "/join-codes", { name: "x", expiresAt: inDays(30) });
    await admin.want(422, "POST", "/join-codes", { name: "x", expiresAt: inDays(31) });
    await admin.want(404, "DELETE", "/join-codes/other");
    await admin.want(404, "POST", "/devices", {});
  });
});
