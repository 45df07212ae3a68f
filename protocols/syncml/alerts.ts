/** The alert codes of OMA DM 1.2 and who may send them. [syncml 3.5] */
export interface AlertRule {
  readonly name: string;
  readonly sender: "server" | "client" | "both";
  /** What it is about: talking to the user, the flow of the session, or an event on the device. */
  readonly about: "user" | "session" | "event";
}

export const ALERT = {
  display: 1100,
  confirm: 1101,
  textInput: 1102,
  singleChoice: 1103,
  multipleChoice: 1104,
  serverInitiated: 1200,
  clientInitiated: 1201,
  nextMessage: 1222,
  sessionAbort: 1223,
  clientEvent: 1224,
  noEndOfData: 1225,
  generic: 1226,
} as const;

export const ALERTS: Readonly<Record<number, AlertRule>> = {
  [ALERT.display]: { name: "Display", sender: "server", about: "user" },
  [ALERT.confirm]: { name: "Confirm or reject", sender: "server", about: "user" },
  [ALERT.textInput]: { name: "Text input", sender: "server", about: "user" },
  [ALERT.singleChoice]: { name: "Single choice", sender: "server", about: "user" },
  [ALERT.multipleChoice]: { name: "Multiple choice", sender: "server", about: "user" },
  [ALERT.serverInitiated]: { name: "Server-initiated", sender: "client", about: "session" },
  [ALERT.clientInitiated]: { name: "Client-initiated", sender: "client", about: "session" },
  [ALERT.nextMessage]: { name: "Next message", sender: "both", about: "session" },
  [ALERT.sessionAbort]: { name: "Session abort", sender: "both", about: "session" },
  [ALERT.clientEvent]: { name: "Client event", sender: "client", about: "event" },
  [ALERT.noEndOfData]: { name: "No end of data", sender: "both", about: "session" },
  [ALERT.generic]: { name: "Generic alert", sender: "client", about: "event" },
};

/** Does this alert open a management session? */
export function isSessionStart(code: number): boolean {
  return code === ALERT.serverInitiated || code === ALERT.clientInitiated;
}
