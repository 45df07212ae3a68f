import type { Doc } from "yjs";
import { copyOf, type OpenDocument } from "./open-document.ts";
import { writePolicy } from "./policy-document.ts";
import { openSecrets, type Recipient, type SealingKeys, sealingChanges } from "./secrets.ts";

/**
 * What a site decided while it was called `formerSite`, as its document under the name that the hub
 * gave it: the very same records, with its secrets sealed for the new name. [PROTOCOL 7.8]
 */
export function carriedDocument(
  former: OpenDocument,
  formerSite: string,
  owner: Recipient & Pick<SealingKeys, "sealingPrivates">,
): Doc {
  const { sealed } = former.contents;
  const doc = copyOf(former.doc);
  const secrets = openSecrets(sealed, formerSite, owner.sealingPrivates);
  const changes = [...secrets].flatMap(([name, value]) =>
    sealingChanges({ name, value, isNew: true }, [owner], sealed),
  );
  writePolicy(doc, changes);
  return doc;
}
