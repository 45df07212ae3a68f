import { type Carried, carryOut } from "../../protocols/oma-dm/carry-out.ts";
import { receiveAnswer, startSession } from "../../protocols/oma-dm/client-session.ts";
import type { ClientConfig, ClientEnd, ClientTurn } from "../../protocols/oma-dm/client-state.ts";
import { ALERT } from "../../protocols/syncml/alerts.ts";
import type { Command } from "../../protocols/syncml/message.ts";
import type { AppState } from "./app-state.ts";
import { type DeviceTreeState, deviceTree } from "./device-tree.ts";
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

/** How a session ended: the device's own words, or what became of its line. */
export type SessionEnd = ClientEnd | "unreachable" | "http-error" | "endless";

export interface SessionOutcome {
  readonly end: SessionEnd;
  /** Messages that were answered. */
  readonly messages: number;
  readonly state: AppState;
  /** Products whose DownloadInstall was executed. */
  readonly started: readonly string[];
  readonly nonce: string | null;
  /** The HTTP status of `http-error`. */
  readonly httpStatus: number | undefined;
}

/**
 * Holds one management session with the server. What was carried out before the line broke stays
 * carried out, as on a real device.
 */
export async function runSession(
  before: AppState,
  context: SessionContext,
): Promise<SessionOutcome> {
  const { profile, fetch, nowMs } = context;
  const tree = deviceTree(infoOf(context), { nowMs, structData: profile.structData });
  let state: DeviceTreeState = { apps: before, started: [] };
  let { nonce } = context;
  const carry = (command: Command): Carried => {
    const lacking: readonly string[] = profile.lacks;
    if (lacking.includes(command.name)) return notImplemented(command);
    const done = carryOut(tree, state, command);
    state = done.state;
    return done.carried;
  };
  const outcome = (end: SessionEnd, messages: number, httpStatus?: number): SessionOutcome => ({
    end,
    messages,
    state: state.apps,
    started: state.started,
    nonce,
    httpStatus,
  });

  let turn: ClientTurn = startSession(configOf(context));
  for (let messages = 0; messages < MESSAGES_MAX; messages++) {
    const { message, session } = turn;
    if (message === undefined) return outcome("failed", messages);
    const answer = await exchange(fetch, session.server, message, profile);
    if (answer.kind === "unreachable") return outcome("unreachable", messages);
    if (answer.kind === "refused") return outcome("http-error", messages, answer.httpStatus);
    turn = receiveAnswer(session, answer.message, carry);
    for (const event of turn.events) {
      if (event.kind === "nonce") nonce = event.nonce;
      if (event.kind === "ended") return outcome(event.reason, messages + 1);
    }
  }
  return outcome("endless", MESSAGES_MAX);
}

function configOf({ account, plan, profile, sessionNumber, nonce }: SessionContext): ClientConfig {
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
    alerts: [LOGIN_STATUS],
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

/** Windows says in every first message whether somebody is logged in. [syncml 5] */
const LOGIN_STATUS = {
  code: ALERT.clientEvent,
  items: [{ meta: { type: "com.microsoft/MDM/LoginStatus", format: "chr" }, data: "user" }],
} as const;

function infoOf({ plan, profile }: SessionContext): ReadonlyMap<string, string> {
  return new Map([
    ["DevInfo/DevId", plan.stableId],
    ["DevInfo/Man", plan.manufacturer],
    ["DevInfo/Mod", plan.model],
    ["DevInfo/DmV", "1.2"],
    ["DevInfo/Lang", "en-US"],
    ["DevDetail/DevTyp", profile.osPlatform],
    ["DevDetail/OEM", plan.manufacturer],
    ["DevDetail/FwV", "1.0"],
    ["DevDetail/SwV", profile.osVersion],
    ["DevDetail/HwV", "1.0"],
    ["DevDetail/LrgObj", String(profile.largeObjects)],
  ]);
}

function notImplemented(command: Command): Carried {
  return { command, codes: [{ target: undefined, code: 501 }], nodes: [], members: [] };
}
