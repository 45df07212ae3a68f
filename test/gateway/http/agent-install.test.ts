import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ACTION_KINDS } from "../../../devices/model/install-action.ts";
import { thirteenActions } from "../../harness/thirteen-actions.ts";
import { ApiHarness } from "./api-harness.ts";
import { type Json, ScenarioKit } from "./scenario-kit.ts";

let harness: ApiHarness;
let kit: ScenarioKit;
const files: Record<string, string> = {};
beforeAll(async () => {
  harness = await ApiHarness.open();
  kit = await ScenarioKit.of(harness);
  for (const name of ["hello.txt", "app.exe", "whatever.cab", "a.swu", "a.mender"]) {
    const { headers } = kit;
    const answer = await harness.ask("POST", `/files?name=${name}`, { headers, body: name });
    files[name] = ((await answer.json()) as Json).sha256;
  }
  await kit.want(201, "POST", "/packages", { id: "pos", name: "POS", platform: "Windows" });
  await kit.want(201, "POST", "/packages", { id: "ios", name: "iOS", platform: "iOS" });
});
afterAll(() => harness[Symbol.asyncDispose]());

const file = (name: string) => ({ sha256: files[name] });
const make = (json: Json, status = 201, owner = "pos") =>
  kit.want(status, "POST", `/packages/${owner}/revisions`, json);
const pointersOf = (problem: Json) => problem.errors.map(({ pointer }: Json) => pointer).sort();
const ANY = { cpu: null, osMajor: null, osPlatform: null };

describe("a revision of install actions", () => {
  test("takes all 13 and fills in what is usual [S-14]", async () => {
    const json = {
      id: "pos-1",
      version: "1",
      agent: {
        files: [file("hello.txt"), file("whatever.cab")],
        actions: thirteenActions({ download: "hello.txt" }),
      },
    };
    const made = await make(json);
    expect(made).toMatchObject({ channel: "agent", file: null, ddi: null, mender: null });
    expect(made.agent.actions.map(({ kind }: Json) => kind)).toEqual([...ACTION_KINDS]);
    for (const action of made.agent.actions) {
      expect(action).toMatchObject({ critical: "continue only on success", targeting: ANY });
    }
    const run = made.agent.actions.find(({ kind }: Json) => kind === "Run");
    expect(run.timeout).toBe(-1);
    expect(made.agent.files).toEqual([
      { sha256: files["hello.txt"], name: "hello.txt", bytes: 9 },
      { sha256: files["whatever.cab"], name: "whatever.cab", bytes: 12 },
    ]);
    expect(await make(json, 200)).toEqual(made);
    expect(await kit.want(200, "GET", "/packages/pos/revisions/pos-1")).toMatchObject(made);
    const fewer = { ...json, agent: { ...json.agent, actions: json.agent.actions.slice(1) } };
    await make(fewer, 409);
  });

  const refusals: readonly [string, Json, string][] = [
    ["an unknown action", { kind: "Reboot" }, "/kind"],
    ["no action at all", {}, "/kind"],
    ["another Critical", { kind: "WarmBoot", critical: "maybe" }, "/critical"],
    [
      "an OS Major in words",
      { kind: "WarmBoot", targeting: { osMajor: "six" } },
      "/targeting/osMajor",
    ],
    ["a field that nobody knows", { kind: "WarmBoot", delay: 1 }, "/delay"],
    [
      "a path in a new name",
      { kind: "RenameFile", source: "\\a\\a.txt", target: "\\a\\b.txt" },
      "/target",
    ],
    [
      "a path in a folder's new name",
      { kind: "RenameFolder", source: "/a", target: "../b" },
      "/target",
    ],
    [
      "a pattern in what is renamed",
      { kind: "RenameFile", source: "\\a\\*.txt", target: "b" },
      "/source",
    ],
    ["a Timeout that is text", { kind: "Run", command: "\\a.exe", timeout: "1.5" }, "/timeout"],
    ["half a millisecond", { kind: "Run", command: "\\a.exe", timeout: 1.5 }, "/timeout"],
    ["longer than a timer waits", { kind: "Run", command: "a", timeout: 2 ** 31 }, "/timeout"],
    ["no command", { kind: "Run", command: " " }, "/command"],
    ["a file that is none of its own", { kind: "Download", source: "x", target: "\\x" }, "/source"],
    [
      "a folder to download to",
      { kind: "Download", source: "hello.txt", target: "\\Temp\\" },
      "/target",
    ],
    ["no way to install it [S-16]", { kind: "Install", file: "x.zip", command: "" }, "/command"],
    ["an unknown token", { kind: "DeleteFiles", path: "%APPDATA%\\x" }, "/path"],
    ["an unknown token in a command", { kind: "Run", command: "a %HOME%" }, "/command"],
    ["a file's place in a Run", { kind: "Run", command: "a %1" }, "/command"],
    ["a control character", { kind: "Uninstall", name: "a\nb" }, "/name"],
  ];
  test.each(refusals)("is refused with %s", async (_, action, pointer) => {
    for (const list of ["actions", "uninstall"]) {
      const agent = {
        files: [file("hello.txt")],
        actions: [{ kind: "WarmBoot" }],
        [list]: [{ kind: "WarmBoot" }, action],
      };
      const problem = await make({ version: "9", agent }, 422);
      expect(pointersOf(problem)).toEqual([`/agent/${list}/1${pointer}`]);
      expect(problem.errors[0].detail).not.toBe("Invalid input");
    }
  });

  test("says what may be used instead", async () => {
    const told = async (action: Json) => {
      const agent = { files: [file("hello.txt")], actions: [action] };
      return (await make({ version: "9", agent }, 422)).errors[0].detail;
    };
    expect(await told({ kind: "Reboot" })).toContain("use one of: Download, Install, Uninstall, ");
    expect(await told({ kind: "WarmBoot", critical: "maybe" })).toContain("continue only on error");
    expect(await told({ kind: "Download", source: "x", target: "\\x" })).toBe(
      "x is no file of the revision: use one of hello.txt",
    );
    expect(await told({ kind: "DeleteFiles", path: "%APPDATA%" })).toContain("use one of %DEVICE");
  });

  test.each<[string, Json, string[]]>([
    ["nothing to do", { agent: { actions: [] } }, ["/agent/actions"]],
    [
      "two files of one name",
      { agent: { files: ["hello.txt", "hello.txt"], actions: [{ kind: "WarmBoot" }] } },
      ["/agent/files/1/name"],
    ],
    [
      "a file that nobody sent",
      { agent: { files: [{ sha256: "0".repeat(64) }], actions: [{ kind: "WarmBoot" }] } },
      ["/agent/files/0/sha256"],
    ],
    [
      "a file's name with a path",
      { agent: { files: [{ name: "a/b" }], actions: [{ kind: "WarmBoot" }] } },
      ["/agent/files/0/name", "/agent/files/0/sha256"],
    ],
    ["no actions", { channel: "agent" }, ["/agent"]],
    [
      "a file beside them",
      { file: "app.exe", agent: { actions: [{ kind: "WarmBoot" }] } },
      ["/file"],
    ],
    [
      "another channel",
      { channel: "reported", agent: { actions: [{ kind: "WarmBoot" }] } },
      ["/agent"],
    ],
    [
      "two kinds of client",
      {
        agent: { actions: [{ kind: "WarmBoot" }] },
        mender: { artifactName: "a", deviceTypes: ["b"] },
      },
      ["/mender"],
    ],
  ])("is refused with %s", async (_, change, pointers) => {
    const named = (one: Json) => (typeof one === "string" ? file(one) : one);
    const json = {
      version: "9",
      ...change,
      ...(change.file && { file: named(change.file) }),
      ...(change.agent?.files && {
        agent: { ...change.agent, files: change.agent.files.map(named) },
      }),
    };
    expect(pointersOf(await make(json, 422))).toEqual(pointers);
  });

  test("is not for iOS", async () => {
    const json = { version: "9", agent: { actions: [{ kind: "WarmBoot" }] } };
    expect(pointersOf(await make(json, 422, "ios"))).toEqual(["/channel"]);
  });

  test("needs no file, and is only taken off where it says how", async () => {
    const boot = { actions: [{ kind: "WarmBoot" }] };
    await make({ id: "pos-boot", version: "2", agent: boot });
    const wanted = { package: "pos", revision: "pos-boot", target: { kind: "all" } };
    const off = { ...wanted, operation: "uninstall" };
    expect(pointersOf(await kit.want(422, "POST", "/distributions", off))).toEqual(["/operation"]);
    await kit.want(201, "POST", "/distributions", { id: "boot-on", ...wanted });
    await make({ id: "pos-off", version: "3", agent: { ...boot, uninstall: boot.actions } });
    await kit.want(201, "POST", "/distributions", { ...off, revision: "pos-off" });
  });
});

describe("a revision for other clients", () => {
  test("DDI: modules are called like the package unless they say otherwise", async () => {
    const ddi = { chunks: [{ files: [file("a.swu")], metadata: [{ key: "k", value: "" }] }] };
    const made = await make({ id: "pos-ddi", version: "4", ddi });
    expect(made).toMatchObject({ channel: "ddi", file: null, agent: null, mender: null });
    expect(made.ddi).toEqual({
      handling: "forced",
      chunks: [
        {
          part: "bApp",
          name: "pos",
          version: "4",
          files: [{ sha256: files["a.swu"], name: "a.swu", bytes: 5 }],
          metadata: [{ key: "k", value: "" }],
        },
      ],
    });
    expect(await make({ id: "pos-ddi", version: "4", ddi }, 200)).toEqual(made);
    const off = { package: "pos", revision: "pos-ddi", operation: "uninstall" };
    expect(pointersOf(await kit.want(422, "POST", "/distributions", off))).toEqual(["/operation"]);
    await kit.want(201, "POST", "/distributions", { package: "pos", revision: "pos-ddi" });
  });

  test("Mender: the artifact is the file", async () => {
    const mender = { artifactName: "app-5", deviceTypes: ["edge"] };
    const made = await make({ version: "5", file: file("a.mender"), mender });
    expect(made).toMatchObject({ channel: "mender", file: { name: "a.mender" }, mender });
  });

  test.each<[string, Json, string[]]>([
    ["no chunk", { ddi: { chunks: [] } }, ["/ddi/chunks"]],
    ["a chunk without files", { ddi: { chunks: [{ files: [] }] } }, ["/ddi/chunks/0/files"]],
    [
      "two artifacts of one name",
      { ddi: { chunks: [{ files: ["a.swu", "a.swu"] }] } },
      ["/ddi/chunks/0/files/1/name"],
    ],
    [
      "another handling",
      { ddi: { handling: "now", chunks: [{ files: ["a.swu"] }] } },
      ["/ddi/handling"],
    ],
    ["no artifact", { mender: { artifactName: "a", deviceTypes: ["b"] } }, ["/file"]],
    ["no device type", { mender: { artifactName: "a", deviceTypes: [] } }, ["/mender/deviceTypes"]],
  ])("is refused with %s", async (_, change, pointers) => {
    const { ddi } = change;
    const chunks = ddi?.chunks.map((chunk: Json) => ({ ...chunk, files: chunk.files.map(file) }));
    const json = { version: "9", ...change, ...(ddi && { ddi: { ...ddi, chunks } }) };
    expect(pointersOf(await make(json, 422))).toEqual(pointers);
  });
});

describe("the metrics of a revision", () => {
  const md5 = (name: string) => new Bun.CryptoHasher("md5").update(name).digest("hex");
  const hash = (name: string, more: Json = {}) => ({
    kind: "FileHash",
    file: `\\app\\${name}`,
    source: { file: name },
    ...more,
  });
  const size = (more: Json = {}) => ({ ...hash("hello.txt"), kind: "FileSize", ...more });
  const install = (metrics: Json = []) => ({
    files: [file("hello.txt"), file("whatever.cab")],
    actions: [
      { kind: "Download", source: "hello.txt", target: "\\app\\hello.txt" },
      { kind: "Download", source: "whatever.cab", target: "%TEMP%\\a.cab" },
      { kind: "Install", file: "%TEMP%\\a.cab" },
    ],
    metrics,
  });
  let made = 0;
  const revision = async (metrics: Json = []) => {
    const id = `pos-m${++made}`;
    await make({ id, version: `7.${made}`, agent: install(metrics) });
    return `/packages/pos/revisions/${id}`;
  };

  test("are given when it is made; what they compare is computed [Q20]", async () => {
    const at = await revision([hash("hello.txt"), size({ operator: "GE" })]);
    const source = { file: "hello.txt", virtualFile: null };
    const common = { file: "\\app\\hello.txt", source, targeting: ANY };
    const expected = [
      { number: 1, kind: "FileHash", ...common, hash: md5("hello.txt") },
      { number: 2, kind: "FileSize", ...common, operator: "GE", size: 9 },
    ];
    expect(await kit.want(200, "GET", `${at}/metrics`)).toEqual(expected);
    expect((await kit.want(200, "GET", at)).agent.metrics).toEqual(expected);
  });

  const refusals: readonly [string, Json, string][] = [
    ["a hash of one's own", hash("hello.txt", { hash: "0".repeat(32) }), "/hash"],
    ["a size of one's own", size({ size: 9 }), "/size"],
    ["a version of one's own", size({ kind: "FileVersion", value: "2.0.0.0" }), "/value"],
    ["a file that is none of the revision", hash("app.exe"), "/source/file"],
    ["a source in free words", hash("hello.txt", { source: "\\\\server\\a.txt" }), "/source"],
    ["an operator for a hash", hash("hello.txt", { operator: "GE" }), "/operator"],
    ["another operator", size({ operator: "<" }), "/operator"],
    ["another kind", size({ kind: "FileDate" }), "/kind"],
    ["an unknown token", hash("hello.txt", { file: "%HOME%\\a" }), "/file"],
  ];
  test.each(refusals)("are refused with %s", async (_, metric, pointer) => {
    const problem = await make({ version: "9", agent: install([size(), metric]) }, 422);
    expect(pointersOf(problem)).toEqual([`/agent/metrics/1${pointer}`]);
    const at = await revision();
    expect(pointersOf(await kit.want(422, "POST", `${at}/metrics`, metric))).toEqual([pointer]);
  });

  test("are generated of what has none yet, edited and removed [S-22]", async () => {
    const at = await revision();
    const generated = await kit.want(200, "POST", `${at}/metrics/generate`);
    expect(generated).toMatchObject({
      added: 1,
      metrics: [{ number: 1, file: "\\app\\hello.txt", hash: md5("hello.txt") }],
    });
    const again = await kit.want(200, "POST", `${at}/metrics/generate`);
    expect(again).toMatchObject({ added: 0, metrics: generated.metrics });

    const added = await kit.want(201, "POST", `${at}/metrics`, size());
    expect(added).toMatchObject({ number: 2, operator: "EQ", size: 9 });
    const change = (json: Json, status = 200) => kit.want(status, "PATCH", `${at}/metrics/2`, json);
    expect(await change({ operator: "GE" })).toEqual({ ...added, operator: "GE" });
    expect(pointersOf(await change({ size: 8 }, 422))).toEqual(["/size"]);
    expect(pointersOf(await change({ kind: "FileHash" }, 422))).toEqual(["/kind"]);
    const other = { file: "whatever.cab", virtualFile: null };
    expect(await change({ source: other })).toMatchObject({ operator: "GE", size: 12 });

    expect(await kit.want(200, "DELETE", `${at}/metrics/1`)).toEqual([
      expect.objectContaining({ number: 2 }),
    ]);
    await kit.want(404, "DELETE", `${at}/metrics/1`);
    await kit.want(404, "PATCH", `${at}/metrics/1`, { operator: "EQ" });
    expect((await kit.want(201, "POST", `${at}/metrics`, hash("hello.txt"))).number).toBe(3);
    const actions = (await kit.want(200, "GET", "/audit")).rows.map(({ action }: Json) => action);
    expect(actions).toContain("revision.metric.change");
    expect(actions).toContain("revision.metric.generate");
  });

  test("edits at the same time do not undo each other", async () => {
    const at = await revision();
    const names = ["hello.txt", "whatever.cab"];
    await Promise.all(names.map((name) => kit.want(201, "POST", `${at}/metrics`, hash(name))));
    const kept = await kit.want(200, "GET", `${at}/metrics`);
    expect(kept.map(({ source }: Json) => source.file)).toEqual(names);
  });

  test("stay as they are once a distribution names the revision", async () => {
    const at = await revision([size()]);
    const id = at.split("/").at(-1);
    await kit.want(201, "POST", "/distributions", { id: "fixed", package: "pos", revision: id });
    const problem = await kit.want(409, "PATCH", `${at}/metrics/1`, { operator: "GE" });
    expect(problem.detail).toContain("the distribution fixed installs this revision as it is");
    await kit.want(409, "DELETE", `${at}/metrics/1`);
    await kit.want(409, "POST", `${at}/metrics`, hash("hello.txt"));
    await kit.want(409, "POST", `${at}/metrics/generate`);
  });

  test("a repeated request finds its revision, though its metrics were edited", async () => {
    const json = { id: "pos-again", version: "8", agent: install([size()]) };
    await make(json);
    const at = "/packages/pos/revisions/pos-again";
    await kit.want(200, "PATCH", `${at}/metrics/1`, { operator: "LE" });
    expect((await make(json, 200)).agent.metrics[0].operator).toBe("LE");
  });

  test("one that can never hold is pointed out [Q19]", async () => {
    const at = await revision([hash("whatever.cab", { file: "%temp%\\A.CAB" }), size()]);
    const { notes } = (await kit.want(200, "GET", at)).agent;
    expect(notes).toEqual([expect.stringContaining("after step 3 (Install) wceload deletes")]);
  });

  test("only install actions have them, and only administrators edit them", async () => {
    await kit.want(404, "GET", "/packages/pos/revisions/nothing/metrics");
    await kit.want(404, "GET", "/packages/ios/revisions/pos-again/metrics");
    const headers = await harness.token("viewer");
    const at = "/packages/pos/revisions/pos-again/metrics/generate";
    expect((await harness.ask("POST", at, { headers })).status).toBe(403);
  });
});

test("substitution tokens are listed [Q31]", async () => {
  const tokens = await kit.want(200, "GET", "/substitution-tokens");
  expect(tokens).toContainEqual({
    token: "%OSPLATFORM%",
    filledIn: "site",
    meaning: "The device's system",
    example: "PocketPC",
    aliasOf: null,
  });
  expect(tokens.map(({ token }: Json) => token)).toContain("%1");
});
