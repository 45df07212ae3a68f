import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type ConsoleFixture, openConsole } from "../../harness/console-fixture.ts";
import { readPage } from "./read-page.ts";

let console_: ConsoleFixture;
beforeAll(async () => {
  console_ = await openConsole({ devices: 20 });
});
afterAll(() => console_[Symbol.asyncDispose]());

const EDITOR = "/apps/point-of-sale/revisions/new-steps";
const file = () => console_.data.files[0]?.sha256 ?? "";

const send = (path: string, fields: Readonly<Record<string, string>>) =>
  console_.post(path, { ...fields });

const steps = (...kinds: readonly (readonly [string, Readonly<Record<string, string>>])[]) =>
  Object.fromEntries(
    kinds.flatMap(([kind, fields], n) =>
      Object.entries({ kind, ...fields }).map(([name, value]) => [`actions.${n}.${name}`, value]),
    ),
  );

describe("the editor of steps", () => {
  test("begins with what most versions do, with the file that was chosen", async () => {
    const page = await readPage(await console_.get(`${EDITOR}?file=${file()}`));
    expect(page.html).toContain("1. Download a file");
    expect(page.html).toContain("2. Install a file");
    expect(page.html).toContain(`<option value="${file()}" selected`);
    expect(page.html).toContain('value="%TEMP%\\point-of-sale.xap"');
  });

  test("adds, moves and removes steps without a script, and keeps what was typed", async () => {
    const typed = {
      version: "4.0",
      ...steps(["Run", { command: "\\a b.exe" }], ["WarmBoot", { critical: "continue" }]),
    };
    const titles = async (more: Readonly<Record<string, string>>) => {
      const page = await readPage(await send(EDITOR, { ...typed, ...more }));
      expect(page.status).toBe(200);
      expect(page.html).toContain('value="4.0"');
      return [...page.html.matchAll(/<legend>(\d\. [^<]+)</g)].map(([, title]) => title);
    };
    expect(await titles({ do: "add:actions", "add-actions": "RemoveFolder" })).toEqual([
      "1. Run a program",
      "2. Restart the device",
      "3. Remove a folder",
    ]);
    expect(await titles({ do: "up:actions:1" })).toEqual([
      "1. Restart the device",
      "2. Run a program",
    ]);
    expect(await titles({ do: "down:actions:0" })).toEqual([
      "1. Restart the device",
      "2. Run a program",
    ]);
    expect(await titles({ do: "remove:actions:0" })).toEqual(["1. Restart the device"]);
    expect(await titles({ do: "up:actions:0" })).toHaveLength(2);
    expect(console_.data.policy.revisions.size).toBeGreaterThan(0);
  });

  test("says at each field what is wrong, as the API does", async () => {
    const answer = await send(EDITOR, {
      version: "",
      ...steps(
        ["Run", { command: "", timeout: "1.5" }],
        ["RenameFile", { source: "\\a", target: "\\b\\c", osMajor: "six" }],
        ["Install", { file: "x.zip", command: "" }],
      ),
    });
    const page = await readPage(answer);
    expect(page.status).toBe(422);
    for (const name of [
      "version",
      "actions.0.command",
      "actions.0.timeout",
      "actions.1.target",
      "actions.1.osMajor",
    ]) {
      expect(page.html).toContain(`id="wrong-${name}"`);
    }
    expect(page.html).toContain("a name alone, without a path");
    const zip = { version: "4", ...steps(["Install", { file: "x.zip", command: "" }]) };
    const again = await readPage(await send(EDITOR, zip));
    expect([again.status, again.html.includes('id="wrong-actions.0.command"')]).toEqual([
      422,
      true,
    ]);
  });

  test("makes a version, whose page says in words what it does", async () => {
    const made = await send(EDITOR, {
      version: "4.1",
      osPlatform: "PocketPC",
      ...steps(
        ["Download", { source: file(), target: "%TEMP%\\a.xap" }],
        ["Run", { command: "%TEMP%\\a.xap", timeout: "1000", critical: "continue", cpu: "ARM" }],
        ["WarmBoot", {}],
      ),
    });
    const at = "/apps/point-of-sale/revisions/point-of-sale-4-1";
    expect([made.status, made.headers.get("location")]).toEqual([303, at]);
    const page = await readPage(await console_.get(at));
    expect(page.text).toContain("Fetch point-of-sale.xap to %TEMP%\\a.xap");
    expect(page.text).toContain("go on after 1,000 ms at the latest");
    expect(page.text).toContain(
      "On ARM alone. The following steps run whatever this one comes to.",
    );
    expect(page.text).toContain("No metric yet");

    const generated = await send(`${at}/metrics/generate`, {});
    expect(generated.status).toBe(303);
    const after = await readPage(await console_.get(at));
    expect(after.html).toContain('id="metric-1"');
  });
});

describe("the metrics of a version", () => {
  const at = "/apps/point-of-sale/revisions/point-of-sale-steps";

  test("are added, changed and removed; their values are only shown", async () => {
    const page = await readPage(await console_.get(at));
    expect(page.text).toContain("5d41402abc4b2a76b9719d911017c592");
    expect(page.html).not.toContain('name="hash"');
    expect(page.text).toContain("Metric 1 looks at %TEMP%\\My App\\hello.txt");

    await send(`${at}/metrics/change`, { number: "4", operator: "LE" });
    await send(`${at}/metrics/remove`, { number: "1" });
    await send(`${at}/metrics/add`, {
      kind: "FileVersion",
      file: "\\new.exe",
      source: "hello.txt",
      operator: "GE",
      field: "File",
      part: "",
    });
    const after = await readPage(await console_.get(at));
    expect(after.text).toContain("has a size of at most");
    expect(after.html).not.toContain('id="metric-1"');
    expect(after.html).toContain('id="metric-5"');
  });

  test("a wrong one comes back with what is wrong", async () => {
    const answer = await send(`${at}/metrics/add`, {
      kind: "FileSize",
      file: "%HOME%\\a",
      source: "hello.txt",
      operator: "EQ",
    });
    const page = await readPage(answer);
    expect([page.status, page.html.includes('id="wrong-file"')]).toEqual([422, true]);
  });

  test("of a distributed one stay, and the page says why", async () => {
    const fixed = "/apps/point-of-sale/revisions/point-of-sale-2-0";
    const page = await readPage(await console_.get(fixed));
    expect(page.status).toBe(200);
    expect((await console_.get("/apps/point-of-sale/revisions/nothing")).status).toBe(404);
  });
});

describe("versions for other clients", () => {
  const path = "/apps/point-of-sale/revisions/new";

  test("DDI and Mender have forms of their own", async () => {
    const ddi = await send(path, {
      version: "5.1",
      channel: "ddi",
      file: file(),
      handling: "soft",
      part: "os",
      metadata: "a = b\nc=d=e",
    });
    expect(ddi.status).toBe(303);
    const page = await readPage(
      await console_.get("/apps/point-of-sale/revisions/point-of-sale-5-1"),
    );
    expect(page.text).toContain("a = b, c = d=e");
    const mender = await send(path, {
      version: "5.2",
      channel: "mender",
      file: file(),
      artifactName: "app-5",
      deviceTypes: "edge, other",
    });
    expect(mender.status).toBe(303);
  });

  test("what is wrong with them is said at their fields", async () => {
    const ddi = await readPage(await send(path, { version: "6", channel: "ddi", metadata: "x" }));
    expect(ddi.html).toContain('id="wrong-file"');
    expect(ddi.html).toContain('id="wrong-metadata"');
    const mender = await readPage(await send(path, { version: "6", channel: "mender" }));
    expect(mender.html).toContain('id="wrong-artifactName"');
    expect(mender.html).toContain('id="wrong-deviceTypes"');
  });
});
