import type { OutgoingCommand } from "../../protocols/oma-dm/outgoing-command.ts";
import type {
  DeviceFeature,
  ServerSession,
  SessionEvent,
} from "../../protocols/oma-dm/server-state.ts";

/**
 * What a device's client was found to be able to do. It is kept from session to session, with the
 * session; what is lost with it is found out again.
 */
export interface DmClient {
  /** DevDetail/LrgObj: it takes objects in chunks. Null: nobody has asked. */
  readonly largeObjects: boolean | null;
  readonly lacks: readonly DeviceFeature[];
  /** The system that was found to be so: a newer one may be able to do more. */
  readonly osVersion: string | null;
}

export const NEW_CLIENT: DmClient = { largeObjects: null, lacks: [], osVersion: null };

const TAG = "client-large-objects";
const ASK_LARGE_OBJECTS: OutgoingCommand = {
  name: "Get",
  tag: TAG,
  items: [{ target: "./DevDetail/LrgObj" }],
};

/** What has to be asked before anything else is sent: only a narrow device ever needs chunks. */
export function questionsFor(client: DmClient, session: ServerSession): readonly OutgoingCommand[] {
  const isNarrow = session.maxMsgSize !== null;
  return isNarrow && client.largeObjects === null ? [ASK_LARGE_OBJECTS] : [];
}

export function clientAfter(
  before: DmClient,
  events: readonly SessionEvent[],
  osVersion: string | null,
): DmClient {
  const isSameSystem = before.osVersion === null || before.osVersion === osVersion;
  let client: DmClient = { ...(isSameSystem ? before : NEW_CLIENT), osVersion };
  for (const event of events) {
    if (event.kind === "lacks" && !client.lacks.includes(event.feature)) {
      client = { ...client, lacks: [...client.lacks, event.feature] };
    } else if (event.kind === "dev-info" && event.info.lrgObj !== undefined) {
      client = { ...client, largeObjects: isTrue(event.info.lrgObj) };
    } else if (event.kind === "results" && event.tag === TAG) {
      client = { ...client, largeObjects: isTrue(event.items[0]?.data ?? "") };
    } else if ((event.kind === "status" || event.kind === "unanswered") && event.tag === TAG) {
      // Without an answer it is taken for a device that cannot. [syncml 1]
      client = { ...client, largeObjects: client.largeObjects ?? false };
    }
  }
  return client;
}

function isTrue(text: string): boolean {
  return /^\s*(true|1)\s*$/i.test(text);
}
