import { afterAll, beforeAll, expect, test } from "bun:test";
import { phone } from "../../harness/phone.ts";
import { SiteCore } from "../../harness/site-core.ts";
import { TreeSite } from "../../harness/tree-site.ts";
import { runTableCase, TABLE_CASES } from "../../harness/tree-table.ts";

let core: SiteCore;
let trees: TreeSite;
beforeAll(async () => {
  core = await SiteCore.open();
  trees = new TreeSite(core);
  await core.distribute("1.0.0.0", { mode: "on-demand" });
});
afterAll(() => core[Symbol.asyncDispose]());

test("S-35 has 24 nodes and five commands", () => {
  expect(TABLE_CASES).toHaveLength(120);
});

test.each(TABLE_CASES.map((one) => [one.name, one.node, one.code, one] as const))(
  "S-35 %s of %s is answered %d",
  async (name, _node, code, one) => {
    const { id, raw } = await core.device(`table-${TABLE_CASES.indexOf(one)}`);
    const isEnrolled = !(name === "Add" && one.node === "{E}");
    if (isEnrolled) await raw.session(phone({ seen: [], installed: "1.0.0.0", download: null }));
    expect(await runTableCase(trees.upstream(id), one)).toBe(code);
  },
);
