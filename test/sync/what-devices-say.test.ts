import { describe, expect, test } from "bun:test";
import type { Fact } from "../../devices/model/fact.ts";
import type { DeviceId } from "../../devices/model/ids.ts";
import { LIST_CHARACTERS_MAX } from "../../devices/model/limits.ts";
import { requestInstallation } from "../../devices/service/installations.ts";
import { recordFacts } from "../../devices/service/record-facts.ts";
import { SqlSiteLinkStore } from "../../gateway/db/stores/site-link-store.ts";
import { packFacts, parseFacts } from "../../sync/journal/codec.ts";
import { projectFacts } from "../../sync/journal/project.ts";
import { addLines, emptyDirectories } from "../../sync/status/directories.ts";
import { resolveEntries } from "../../sync/status/project.ts";
import { readStatusUpdate } from "../../sync/status/read-update.ts";
import { StatusDocument } from "../../sync/status/status-document.ts";
import { type PhoneState, phone } from "../harness/phone.ts";
import { EAM, SiteCore } from "../harness/site-core.ts";

/** Longer than any name, with a character of two halves at every place where it may be cut. */
const ENDLESS = `1.0${"\u{1F4F1}".repeat(2000)}`;
/** More than a fact carries. */
const HUGE = "<&\"' ".repeat(100_000);

/** What the hub makes of all that the site has: what it refuses it sets aside, frame after frame. */
async function atHub(core: SiteCore) {
  const store = new SqlSiteLinkStore(core.database, core.context.site);
  const { rows } = await store.changes(0, 1000);
  const update = new StatusDocument().flush(rows.map(({ row }) => row));
  if (update === undefined) throw new Error("nothing to send");
  const { entries, lines } = readStatusUpdate(update, new Map());
  const directories = emptyDirectories();
  expect(addLines(directories, lines)).toBeUndefined();

  const facts = await store.facts({ incarnation: 1, seq: 0 }, 1000);
  const read: Fact[] = [];
  while (read.length < facts.length) {
    const { raw, count } = packFacts(facts.slice(read.length));
    const first = read.length + 1;
    read.push(...parseFacts(raw, { site: core.context.site, incarnation: 1, first, count }));
  }
  expect(read).toEqual([...facts]);
  projectFacts(core.context.site, read, [], new Map());
  return { entries: resolveEntries(entries, directories), facts: read };
}

describe("the hub can read what a device says, however it says it", () => {
  test("[4.8, 5.3] endless versions and names of a device and its apps", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    const distribution = await core.distribute("2.0.0.0");
    await requestInstallation(
      core.context,
      { site: core.context.site, distribution, device: id },
      "t",
    );
    const state: PhoneState = {
      seen: [],
      installed: ENDLESS,
      download: null,
      say: ({ name, items }) =>
        name === "Get" && /SwV|OSPlatform/.test(items[0]?.uri ?? "")
          ? { code: 200, results: [{ uri: items[0]?.uri ?? "", data: ENDLESS }] }
          : undefined,
    };
    await raw.session(phone(state));
    const device = await core.context.store.find(id);
    expect([device?.osVersion?.length, device?.osPlatform?.length]).toEqual([255, 255]);
    const { entries } = await atHub(core);
    expect(entries.map(({ version }) => version)).toEqual([
      (await core.row(id, distribution)).version,
    ]);
  });

  test("[5.3] a list of apps without end: of its history the beginning is kept, of the list all", async () => {
    await using core = await SiteCore.open();
    const { id, raw } = await core.device("one");
    await core.distribute("2.0.0.0");
    const root = `${EAM}/EnterpriseApps/Inventory`;
    const long = "x".repeat(256);
    const results = Array.from({ length: 700 }, (_, n) => {
      const app = `${root}/%7B${String(n).padStart(8, "0")}-0000-0000-0000-000000000000%7D`;
      return ["Version", "Title"].map((leaf) => ({ uri: `${app}/${leaf}`, data: long }));
    }).flat();
    const say: PhoneState["say"] = ({ items }) =>
      items[0]?.uri.startsWith(root)
        ? { code: 200, results: [{ uri: root, format: "node" }, ...results] }
        : undefined;
    await raw.session(phone({ seen: [], download: null, say }));
    expect((await core.context.store.view(id))?.inventory).toHaveLength(700);
    const { facts } = await atHub(core);
    const [told] = facts.filter(({ kind }) => kind === "inventory");
    expect(told?.value.length).toBeGreaterThan(LIST_CHARACTERS_MAX - 1000);
    expect(told?.value.length).toBeLessThanOrEqual(LIST_CHARACTERS_MAX);
    expect(() => JSON.parse(told?.value ?? "")).not.toThrow();
  });

  test("[4.8, 5.3] words without end", async () => {
    await using core = await SiteCore.open();
    const distribution = await core.distributeReported("Windows");
    const { id } = await core.device("one");
    const say = (device: DeviceId, value: string, text: string) =>
      recordFacts(
        core.context,
        device,
        [{ distribution, source: "windows-csp", value, lastError: -1, text, version: ENDLESS }],
        "test",
      );
    await say(id, "3", HUGE);
    await say(id, "6", ENDLESS.repeat(100));
    const { entries, facts } = await atHub(core);
    expect(entries).toHaveLength(1);
    expect(facts.filter(({ kind }) => kind === "report")).toHaveLength(2);
  });
});
