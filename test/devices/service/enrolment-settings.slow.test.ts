import { describe, expect, test } from "bun:test";
import { type PhoneState, phone, shapes } from "../../harness/phone.ts";
import { EAM, SiteCore } from "../../harness/site-core.ts";
import { TreeSite } from "../../harness/tree-site.ts";

/** A device under management that keeps what it is told, and refuses what `refuses` names. */
function keeper(refuses: Readonly<Record<string, number>> = {}) {
  const leaves = new Map<string, string>();
  const state: PhoneState = {
    seen: [],
    installed: null,
    download: null,
    say: ({ name, items }) => {
      if (name !== "Add" && name !== "Replace") return undefined;
      const codes = items.map(({ uri, data = "" }) => {
        const leaf = uri.replace(`${EAM}/`, "");
        const refusal = refuses[leaf];
        if (refusal !== undefined) return refusal;
        if (name === "Add" && leaves.has(leaf)) return 418;
        leaves.set(leaf, data);
        return 200;
      });
      return { code: codes[0] ?? 200, ...(codes.length > 1 && { itemCodes: codes }) };
    },
  };
  return { leaves, handler: phone(state) };
}

async function world(refuses: Record<string, number> = {}) {
  const core = await SiteCore.open();
  const { id, raw } = await core.device("one");
  const { leaves, handler } = keeper(refuses);
  const contact = async () => {
    await core.advance(60_000);
    return shapes(await raw.session(handler)).filter((shape) => !shape.startsWith("Get"));
  };
  const upstream = new TreeSite(core).upstream(id);
  expect(await contact()).toEqual(["Add /EnrollmentToken+/CertificateSearchCriteria"]);
  expect(await contact()).toEqual([]);
  return { core, id, leaves, contact, upstream };
}

describe("what is set for a device that is enrolled already", () => {
  test("by an upstream server, is sent on at the next contact, once", async () => {
    const { core, leaves, contact, upstream } = await world();
    await using _ = core;
    expect(await upstream.code("Add", `${EAM}/CRLCheck`, "0")).toBe(200);
    expect(await upstream.code("Add", `${EAM}/StoreUri`, "https://store.example/app")).toBe(200);
    expect(await upstream.code("Add", `${EAM}/StoreProductID/ProductId`, "{1}")).toBe(200);
    expect(await contact()).toEqual([
      "Add /CRLCheck",
      "Add /StoreUri",
      "Add /StoreProductID/ProductId",
    ]);
    expect([leaves.get("CRLCheck"), leaves.get("StoreUri")]).toEqual([
      "0",
      "https://store.example/app",
    ]);
    expect(leaves.get("StoreProductID/ProductId")).toBe("{1}");
    expect(await contact()).toEqual([]);
  });

  test("a CRLCheck that the device has is replaced", async () => {
    const { core, leaves, contact, upstream } = await world();
    await using _ = core;
    await upstream.code("Add", `${EAM}/CRLCheck`, "0");
    await contact();
    await upstream.code("Replace", `${EAM}/CRLCheck`, "1");
    expect(await contact()).toEqual(["Add /CRLCheck", "Replace /CRLCheck"]);
    expect(leaves.get("CRLCheck")).toBe("1");
    expect(await contact()).toEqual([]);
  });

  test("by an administrator of the site, it is sent as well", async () => {
    const { core, leaves, contact } = await world();
    await using _ = core;
    await core.change({ enterprise: { ...core.policy.enterprise, crlCheck: "1" } });
    expect(await contact()).toEqual(["Add /CRLCheck"]);
    expect(leaves.get("CRLCheck")).toBe("1");
    expect(await contact()).toEqual([]);
  });

  test("what the device refuses or cannot change any more is not sent again", async () => {
    const { core, contact, upstream } = await world({ StoreUri: 405 });
    await using _ = core;
    await upstream.code("Add", `${EAM}/StoreUri`, "https://store.example/app");
    expect(await contact()).toEqual(["Add /StoreUri"]);
    expect(await contact()).toEqual([]);
    const enterprise = { ...core.policy.enterprise, certificateSearchCriteria: "CN%3DDevice-43" };
    await core.change({ enterprise });
    expect(await contact()).toEqual(["Add /CertificateSearchCriteria"]);
    expect(await contact()).toEqual([]);
  });

  test.each([500, 503, 506])(
    "what it cannot take at the moment (status %i) is sent again at the next contact",
    async (code) => {
      const refuses: Record<string, number> = { StoreUri: code };
      const { core, leaves, contact, upstream } = await world(refuses);
      await using _ = core;
      await upstream.code("Add", `${EAM}/StoreUri`, "https://store.example/app");
      await upstream.code("Add", `${EAM}/CRLCheck`, "0");
      expect(await contact()).toEqual(["Add /CRLCheck", "Add /StoreUri"]);
      expect(await contact()).toEqual(["Add /StoreUri"]);
      delete refuses.StoreUri;
      expect(await contact()).toEqual(["Add /StoreUri"]);
      expect(leaves.get("StoreUri")).toBe("https://store.example/app");
      expect(await contact()).toEqual([]);
    },
  );

  test("what it refuses for good is in its history", async () => {
    const { core, id, contact, upstream } = await world({ StoreUri: 405 });
    await using _ = core;
    await upstream.code("Add", `${EAM}/StoreUri`, "https://store.example/app");
    await contact();
    await contact();
    const said = (await core.facts(id)).filter(({ text }) => text?.includes("StoreUri"));
    expect(said.map(({ text }) => text)).toEqual([
      "it refused the enrolment setting StoreUri: status 405",
    ]);
  });

  test("a renewed token leaves it as it is", async () => {
    const { core, contact } = await world();
    await using _ = core;
    await core.change({ enterprise: { ...core.policy.enterprise, crlCheck: "1" } });
    await contact();
    await core.change({ enterprise: { ...core.policy.enterprise, enrollmentToken: "VG9rZW4y" } });
    expect(await contact()).toEqual(["Replace /EnrollmentToken"]);
    expect(await contact()).toEqual([]);
  });

  test("a device of which an older gateway knows only the token is told once more", async () => {
    const { core, id, contact } = await world();
    await using _ = core;
    const view = await core.context.store.view(id);
    if (!view) throw new Error("no device");
    const [token = ""] = view.device.enrolmentDigest?.split(" ") ?? [];
    expect(token).toHaveLength(64);
    await core.context.store.commit([
      { device: id, put: { ...view.device, enrolmentDigest: token } },
    ]);
    expect(await contact()).toEqual(["Add /CertificateSearchCriteria"]);
    expect(await contact()).toEqual([]);
  });
});
