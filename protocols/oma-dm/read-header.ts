import type { Message } from "../syncml/message.ts";
import { MAX_MSG_SIZE_MIN } from "./server-state.ts";

/** 505 or 513 for a header of another version; what is missing is taken for the right one. */
export function versionProblem({ header }: Message): number | undefined {
  if (header.verDtd !== "" && !header.verDtd.startsWith("1.")) return 505;
  if (header.verProto !== "" && !header.verProto.startsWith("DM/1.")) return 513;
  return undefined;
}

/** The MaxMsgSize that the header gives, in bytes; one that is too small to be meant is passed over. */
export function maxMsgSizeOf({ header }: Message): number | undefined {
  const { maxMsgSize } = header;
  return maxMsgSize !== undefined && maxMsgSize >= MAX_MSG_SIZE_MIN ? maxMsgSize : undefined;
}
