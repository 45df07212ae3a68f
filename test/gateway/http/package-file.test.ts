import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { z } from "zod";
import { packageFileJsonSchema } from "../../../gateway/http/package-file.ts";
import { thirteenActions } from "../../harness/thirteen-actions.ts";
import { ApiHarness } from "./api-harness.ts";
import { type Json, ScenarioKit } from "./scenario-kit.ts";

const NAMES = ["hello.txt", "whatever.cab", "a.msi", "a.msix", "a.swu", "a.mender"];
let from: ScenarioKit;
let to: ScenarioKit;
const files: Record<string, string> = {};
beforeAll(async () => {
  from = await ScenarioKit.of(await ApiHarness.open());
  to = await ScenarioKit.of(await ApiHarness.open({ role: "hub" }));
  for (const name of NAMES) files[name] = await upload(from, name);
  await from.want(201, "POST", "/packages", {
    id: "pos",
    name: "Point of sale",
    platform: "Windows",
    productId: "{B316008A-141D-4A79-810F-8B764C4CFDFB}",
    publisher: "Contoso",
    description: "Two\nlines",
  });
  for (const json of revisions()) await from.want(201, "POST", "/packages/pos/revisions", json);
});
afterAll(async () => {
  await from.harness[Symbol.asyncDispose]();
  await to.harness[Symbol.asyncDispose]();
});

async function upload({ harness, headers }: ScenarioKit, name: string): Promise<string> {
  const answer = await harness.ask("POST", `/files?name=${name}`, { headers, body: name });
  return ((await answer.json()) as Json).sha256;
}

const file = (name: string) => ({ sha256: files[name] });

/** One of each channel that has a file. */
function revisions(): readonly Json[] {
  const actions = thirteenActions({ download: "hello.txt" });
  const metric = { file: "\\a.txt", source: { file: "hello.txt" } };
  return [
    {
      id: "pos-1",
      version: "1",
      file: file("a.msi"),
      msi: { productCode: "{AF9257BA-6BBD-4624-AA9B-0182D50292C3}", fallbackUrls: ["http://a/b"] },
      targeting: { cpu: "x86" },
    },
    {
      id: "pos-2",
      version: "2.0.0.0",
      file: file("a.msix"),
      msix: { familyName: "Contoso.App_8wekyb3d8bbwe", dependencies: [file("a.msix")] },
    },
    {
      id: "pos-3",
      version: "3",
      agent: {
        files: [file("hello.txt"), { ...file("whatever.cab"), name: "other.cab" }],
        actions,
        uninstall: [{ kind: "Uninstall", name: "POS", critical: "continue" }],
        metrics: [
          { ...metric, kind: "FileHash" },
          { ...metric, kind: "FileSize", operator: "GE", targeting: { osMajor: 6 } },
        ],
      },
    },
    {
      id: "pos-4",
      version: "4",
      ddi: {
        handling: "soft",
        chunks: [{ files: [file("a.swu")], metadata: [{ key: "a", value: "b" }] }],
      },
    },
    {
      id: "pos-5",
      version: "5",
      file: file("a.mender"),
      mender: { artifactName: "a-5", deviceTypes: ["edge"] },
      minimumOsVersion: "5.10",
      licence: "device",
      storeApp: true,
    },
    { id: "pos-6", version: "6" },
  ];
}

const exported = (kit: ScenarioKit, query = "") =>
  kit.want(200, "GET", `/packages/pos/export${query}`);

describe("a package as one file", () => {
  test("goes to another gateway and comes back the same", async () => {
    // The numbers of metrics are the gateway's own: a gap is none in the file.
    const extra = { kind: "FileSize", file: "\\b", source: { file: "hello.txt" } };
    const at = "/packages/pos/revisions/pos-3/metrics";
    await from.want(201, "POST", at, extra);
    await from.want(200, "DELETE", `${at}/1`);
    const written = await exported(from);
    expect(written.revisions.map(({ id }: Json) => id)).toEqual(
      [1, 2, 3, 4, 5, 6].map((n) => `pos-${n}`),
    );
    expect(JSON.stringify(written)).not.toContain('"size"');

    const missing = await to.want(422, "POST", "/packages/import", written);
    expect(missing.errors[0].pointer).toBe("/revisions/0/file/sha256");
    expect(to.harness.deps.policy.read().packages.size).toBe(0);

    for (const name of NAMES) await upload(to, name);
    const made = await to.want(201, "POST", "/packages/import", written);
    expect(made).toMatchObject({ id: "pos", publisher: "Contoso", description: "Two\nlines" });
    expect(made.revisions[2].agent.metrics).toMatchObject([
      { number: 1, operator: "GE", size: 9 },
      { number: 2, operator: "EQ", size: 9 },
    ]);
    expect(await exported(to)).toEqual(written);
    await to.want(200, "POST", "/packages/import", written);
    await from.want(200, "POST", "/packages/import", written);
  });

  test("holds one revision where that is asked for", async () => {
    const written = await exported(from, "?revision=pos-4");
    expect(written.revisions.map(({ id }: Json) => id)).toEqual(["pos-4"]);
    await from.want(404, "GET", "/packages/pos/export?revision=pos-9");
    await from.want(404, "GET", "/packages/nothing/export");
  });

  test("what is here and differs is refused, and nothing of the file is taken", async () => {
    const written = await exported(from, "?revision=pos-6");
    const [one] = written.revisions;
    const more = [
      { ...one, id: "pos-new" },
      { ...one, version: "7" },
    ];
    await from.want(409, "POST", "/packages/import", { ...written, revisions: more });
    const other = { ...written, package: { ...written.package, name: "Another" } };
    await from.want(409, "POST", "/packages/import", other);
    expect([...from.harness.deps.policy.read().revisions.keys()].join()).not.toContain("pos-new");
  });

  test.each<[string, (written: Json) => Json, string]>([
    ["another format", (one) => ({ ...one, format: "outpost-package/2" }), "/format"],
    [
      "a wrong action",
      (one) => {
        const [revision] = structuredClone(one.revisions);
        revision.agent.actions[1].critical = "maybe";
        return { ...one, revisions: [revision] };
      },
      "/revisions/0/agent/actions/1/critical",
    ],
    [
      "a value that is computed",
      (one) => {
        const [revision] = structuredClone(one.revisions);
        revision.agent.metrics[0].size = 9;
        return { ...one, revisions: [revision] };
      },
      "/revisions/0/agent/metrics/0/size",
    ],
    [
      "a file that is none of the revision",
      (one) => {
        const [revision] = structuredClone(one.revisions);
        revision.agent.actions[0].source = "x";
        return { ...one, revisions: [{ ...revision, id: "pos-x" }] };
      },
      "/revisions/0/agent/actions/0/source",
    ],
    [
      "a product that is none",
      (one) => ({ ...one, package: { ...one.package, productId: "x" } }),
      "/package/productId",
    ],
  ])("is refused with %s", async (_, change, pointer) => {
    const written = await exported(from, "?revision=pos-3");
    const problem = await from.want(422, "POST", "/packages/import", change(written));
    expect(problem.errors.map((one: Json) => one.pointer)).toEqual([pointer]);
  });
});

describe("the form of the file as a JSON Schema", () => {
  test("is served, is the one in docs/, and refers to nothing outside itself", async () => {
    const served = await from.want(200, "GET", "/package-file-schema");
    expect(served).toEqual(packageFileJsonSchema());
    expect(served).toEqual(await Bun.file("docs/package-file.schema.json").json());
    const references = JSON.stringify(served).match(/"\$ref":"[^"]*"/g) ?? [];
    expect(references.length).toBeGreaterThan(0);
    for (const reference of references) {
      const name = /^"\$ref":"#\/\$defs\/([^"]+)"$/.exec(reference)?.[1] ?? "";
      expect(Object.keys(served.$defs)).toContain(name);
    }
  });

  test("takes what is exported, and refuses what import refuses", async () => {
    const schema = z.fromJSONSchema(packageFileJsonSchema() as never);
    const written = await exported(from);
    expect(schema.safeParse(written).error?.issues).toBeUndefined();
    const wrong = structuredClone(written);
    wrong.revisions[2].agent.actions[1].kind = "Reboot";
    expect(schema.safeParse(wrong).success).toBe(false);
    expect(schema.safeParse({ ...written, format: "x" }).success).toBe(false);
  });
});
