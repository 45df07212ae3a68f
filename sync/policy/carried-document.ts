import type { Doc } from "yjs";
import { type FormerNames, renamingChanges } from "./former-names.ts";
import { copyOf, type OpenDocument } from "./open-document.ts";
import { writePolicy } from "./policy-document.ts";
import { openSecrets, type Recipient, type SealingKeys, sealingChanges } from "./secrets.ts";

/**
 * What a site decided under its former names, as its document under those that the hub gave it: the
 * same records, which speak of the site and its devices by their new names, with its secrets sealed for
 * the new one. [PROTOCOL 7.8]
 */
export function carriedDocument(
  former: OpenDocument,
  names: FormerNames,
  owner: Recipient & Pick<SealingKeys, "sealingPrivates">,
): Doc {
  const { sealed } = former.contents;
  const doc = copyOf(former.doc);
  const secrets = openSecrets(sealed, names.site, owner.sealingPrivates);
  const changes = [...secrets].flatMap(([name, value]) =>
    sealingChanges({ name, value, isNew: true }, [owner], sealed),
  );
  writePolicy(doc, [...renamingChanges(former.contents, names, owner.site), ...changes]);
  return doc;
}
