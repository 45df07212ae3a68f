import type { DeviceId } from "../../devices/model/ids.ts";
import type { FoundSource } from "../../devices/ports/order-sources.ts";
import type { PolicyRecordChange, PolicyWriter } from "../../devices/ports/policy-writer.ts";
import { DeviceLock } from "../../devices/service/device-lock.ts";
import { commandTree } from "../../devices/service/virtual-tree/command-tree.ts";
import type { TreeContext } from "../../devices/service/virtual-tree/tree-context.ts";
import { answerDocument } from "../../protocols/oma-dm/answer-document.ts";
import { decodeDocument } from "../../protocols/syncml/decode-message.ts";
import { type Encoding, parseDocument, printDocument } from "../../protocols/syncml/encoding.ts";
import type { SiteCore } from "./site-core.ts";
import { Upstream } from "./upstream.ts";

/** The virtual trees of a `SiteCore`'s devices, without HTTP: the routes have tests of their own. */
export class TreeSite {
  readonly context: TreeContext;
  /** URLs that stand for a file here. */
  readonly files = new Map<string, FoundSource>();
  /** Every policy change that orders made, in order. */
  readonly written: PolicyRecordChange[] = [];
  /** What the next write of policy fails with. */
  failure: Error | undefined;

  constructor(core: SiteCore) {
    const policy: PolicyWriter = {
      write: async (changes, by) => {
        const { failure } = this;
        if (failure) throw failure;
        this.written.push(...changes);
        await core.change(changedPolicy(core, changes, by));
      },
    };
    this.context = {
      site: core.context,
      policy,
      sources: {
        find: (url) => this.files.get(url) ?? { kind: "refused", text: `not ours: ${url}` },
      },
      lock: new DeviceLock(),
    };
  }

  upstream(device: DeviceId, encoding: Encoding = "xml"): Upstream {
    return new Upstream({
      url: `http://site.test/csp/${device}`,
      encoding,
      fetch: async (_url, { body }) => {
        const bytes = Buffer.from(body as Uint8Array);
        const document = decodeDocument(parseDocument(bytes, encoding));
        const carried = await commandTree(this.context, device, document.commands, "upstream");
        return new Response(printDocument(answerDocument(document, carried).root, encoding));
      },
    });
  }
}

/** What the real author would make of it, in short. */
function changedPolicy(core: SiteCore, changes: readonly PolicyRecordChange[], by: string) {
  const packages = new Map<string, unknown>(core.policy.packages);
  const revisions = new Map<string, unknown>(core.policy.revisions);
  const distributions = new Map<string, unknown>(core.policy.distributionsById);
  const made = { createdAtMs: core.nowMs };
  for (const { kind, id, body } of changes) {
    if (kind === "package") packages.set(id, { ...made, ...body });
    else if (kind === "revision") revisions.set(id, { ...made, ...body });
    else {
      const defaults = {
        ...made,
        hlc: core.context.hlc.next(),
        author: by,
        origin: "site",
        stoppedAtMs: null,
        allowDowngrade: false,
        updateOnly: false,
        question: null,
        schedule: null,
      };
      distributions.set(id, { ...(distributions.get(id) ?? defaults), ...body });
    }
  }
  const newestFirst = (a: { hlc: string }, b: { hlc: string }) => (a.hlc < b.hlc ? 1 : -1);
  return {
    packages: packages as typeof core.policy.packages & Map<never, never>,
    revisions: revisions as typeof core.policy.revisions & Map<never, never>,
    distributions: (
      [...distributions.values()] as (typeof core.policy.distributions)[number][]
    ).sort(newestFirst),
  };
}
