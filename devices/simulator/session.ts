import { createHash } from "node:crypto";
import {
  type AtomicRules,
  type Carried,
  carryOut,
  type ManagementTree,
  notCarriedOut,
} from "../../protocols/oma-dm/carry-out.ts";
import { receiveAnswer, startSession } from "../../protocols/oma-dm/client-session.ts";
import type { ClientConfig, ClientEnd, ClientTurn } from "../../protocols/oma-dm/client-state.ts";
import type { Command } from "../../protocols/syncml/message.ts";
import { clientConfig } from "./client-config.ts";
import type { Fetch } from "./fetch-content.ts";
import type { PlannedDevice } from "./fleet-plan.ts";
import { mishear, stumblesOver } from "./mishear.ts";
import type { Profile } from "./profiles.ts";
import { bytesOf, exchange } from "./transport.ts";

/** Messages after which a device hangs up on a server that never ends. */
export const MESSAGES_MAX = 200;

/** How a device gets into its site. */
export interface Account {
  /** Where `POST /syncml` is, whole. */
  readonly serverUrl: string;
  readonly userName: string;
  readonly password: string;
  /** By which the server proves who it is, and who calls. */
  readonly server?: { readonly userName: string; readonly password: string } | undefined;
}

export interface SessionContext {
  readonly account: Account;
  readonly plan: PlannedDevice;
  readonly profile: Profile;
  readonly fetch: Fetch;
  /** Counts up from session to session; the SessionID is made of it. */
  readonly sessionNumber: number;
  /** Base64, kept from the last session; null before the first. */
  readonly nonce: string | null;
  /** Base64, of what the server was last given; null before the first. */
  readonly serverNonce?: string | null | undefined;
  /** The session that the server called for; else the device begins one by itself. */
  readonly calledFor?: number | undefined;
  readonly nowMs: number;
}

/** What a device shows its server in one session, and what it says by itself. */
export interface SessionSubject<State> {
  readonly tree: ManagementTree<State>;
  readonly state: State;
  /** Told in the first message. */
  readonly alerts: ClientConfig["alerts"];
  /** What it does not take inside an Atomic. */
  readonly atomicRules?: AtomicRules;
  /** It ends the session without an answer once it is in such a state. */
  hangsUp?(state: State): boolean;
}

/** How a session ended: the device's own words, or what became of its line. */
export type SessionEnd = ClientEnd | "unreachable" | "http-error" | "endless" | "hung-up";

export interface SessionOutcome<State> {
  readonly end: SessionEnd;
  /** Messages that were answered. */
  readonly messages: number;
  readonly state: State;
  readonly nonce: string | null;
  readonly serverNonce: string | null;
  /** The HTTP status of `http-error`. */
  readonly httpStatus: number | undefined;
}

/**
 * Holds one management session with the server. What was carried out before the line broke stays
 * carried out, as on a real device.
 */
export async function runSession<State>(
  subject: SessionSubject<State>,
  context: SessionContext,
): Promise<SessionOutcome<State>> {
  const { profile, fetch } = context;
  let { state } = subject;
  let { nonce, serverNonce = null } = context;
  const carry = (command: Command): Carried & { readonly isCancelled?: boolean } => {
    const lacking: readonly string[] = profile.lacks;
    if (lacking.includes(command.name)) return notCarriedOut(command, 501);
    const refusal = stumblesOver(command, profile.quirks);
    if (refusal !== undefined) return notCarriedOut(command, refusal);
    const done = carryOut(subject.tree, state, command, subject.atomicRules);
    state = done.state;
    return { ...done.carried, isCancelled: done.isCancelled };
  };
  const outcome = (end: SessionEnd, messages: number, httpStatus?: number) => ({
    end,
    messages,
    state,
    nonce,
    serverNonce,
    httpStatus,
  });

  let turn: ClientTurn = startSession(clientConfig(context, subject.alerts));
  for (let messages = 0; messages < MESSAGES_MAX; messages++) {
    const { message, session, mac } = turn;
    if (message === undefined) return outcome("failed", messages);
    const answer = await exchange(fetch, session.server, message, profile, mac);
    if (answer.kind === "unreachable") return outcome("unreachable", messages);
    if (answer.kind === "refused") return outcome("http-error", messages, answer.httpStatus);
    turn = receiveAnswer(session, mishear(answer.message, profile.quirks), carry, {
      mac: answer.mac,
      freshNonce: freshNonce(context, messages),
      sizeOf: (one) => bytesOf(one, profile),
    });
    for (const event of turn.events) {
      if (event.kind === "nonce") nonce = event.nonce;
      if (event.kind === "server-nonce") serverNonce = event.nonce;
    }
    if (subject.hangsUp?.(state)) return outcome("hung-up", messages + 1);
    for (const event of turn.events) {
      if (event.kind === "ended") return outcome(event.reason, messages + 1);
    }
  }
  return outcome("endless", MESSAGES_MAX);
}

/** Base64 of 16 bytes that nobody can guess who does not know the device's seed. */
function freshNonce({ plan, sessionNumber }: SessionContext, messages: number): string {
  const seeded = `${plan.seed} ${plan.stableId} ${sessionNumber} ${messages}`;
  return createHash("sha256").update(seeded).digest().subarray(0, 16).toString("base64");
}
