import { describe, expect, test } from "bun:test";
import type { DistributionId, Sha256 } from "../../../devices/model/ids.ts";
import { placeAllOrders } from "../../../devices/service/virtual-tree/place-orders.ts";
import { ORDERED_DEVICES_MAX, placeOrder } from "../../../devices/virtual-tree/place-order.ts";
import { DOWNLOAD_LIFE_MS } from "../../../devices/virtual-tree/tree-state.ts";
import { type PhoneState, phone, shapes } from "../../harness/phone.ts";
import type { RawDevice } from "../../harness/raw-device.ts";
import { EAM, P1, P1_DOWNLOAD, P1_INVENTORY, SiteCore } from "../../harness/site-core.ts";
import { TreeSite } from "../../harness/tree-site.ts";
import { atomic, command, type Upstream } from "../../harness/upstream.ts";

const TOKEN = `${EAM}/EnrollmentToken`;
const MINUTE_MS = 60_000;
const SHA = "c".repeat(64) as Sha256;
const URL_2 = `http://site.test/content/${SHA}/ContosoApp1.xap`;

interface World extends AsyncDisposable {
  readonly core: SiteCore;
  readonly trees: TreeSite;
}

async function world(): Promise<World> {
  const core = await SiteCore.open();
  const trees = new TreeSite(core);
  trees.files.set(URL_2, {
    kind: "file",
    file: { sha256: SHA, name: "ContosoApp1.xap", bytes: 1000 },
  });
  core.content.add(SHA);
  return { core, trees, [Symbol.asyncDispose]: () => core[Symbol.asyncDispose]() };
}

async function enrolled(
  { core, trees }: World,
  name: string,
  installed: string | null = null,
): Promise<{
  id: Parameters<SiteCore["row"]>[0];
  raw: RawDevice;
  state: PhoneState;
  upstream: Upstream;
}> {
  const { id, raw } = await core.device(name);
  const state: PhoneState = { seen: [], installed, download: null };
  await raw.session(phone(state));
  return { id, raw, state, upstream: trees.upstream(id) };
}

const order = (version: string, url = URL_2) =>
  atomic(
    command("Add", `${P1_DOWNLOAD}/Name`, "ContosoApp1", "chr", "2"),
    command("Add", `${P1_DOWNLOAD}/URL`, url, "chr", "3"),
    command("Add", `${P1_DOWNLOAD}/Version`, version, "chr", "4"),
    command("Add", `${P1_DOWNLOAD}/DownloadInstall`, "1", undefined, "5"),
    command("Exec", `${P1_DOWNLOAD}/DownloadInstall`, "0", "int", "6"),
  );
const codes = (answer: { statuses: readonly { code: number }[] }) =>
  answer.statuses.map(({ code }) => code);

describe("what is ordered through the tree", () => {
  test("is an on-demand distribution, is sent at the next contact, and its nodes tell how it goes", async () => {
    await using here = await world();
    const { core } = here;
    const { id, raw, state, upstream } = await enrolled(here, "till-1", "1.0.0.0");
    expect(codes(await upstream.post(order("2.0.0.0")))).toEqual([200, 200, 200, 200, 200, 202]);

    const [distribution] = core.policy.distributions;
    expect(distribution).toMatchObject({
      operation: "install",
      mode: "on-demand",
      target: { kind: "devices", devices: [id] },
      sites: ["site-1"],
      author: "upstream",
    });
    const key = distribution?.id as DistributionId;
    expect(core.policy.packages.get(distribution?.package as never)).toMatchObject({
      name: "ContosoApp1",
      productId: P1,
    });
    expect(await core.row(id, key)).toMatchObject({
      status: "pending_update",
      operation: "update",
      reason: "contact",
    });
    expect(await upstream.get(`${P1_DOWNLOAD}/Status`)).toBe("1");

    const commands = await raw.session(phone(state));
    expect(shapes(commands)).toContain(
      "Atomic(Add Name+URL+Version+DownloadInstall, Exec DownloadInstall)",
    );
    for (const status of [0, 1, 2, 3, 4, 5]) {
      core.nowMs += MINUTE_MS;
      state.download = { status };
      if (status === 5) state.installed = "2.0.0.0";
      await raw.session(phone(state));
      expect(await upstream.get(`${P1_DOWNLOAD}/Status`)).toBe(String(status));
    }
    expect((await core.row(id, key)).status).toBe("installed");
    const applied = P1_DOWNLOAD.replace("/4000000001", "/DeviceValue/4000000001");
    expect(await upstream.get(`${applied}/Version`)).toBe("2.0.0.0");

    // The node is kept for a week after the end, and then it can be added again.
    core.nowMs += DOWNLOAD_LIFE_MS - 1;
    expect(codes(await upstream.post(order("2.0.0.0")))[0]).toBe(507);
    core.nowMs += 1;
    expect(await upstream.get(P1_DOWNLOAD)).toBe(404);
  });

  test("fails as the device says it failed, with its error", async () => {
    await using here = await world();
    const { core } = here;
    const { raw, state, upstream } = await enrolled(here, "till-1");
    await upstream.post(order("2.0.0.0"));
    await raw.session(phone(state));
    core.nowMs += MINUTE_MS;
    state.download = { status: 6, lastError: -2146762487, description: "root not trusted" };
    await raw.session(phone(state));
    expect(await upstream.get(`${P1_DOWNLOAD}/Status`)).toBe("6");
    expect(await upstream.get(`${P1_DOWNLOAD}/LastError`)).toBe("-2146762487");
    expect(await upstream.get(`${P1_DOWNLOAD}/LastErrorDesc`)).toBe("root not trusted");

    // The same Exec again is a retry of the same work.
    expect(await upstream.code("Exec", `${P1_DOWNLOAD}/DownloadInstall`, "0")).toBe(202);
    expect(core.policy.distributions).toHaveLength(1);
    expect(await upstream.get(`${P1_DOWNLOAD}/Status`)).toBe("1");
    expect(await upstream.get(`${P1_DOWNLOAD}/LastError`)).toBe("0");
  });

  test("for several devices is one distribution, and the same twice is one order", async () => {
    await using here = await world();
    const { core, trees } = here;
    const first = await enrolled(here, "till-1");
    const second = await enrolled(here, "till-2");
    await Promise.all([
      first.upstream.post(order("2.0.0.0")),
      second.upstream.post(order("2.0.0.0")),
    ]);
    expect(core.policy.distributions).toHaveLength(1);
    expect(core.policy.distributions[0]?.target).toEqual({
      kind: "devices",
      devices: expect.arrayContaining([first.id, second.id]),
    });
    const { length } = trees.written;
    expect(await first.upstream.code("Exec", `${P1_DOWNLOAD}/DownloadInstall`, "0")).toBe(202);
    expect(trees.written).toHaveLength(length);
  });

  test("takes the place of what was ordered before, and the version before is a new epoch [D2, D3]", async () => {
    await using here = await world();
    const { core } = here;
    const { id, upstream } = await enrolled(here, "till-1");
    await upstream.post(order("2.0.0.0"));
    const [two] = core.policy.distributions;
    const replace = (version: string) =>
      upstream.post(
        atomic(
          command("Replace", `${P1_DOWNLOAD}/Version`, version, "chr", "2"),
          command("Exec", `${P1_DOWNLOAD}/DownloadInstall`, "0", "int", "3"),
        ),
      );
    expect(codes(await replace("3.0.0.0"))).toEqual([200, 200, 202]);
    expect((await core.row(id, two?.id as DistributionId)).counted).toBe(false);
    await replace("2.0.0.0");
    expect(core.policy.distributions).toHaveLength(3);
    expect(core.policy.distributions[0]?.revision).toBe(two?.revision as never);
    expect((await core.row(id, core.policy.distributions[0]?.id as never)).counted).toBe(true);
  });

  test("goes before an Automatic distribution of the same app that waits for its window", async () => {
    await using here = await world();
    const { core } = here;
    const { id, raw, state, upstream } = await enrolled(here, "till-1");
    await core.distribute("1.5.0.0", { mode: "automatic" });
    await upstream.post(order("2.0.0.0"));
    const commands = await raw.session(phone(state));
    const push = commands.find(({ name }) => name === "Atomic");
    expect(push?.children[0]?.items.find(({ uri }) => uri.endsWith("/Version"))?.data).toBe(
      "2.0.0.0",
    );
    expect(
      (await core.row(id, core.policy.distributions[0]?.id as never)).offeredAtMs,
    ).not.toBeNull();
  });

  test("is refused in Status and LastError where the URL is nothing the site gives", async () => {
    await using here = await world();
    const { core } = here;
    const { upstream } = await enrolled(here, "till-1");
    const answer = await upstream.post(order("2.0.0.0", "http://contoso.com/ContosoApp1.xap"));
    expect(codes(answer).at(-1)).toBe(202);
    expect(await upstream.get(`${P1_DOWNLOAD}/Status`)).toBe("7");
    expect(await upstream.get(`${P1_DOWNLOAD}/LastErrorDesc`)).toContain("not ours");
    expect(core.policy.distributions).toEqual([]);
  });

  test("waits for its content where a vendor offers it, and goes on when it was fetched", async () => {
    await using here = await world();
    const { core, trees } = here;
    const url = "http://contoso.com/enterpriseapps/ContosoApp1.xap";
    trees.files.set(url, { kind: "source", source: { url, sha256: null, fetchedBy: "site" } });
    const { id, raw, state, upstream } = await enrolled(here, "till-1");
    const second = await enrolled(here, "till-2");
    await upstream.post(order("2.0.0.0", url));
    await second.upstream.post(order("2.0.0.0", url));
    expect(core.policy.distributions).toHaveLength(1);
    const [distribution] = core.policy.distributions;
    const key = distribution?.id as DistributionId;
    expect(await core.row(id, key)).toMatchObject({
      reason: "content",
      reasonDetail: "not fetched yet",
    });
    expect(shapes(await raw.session(phone(state))).join(" ")).not.toContain("DownloadInstall");
    expect(await upstream.get(`${P1_DOWNLOAD}/Status`)).toBe("1");

    const [revision] = core.policy.revisions.values();
    if (!revision) throw new Error("no revision was made");
    const file = { sha256: SHA, name: "ContosoApp1.xap", bytes: 1000 };
    await core.change({ revisions: new Map([[revision.id, { ...revision, file }]]) });
    expect((await core.row(id, key)).reason).toBe("contact");
    expect(shapes(await raw.session(phone(state))).at(-1)).toContain("Exec DownloadInstall");
    // The same address again is the same revision, although it has a file now.
    expect(await upstream.code("Exec", `${P1_DOWNLOAD}/DownloadInstall`, "0")).toBe(202);
    expect(core.policy.revisions.size).toBe(1);
  });

  test("says what is missing when DownloadInstall is executed too early", async () => {
    await using here = await world();
    const { upstream } = await enrolled(here, "till-1");
    expect(await upstream.code("Add", `${P1_DOWNLOAD}/DownloadInstall`, "1")).toBe(200);
    expect(await upstream.code("Exec", `${P1_DOWNLOAD}/DownloadInstall`, "0")).toBe(202);
    expect(await upstream.get(`${P1_DOWNLOAD}/Status`)).toBe("7");
    expect(await upstream.get(`${P1_DOWNLOAD}/LastErrorDesc`)).toContain("Version and URL");
  });

  test("is kept when it cannot be placed now, and placed later, once", async () => {
    await using here = await world();
    const { core, trees } = here;
    const { id, upstream } = await enrolled(here, "till-1");
    trees.failure = new Error("the disk is full");
    expect(codes(await upstream.post(order("2.0.0.0"))).at(-1)).toBe(202);
    expect(core.policy.distributions).toEqual([]);
    expect(await upstream.get(`${P1_DOWNLOAD}/Status`)).toBe("1");
    expect(await core.context.store.devicesWithOrders()).toEqual([id]);

    trees.failure = undefined;
    await placeAllOrders(trees.context);
    await placeAllOrders(trees.context);
    expect(core.policy.distributions).toHaveLength(1);
    expect(await core.context.store.devicesWithOrders()).toEqual([]);
    expect(
      (await core.row(id, core.policy.distributions[0]?.id as never)).requestedAtMs,
    ).not.toBeNull();
  });

  test("is undone with its Atomic: nothing is ordered", async () => {
    await using here = await world();
    const { core } = here;
    const { upstream } = await enrolled(here, "till-1");
    const failing = order("2.0.0.0").replace(
      "</Atomic>",
      `${command("Delete", `${P1_DOWNLOAD}/Name`)}</Atomic>`,
    );
    expect(codes(await upstream.post(failing))).toEqual([507, 216, 216, 216, 216, 216, 405]);
    expect(core.policy.distributions).toEqual([]);
    expect(await upstream.get(P1_DOWNLOAD)).toBe(404);
  });

  test("a thousand devices fill a distribution, and the next one begins another", async () => {
    await using here = await world();
    const { core } = here;
    const { id } = await enrolled(here, "till-1");
    const device = (await core.context.store.find(id)) ?? expect.unreachable();
    const wanted = {
      operation: "install",
      productId: P1,
      name: null,
      version: "2.0.0.0",
      content: { kind: "file", file: { sha256: SHA, name: "a.xap", bytes: 1 } },
    } as const;
    const first = placeOrder(wanted, device, [], core.policy);
    const full = {
      id: first?.distribution as DistributionId,
      target: {
        kind: "devices" as const,
        devices: Array(ORDERED_DEVICES_MAX).fill("0".repeat(32)),
      },
    };
    await core.distribute("2.0.0.0", full);
    const [known] = core.policy.distributions;
    const revision = core.policy.revisions.get(known?.revision as never);
    const again = placeOrder(
      { ...wanted, content: { kind: "file", file: revision?.file ?? wanted.content.file } },
      device,
      [],
      core.policy,
    );
    expect(again?.changes.map(({ kind }) => kind)).toEqual(["distribution"]);
    expect(again?.distribution).not.toBe(full.id);
  });
});

describe("what is deleted through the tree", () => {
  test("an app of the organisation is removed from the device, and shown under DeviceValue until then", async () => {
    await using here = await world();
    const { core } = here;
    const { id, raw, state, upstream } = await enrolled(here, "till-1", "1.0.0.0");
    await core.distribute("1.0.0.0");
    expect(await upstream.code("Delete", P1_INVENTORY)).toBe(200);
    const [removal] = core.policy.distributions;
    expect(removal).toMatchObject({ operation: "uninstall", mode: "on-demand" });
    expect(await upstream.get(P1_INVENTORY)).toBe(404);
    const applied = P1_INVENTORY.replace("/4000000001", "/DeviceValue/4000000001");
    expect(await upstream.get(`${applied}/Version`)).toBe("1.0.0.0");

    const commands = await raw.session(phone(state));
    expect(shapes(commands)).toContain(
      "Delete /EnterpriseApps/Inventory/%7BB316008A-141D-4A79-810F-8B764C4CFDFB%7D",
    );
    expect((await core.row(id, removal?.id as DistributionId)).status).toBe(
      "removed_after_installation",
    );
    expect(await upstream.get(applied)).toBe(404);
  });

  test("Q45 an app that the device will not give up is listed again", async () => {
    await using here = await world();
    const { core } = here;
    const { raw, state, upstream } = await enrolled(here, "till-1", "1.0.0.0");
    await core.distribute("1.0.0.0");
    await upstream.code("Delete", P1_INVENTORY);
    const stubborn: PhoneState = {
      ...state,
      say: ({ name }) => (name === "Delete" ? { code: 405 } : undefined),
    };
    await raw.session(phone(stubborn));
    expect(await upstream.get(`${P1_INVENTORY}/Version`)).toBe("1.0.0.0");
  });

  test("Q45 an app that no package of the organisation is of cannot be removed", async () => {
    await using here = await world();
    const { core } = here;
    const { upstream } = await enrolled(here, "till-1", "1.0.0.0");
    expect(await upstream.code("Delete", P1_INVENTORY)).toBe(405);
    expect(await upstream.get(`${P1_INVENTORY}/Version`)).toBe("1.0.0.0");
    expect(core.policy.distributions).toEqual([]);
  });

  test("S-46 the EnterpriseID unenrols the device, with all its apps, until it is added again", async () => {
    await using here = await world();
    const { core } = here;
    const { id, raw, state, upstream } = await enrolled(here, "till-1", "1.0.0.0");
    const distribution = await core.distribute("1.0.0.0");
    expect((await core.row(id, distribution)).status).toBe("installed");
    expect(await upstream.code("Delete", EAM)).toBe(200);
    for (const child of ["", "/Status", "/EnterpriseApps", "/EnterpriseApps/Inventory"]) {
      expect(await upstream.get(EAM + child)).toBe(404);
    }
    expect(codes(await upstream.post(order("2.0.0.0")))).toEqual([507, 404, 215, 215, 215, 215]);

    const commands = await raw.session(phone({ ...state, installed: null }));
    expect(shapes(commands)).toEqual(["Delete "]);
    expect((await core.row(id, distribution)).status).toBe("removed_after_installation");
    expect((await core.context.store.find(id))?.enrolment).toBe("unenrolled");

    expect(await upstream.code("Add", TOKEN, "VG9rZW4y")).toBe(200);
    const again = await raw.session(phone(state));
    expect(again[0]?.items.find(({ uri }) => uri === TOKEN)?.data).toBe("VG9rZW4y");
    expect((await core.context.store.find(id))?.enrolment).toBe("enabled");
  });
});

describe("what is pushed for one device", () => {
  test("enrols it with the pushed token where the site has none of its own", async () => {
    await using here = await world();
    const { core, trees } = here;
    const { enterprise } = core.policy;
    await core.change({
      enterprise: { ...enterprise, enterpriseId: null, enrollmentToken: null },
    });
    const { id, raw } = await core.device("till-1");
    const upstream = trees.upstream(id);
    await upstream.code("Add", TOKEN, "VG9r\nZW4z");
    await upstream.post(order("2.0.0.0"));
    const state: PhoneState = { seen: [], installed: null, download: null };
    const commands = await raw.session(phone(state));
    expect(commands[0]?.items[0]).toMatchObject({ uri: TOKEN, data: "VG9rZW4z" });
    expect(shapes(commands).at(-1)).toContain("Exec DownloadInstall");
    expect(await upstream.get(TOKEN)).toBe("VG9r\nZW4z");
    expect(await upstream.get(`${EAM}/Status`)).toBe("0");
  });

  test("goes before the site's own token, also later", async () => {
    await using here = await world();
    const { raw, state, upstream } = await enrolled(here, "till-1");
    await upstream.code("Add", TOKEN, "VG9rZW4z");
    const commands = await raw.session(phone(state));
    expect(commands[0]).toMatchObject({
      name: "Replace",
      items: [{ uri: TOKEN, data: "VG9rZW4z" }],
    });
  });
});
