import type { FrameAnswer } from "../messages/messages.ts";
import {
  EMPTY_STATE_VECTOR,
  type LinkPosition,
  type OutboxFrame,
} from "../ports/site-link-store.ts";

type Received = Extract<FrameAnswer, { verdict: "taken" | "set-aside" }>;

/** Where the link stands once the hub has received a frame, whether it took it or set it aside. */
export function positionAfter(
  position: LinkPosition,
  frame: OutboxFrame,
  answer: Received,
  atMs: number,
): LinkPosition {
  const startAnew = position.startAnew || answer.startAnew;
  // A policy that was set aside is not there to build on: the next one travels whole.
  const policySent = answer.verdict === "taken" ? position.policyMade : EMPTY_STATE_VECTOR;
  return {
    ...position,
    acknowledgedFrame: frame.seq,
    acknowledgedFacts: answer.facts,
    startAnew,
    flushedRevision: startAnew ? 0 : position.flushedRevision,
    policySent: frame.kind === "policy" ? policySent : position.policySent,
    lastAcknowledgedAtMs: atMs,
  };
}
