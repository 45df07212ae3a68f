import { ProtocolError } from "../../../protocols/errors.ts";
import type { Element } from "../../../protocols/syncml/element.ts";
import type { CeHeaders } from "../../../protocols/wince/headers.ts";
import type { CeRequest } from "../../../protocols/wince/requests.ts";
import { dateText } from "../../../protocols/wince/time-text.ts";
import type { CeContext } from "./ce-context.ts";
import { hearInventory } from "./hear-inventory.ts";
import { hearStatus } from "./hear-status.ts";
import { answerInstructions } from "./instructions.ts";
import { answerLocation } from "./locate.ts";
import { answerPoll } from "./poll.ts";
import { proveDevice } from "./prove.ts";

export interface CeOrigin {
  readonly address: string;
  /** The gateway's address as the device reaches it. */
  readonly baseUrl: () => string;
}

export interface CeAnswer {
  /** Null: there is nothing to say. */
  readonly root: Element | null;
  /** What the device is to show from now on; null: what it showed. */
  readonly newToken: string | null;
  /** For `X-Device-Timestamp`; null: it was not told everything. */
  readonly timestamp: string | null;
  /** Status messages that are about nothing of ours. */
  readonly refused: number;
}

/**
 * Answers one document of a device. What it says is durable before this resolves.
 *
 * @throws AppError "unauthorized" for one that is not known or shows a wrong token, "not-found" for a
 *   package that it has not, "unavailable" while nothing is known of what it is to have
 * @throws ProtocolError `ce-wrong-device` for a poll in another device's name
 */
export async function answerDevice(
  context: CeContext,
  headers: CeHeaders,
  request: CeRequest,
  { address, baseUrl }: CeOrigin,
): Promise<CeAnswer> {
  const poll = request.kind === "poll" ? request : undefined;
  if (poll?.uuid != null && poll.uuid !== headers.uuid) {
    throw new ProtocolError("ce-wrong-device", "Identification/ID is not X-Device-UUID");
  }
  const { device, newToken } = await proveDevice(context, headers, poll, address);
  const answer: CeAnswer = { root: null, newToken, timestamp: null, refused: 0 };
  switch (request.kind) {
    case "poll": {
      const hasPolled = headers.timestamp !== null;
      const { clientVersion } = headers;
      const polled = await answerPoll(context, device, request, { clientVersion, hasPolled });
      const timestamp = polled.isWhole ? dateText(context.site.now()) : null;
      return { ...answer, root: polled.root, timestamp };
    }
    case "instructions":
      return { ...answer, root: await answerInstructions(context, device, request.packages) };
    case "location":
      return { ...answer, root: await answerLocation(context, device, request.package, baseUrl()) };
    case "status":
      return { ...answer, refused: await hearStatus(context, device, request.messages) };
    case "inventory":
      await hearInventory(context, device, request.properties);
      return answer;
  }
}
