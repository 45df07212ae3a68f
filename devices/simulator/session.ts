import {
  type AtomicRules,
  type Carried,
  carryOut,
  type ManagementTree,
} from "../../protocols/oma-dm/carry-out.ts";
import { receiveAnswer, startSession } from "../../protocols/oma-dm/client-session.ts";
import type { ClientConfig, ClientEnd, ClientTurn } from "../../protocols/oma-dm/client-state.ts";
import { ALERT } from "../../protocols/syncml/alerts.ts";
import type { Command } from "../../protocols/syncml/message.ts";
import type { Fetch } from "./fetch-content.ts";
import type { PlannedDevice } from "./fleet-plan.ts";
import type { Profile } from "./profiles.ts";
import { exchange } from "./transport.ts";

/** Messages after which a device hangs up on a server that never ends. */
export const MESSAGES_MAX = 200;
/** Answers in one message of a device that has little memory. */
const NARROW_ANSWERS = 12;
const ANSWERS_MAX = 1_000;

/** How a device gets into its site. */
export interface Account {
  /** Where `POST /syncml` is, whole. */
  readonly serverUrl: string;
  readonly userName: string;
  readonly password: string;
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
  let { nonce } = context;
  const carry = (command: Command): Carried => {
    const lacking: readonly string[] = profile.lacks;
    if (lacking.includes(command.name)) return notImplemented(command);
    const done = carryOut(subject.tree, state, command, subject.atomicRules);
    state = done.state;
    return done.carried;
  };
  const outcome = (end: SessionEnd, messages: number, httpStatus?: number) => ({
    end,
    messages,
    state,
    nonce,
    httpStatus,
  });

  let turn: ClientTurn = startSession(configOf(context, subject.alerts));
  for (let messages = 0; messages < MESSAGES_MAX; messages++) {
    const { message, session } = turn;
    if (message === undefined) return outcome("failed", messages);
    const answer = await exchange(fetch, session.server, message, profile);
    if (answer.kind === "unreachable") return outcome("unreachable", messages);
    if (answer.kind === "refused") return outcome("http-error", messages, answer.httpStatus);
    turn = receiveAnswer(session, answer.message, carry);
    for (const event of turn.events) if (event.kind === "nonce") nonce = event.nonce;
    if (subject.hangsUp?.(state)) return outcome("hung-up", messages + 1);
    for (const event of turn.events) {
      if (event.kind === "ended") return outcome(event.reason, messages + 1);
    }
  }
  return outcome("endless", MESSAGES_MAX);
}

function configOf(
  { account, plan, profile, sessionNumber, nonce }: SessionContext,
  alerts: ClientConfig["alerts"],
): ClientConfig {
  return {
    sessionId: sessionNumber.toString(profile.hexSessionId ? 16 : 10).toUpperCase(),
    device: plan.stableId,
    server: account.serverUrl,
    userName: account.userName,
    password: account.password,
    scheme: profile.credentials === "basic" ? "syncml:auth-basic" : "syncml:auth-md5",
    nonce,
    waitsForChallenge: profile.waitsForChallenge,
    demands: null,
    startAlert: ALERT.clientInitiated,
    alerts,
    devInfo: [
      ["./DevInfo/DevId", plan.stableId],
      ["./DevInfo/Man", plan.manufacturer],
      ["./DevInfo/Mod", plan.model],
      ["./DevInfo/DmV", "1.2"],
      ["./DevInfo/Lang", "en-US"],
    ],
    maxMsgSize: profile.maxMsgSize,
    maxObjSize: null,
    largeObjects: profile.largeObjects,
    sendBytesMax: null,
    answersMax: profile.maxMsgSize === null ? ANSWERS_MAX : NARROW_ANSWERS,
  };
}

function notImplemented(command: Command): Carried {
  return { command, codes: [{ target: undefined, code: 501 }], nodes: [], members: [] };
}
