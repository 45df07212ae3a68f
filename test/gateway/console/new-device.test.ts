import { describe, expect, test } from "bun:test";
import { generateKeyPairSync } from "node:crypto";
import type { NewDevice } from "../../../devices/service/register-device.ts";
import { openConsole } from "../../harness/console-fixture.ts";
import { readPage } from "./read-page.ts";

const SITE = "http://site.example:8080";

/** A console that remembers what was registered. */
async function open() {
  const console_ = await openConsole({ devices: 1 });
  const wanted: NewDevice[] = [];
  const useCases = console_.deps.site?.useCases;
  if (!useCases) throw new Error("no site");
  const { registerDevice } = useCases;
  Object.assign(useCases, {
    registerDevice: (one: NewDevice, by: string) => {
      wanted.push(one);
      return registerDevice(one, by);
    },
  });
  return {
    wanted,
    add: async (form: Record<string, string>) =>
      readPage(await console_.post("/devices/new", form)),
    console_,
    [Symbol.asyncDispose]: () => console_[Symbol.asyncDispose](),
  };
}

describe("a device is added", () => {
  test("the form offers every protocol, and starts with the one that is asked for", async () => {
    await using site = await open();
    const page = await readPage(await site.console_.get("/devices/new?protocol=mender"));
    const values = [...page.html.matchAll(/<option value="([a-z-]+)"/g)].map(([, value]) => value);
    expect(values).toEqual(
      expect.arrayContaining(["oma-dm", "agent", "ddi", "mender", "ce"] as never[]),
    );
    expect(page.html).toContain('<option value="mender" selected');
  });

  test("of OMA DM with a password, and where its server is", async () => {
    await using site = await open();
    const page = await site.add({ protocol: "oma-dm", stableId: "IMEI:1", platform: "Windows" });
    expect(page.text).toContain("secret-of-the-device");
    expect(page.text).toContain(`${SITE}/syncml`);
    expect(site.wanted).toMatchObject([{ stableId: "IMEI:1", platform: "Windows" }]);
  });

  test("of an agent with a one-time code in a command that can be copied", async () => {
    await using site = await open();
    const page = await site.add({ protocol: "agent", stableId: "till 7", name: "Till 7" });
    const [, code] = /<output[^>]*>([a-z0-9-]+)</.exec(page.html) ?? [];
    expect(code).toMatch(/^([a-z0-9]{4}-){3}[a-z0-9]{4}$/);
    expect(page.html).toContain(
      `outpost agent --server ${SITE} --enrol ${code} --id &#39;till 7&#39;`,
    );
    expect(page.html).toContain('data-copy="snippet-agent"');
    expect(site.wanted).toEqual([]);
    const [made] = (await site.console_.deps.site?.codes.list()) ?? [];
    expect(made).toMatchObject({ stableId: "till 7", note: "Till 7" });
    expect(JSON.parse(made?.template ?? "")).toMatchObject({ name: "Till 7", platform: "Windows" });
    expect(JSON.parse(made?.template ?? "")).not.toHaveProperty("cpu");
  });

  test("of an agent whose name nobody knows yet", async () => {
    await using site = await open();
    const page = await site.add({ protocol: "agent", stableId: "" });
    expect(page.status).toBe(200);
    expect(page.html).not.toContain("--id");
    const [made] = (await site.console_.deps.site?.codes.list()) ?? [];
    expect(made).toMatchObject({ stableId: null });
  });

  test("of hawkBit with its token in what swupdate and rauc read", async () => {
    await using site = await open();
    const page = await site.add({ protocol: "ddi", stableId: "kiosk-7" });
    expect(page.html).toContain(`-t DEFAULT -u ${SITE} -i kiosk-7 -k token-of-the-device`);
    expect(page.text).toContain("hawkbit_server = site.example:8080");
    expect(page.text).toContain("ssl = false");
    expect(page.text).toContain("auth_token = token-of-the-device");
    expect(site.wanted).toMatchObject([
      { stableId: "kiosk-7", protocol: "ddi", platform: "Windows", osPlatform: "Linux" },
    ]);
  });

  test("of Mender with its identity in one form and its key, as the client will send them", async () => {
    await using site = await open();
    const { publicKey } = generateKeyPairSync("ed25519");
    const page = await site.add({
      protocol: "mender",
      stableId: '{ "sn": "7", "mac": "02" }',
      publicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
    });
    expect(page.html).toContain(`&quot;ServerURL&quot;: &quot;${SITE}&quot;`);
    const token = publicKey.export({ type: "spki", format: "der" }).toString("base64");
    expect(site.wanted).toMatchObject([
      { stableId: '{"mac":"02","sn":"7"}', name: "02 7", protocol: "mender", token },
    ]);
  });

  test("of Windows CE with the address that it polls", async () => {
    await using site = await open();
    const page = await site.add({ protocol: "ce", stableId: "{0f3b0c2d-4e5a}" });
    expect(page.text).toContain(`${SITE}/devicemgmt/server.aspx`);
    expect(page.text).not.toContain("shown this one time");
    expect(site.wanted).toMatchObject([{ stableId: "0F3B0C2D-4E5A", protocol: "ce" }]);
  });

  test.each([
    ["no id", { protocol: "ddi", stableId: "" }, "stableId"],
    ["a short token", { protocol: "ddi", stableId: "a", token: "short" }, "token"],
    [
      "no JSON",
      { protocol: "mender", stableId: "02:00", publicKey: "-----BEGIN PUBLIC KEY-----" },
      "stableId",
    ],
    ["no key", { protocol: "mender", stableId: '{"a":"b"}', publicKey: "x" }, "publicKey"],
    ["no UUID", { protocol: "ce", stableId: "till 7" }, "stableId"],
    ["a long id", { protocol: "agent", stableId: "x".repeat(300) }, "stableId"],
    ["a wrong fact", { protocol: "agent", stableId: "", osMajor: "ten" }, "osMajor"],
  ])("not with %s: the field says so, and what was chosen stays", async (_, form, field) => {
    await using site = await open();
    const page = await site.add(form);
    expect(page.status).toBe(422);
    expect(page.html).toContain(`id="wrong-${field}"`);
    expect(page.html).toContain(`<option value="${form.protocol}" selected`);
    expect(site.wanted).toEqual([]);
  });
});

test("the settings say whether agents are let in by themselves", async () => {
  await using console_ = await openConsole({ devices: 0 });
  await console_.post("/settings/agents", { agentPlugAndPlay: "yes" });
  expect(console_.deps.settings.read().agents).toEqual({ plugAndPlay: true });
  await console_.post("/settings/agents", {});
  expect(console_.deps.settings.read().agents).toEqual({ plugAndPlay: false });
});
