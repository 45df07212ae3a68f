import type { ClientConfig, ServerDemand } from "../../protocols/oma-dm/client-state.ts";
import type { AuthScheme } from "../../protocols/oma-dm/credentials.ts";
import { sessionIdText } from "../../protocols/oma-dm/notification.ts";
import { ALERT } from "../../protocols/syncml/alerts.ts";
import type { Credentials, Profile } from "./profiles.ts";
import type { SessionContext } from "./session.ts";

/** Answers in one message of a device that has little memory. */
const NARROW_ANSWERS = 12;
const ANSWERS_MAX = 1_000;

const SCHEMES = {
  basic: "syncml:auth-basic",
  md5: "syncml:auth-md5",
  mac: "syncml:auth-MAC",
} as const satisfies Readonly<Record<Credentials, AuthScheme>>;

/** A session as the device's kind, its account and the occasion make it. */
export function clientConfig(
  context: SessionContext,
  alerts: ClientConfig["alerts"],
): ClientConfig {
  const { account, plan, profile, nonce, calledFor } = context;
  return {
    sessionId: sessionIdOf(context),
    device: plan.stableId,
    server: account.serverUrl,
    userName: account.userName,
    password: account.password,
    scheme: SCHEMES[profile.credentials],
    nonce,
    waitsForChallenge: profile.waitsForChallenge,
    demands: demandOf(context),
    startAlert: calledFor === undefined ? ALERT.clientInitiated : ALERT.serverInitiated,
    alerts,
    devInfo: [
      ["./DevInfo/DevId", plan.stableId],
      ["./DevInfo/Man", plan.manufacturer],
      ["./DevInfo/Mod", plan.model],
      ["./DevInfo/DmV", "1.2"],
      ["./DevInfo/Lang", "en-US"],
    ],
    maxMsgSize: profile.maxMsgSize,
    maxObjSize: profile.maxObjSize,
    largeObjects: profile.largeObjects,
    sendBytesMax: profile.sendBytesMax,
    answersMax: isNarrow(profile) ? NARROW_ANSWERS : ANSWERS_MAX,
  };
}

/** A session that the server has called for has the id that the server gave it. [syncml 3.8] */
function sessionIdOf({ calledFor, sessionNumber, profile }: SessionContext): string {
  if (calledFor !== undefined) return sessionIdText(calledFor);
  return sessionNumber.toString(profile.hexSessionId ? 16 : 10).toUpperCase();
}

function demandOf({ account, plan, profile, serverNonce }: SessionContext): ServerDemand | null {
  if (profile.demands === null) return null;
  const { server } = account;
  if (server === undefined) throw new Error(`${plan.name} was given no password of its server`);
  const scheme = SCHEMES[profile.demands];
  return { ...server, scheme, nonce: serverNonce ?? "", perMessage: false };
}

function isNarrow({ maxMsgSize, sendBytesMax }: Profile): boolean {
  return maxMsgSize !== null || sendBytesMax !== null;
}
