import { AppError } from "../../devices/model/errors.ts";
import type { Fact } from "../../devices/model/fact.ts";
import type { DeviceId } from "../../devices/model/ids.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import { readFrame, unpackBody } from "../frame/envelope.ts";
import { parseFacts } from "../journal/codec.ts";
import { projectFacts } from "../journal/project.ts";
import type { PolicyBook } from "../policy/policy-book.ts";
import { siteDocumentName } from "../policy/policy-document.ts";
import type { HubStore, IngestWrite, QuarantinedFrame, SiteRecord } from "../ports/hub-store.ts";
import type { FrameKind } from "../ports/site-link-store.ts";

export interface TakeAgainDeps {
  readonly store: HubStore;
  readonly book: PolicyBook;
}

/** Of the others the site has sent the same anew, or has to. */
export const TAKEN_AGAIN: ReadonlySet<string> = new Set<FrameKind>(["journal", "policy"]);

/**
 * Takes in a frame that was set aside, after what was wrong with it was mended at the hub (a newer
 * version, mostly). It was proven to be the site's when it came. It is old by now, so it adds what is
 * missing and sets nothing back: facts to the history, words of rows, unheard-of devices, and changes
 * of policy, which merge in any order. One transaction, in which it leaves quarantine. [PROTOCOL 3.10]
 *
 * @param site the record as it is now; the frame may be of a former incarnation
 * @throws AppError "unprocessable" when it is still wrong, "conflict" for a kind that is not taken again
 */
export async function takeAgain(
  { book, store }: TakeAgainDeps,
  site: SiteRecord,
  { id, reason: _, ...kept }: QuarantinedFrame,
): Promise<void> {
  if (kept.frame.length === 0) {
    throw new AppError(
      "conflict",
      "Its bytes were not kept: the site's room in quarantine was full.",
    );
  }
  const { frame: bytes, ...inbox } = kept;
  const common = { site, inbox, leavesQuarantine: id };
  try {
    await book.exclusive(async () => {
      const frame = readFrame(bytes);
      const { content } = frame.header;
      switch (content.kind) {
        case "journal": {
          const facts = parseFacts(unpackBody(frame), { site: site.id, ...content });
          await store.ingest({ ...common, facts, ...(await lacking(store, site, facts)) });
          return;
        }
        case "policy": {
          const staged = book.stage(siteDocumentName(site.id), unpackBody(frame), false);
          await store.ingest({ ...common, policy: staged.write });
          staged.accept();
          return;
        }
        case "status":
        case "keys":
          throw new AppError("conflict", `A frame of kind ${content.kind} is not taken again.`);
      }
    });
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    throw new AppError("unprocessable", `It is still wrong: ${error.rule}: ${error.message}`);
  }
}

/** Words for rows that stand where the facts left them, and devices that the hub has not heard of. */
async function lacking(
  store: HubStore,
  site: SiteRecord,
  facts: readonly Fact[],
): Promise<Pick<IngestWrite, "devices" | "rows">> {
  const ids = [...new Set(facts.map(({ device }) => device))];
  const distributions = [...new Set(facts.flatMap(({ distribution }) => distribution ?? []))];
  const known = await store.devices(ids, { packages: [], distributions });
  const { devices, rows } = projectFacts(site.id, facts, [], known);
  // Of a device that the hub knows it has later news.
  const isKnown = (id: DeviceId) =>
    known.get(id)?.devices.some((one) => one.site === site.id) ?? false;
  return { devices: devices.filter((device) => !isKnown(device.id)), rows };
}
