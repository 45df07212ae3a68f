import type { Link } from "../../../protocols/ddi/answers.ts";
import type { AutoConfirm } from "../../../protocols/ddi/requests.ts";
import { contact } from "../contact/contact.ts";
import { autoConfirmOf } from "./attributes.ts";
import { currentJobs } from "./current-jobs.ts";
import type { DdiClient, DdiContext } from "./ddi-context.ts";
import { type DeviceBase, knownOf, linkOf, numberOf, take } from "./poll.ts";

/** How it stands with the consent of a device's user. */
export interface Consent {
  /** Null: its user is asked. */
  readonly autoConfirm: (AutoConfirm & { readonly atMs: number }) | null;
  /** The job that waits for it. */
  readonly pending: Link | undefined;
}

/** A device asks how it stands with consent. What its answer does not carry is not offered by it. */
export async function readConsent(
  context: DdiContext,
  client: DdiClient,
  base: DeviceBase,
): Promise<Consent> {
  const { site } = context;
  const { id } = client.device;
  const { first, autoConfirm } = await contact(site, id, { protocol: "ddi" }, async (offers) => {
    const known = await knownOf(context, id);
    const [found] = currentJobs(context, client, offers, known);
    const asked = found?.kind === "confirmation" ? found : undefined;
    if (asked) take(context, offers, asked);
    return { first: asked, autoConfirm: autoConfirmOf(known.attributes) };
  });
  const number = first && numberOf(await site.store.jobs(id), first);
  const links = first && number !== undefined ? linkOf(first, number, base) : {};
  return { autoConfirm, pending: links.confirmationBase };
}
