import { cut, PROBLEM_CHARACTERS_MAX } from "../../protocols/errors.ts";
import type { SessionEvent } from "../../protocols/oma-dm/server-state.ts";
import { ALERT } from "../../protocols/syncml/alerts.ts";
import type { Command, Item, Message, StatusCommand } from "../../protocols/syncml/message.ts";
import { maskText } from "../../protocols/syncml/secret-text.ts";
import { statusKind } from "../../protocols/syncml/statuses.ts";
import type { RecordedSession, SessionCommand, SessionOutcome } from "../model/recorded-session.ts";
import type { Course, Exchange } from "../ports/session-recorder.ts";
import type { Unanswered } from "../ports/session-records.ts";
import { abortReason, refusalReason } from "./reasons.ts";

/** Commands of one session that are listed; more are counted. */
export const COMMANDS_LISTED_MAX = 100;
const ABOUT_CHARACTERS_MAX = 300;
/** Names that a device gives itself or its session are as long as it likes. */
const NAME_CHARACTERS_MAX = 256;

export type Beginning = Pick<
  RecordedSession,
  "id" | "device" | "externalId" | "sessionId" | "startedAtMs" | "address" | "encoding"
>;

/** A session being recorded: what is told of it changes with every exchange. */
export class SessionDraft {
  #session: RecordedSession;
  #commands: SessionCommand[];
  /** Where a command stands in the list, by its message and its own number. */
  readonly #places: Map<string, number>;
  #wasListed = false;

  constructor(session: RecordedSession, unanswered: Unanswered = {}) {
    this.#session = session;
    this.#places = new Map(Object.entries(unanswered));
    this.#commands = [...session.commands];
  }

  static begin(beginning: Beginning): SessionDraft {
    const { externalId, sessionId } = beginning;
    return new SessionDraft({
      ...beginning,
      externalId: cut(externalId, NAME_CHARACTERS_MAX),
      sessionId: cut(sessionId, NAME_CHARACTERS_MAX),
      lastAtMs: beginning.startedAtMs,
      startedBy: null,
      scheme: null,
      authenticated: false,
      failedAttempts: 0,
      outcome: "running",
      reason: null,
      hasProblem: false,
      messages: 0,
      bytesIn: 0,
      bytesOut: 0,
      commands: [],
      moreCommands: 0,
      messagesNotKept: 0,
    });
  }

  get session(): RecordedSession {
    if (this.#wasListed) {
      this.#wasListed = false;
      this.#session = { ...this.#session, commands: [...this.#commands] };
    }
    return this.#session;
  }

  get unanswered(): Unanswered | undefined {
    if (!this.isRunning) return undefined;
    const waiting = [...this.#places].filter(([, place]) => {
      const status = this.#commands[place]?.status;
      return status === null || status === 213;
    });
    return Object.fromEntries(waiting);
  }

  /** Its device had not the last word, or has none at all. */
  get isRunning(): boolean {
    return this.#session.outcome === "running";
  }

  /** Takes in a message and the answer to it. */
  add({ atMs, hasMac, request, outcome }: Exchange): void {
    const before = this.#session;
    const { message } = request;
    const answer = outcome.kind === "answered" ? outcome.answer : undefined;
    this.#change({
      lastAtMs: atMs,
      messages: before.messages + (answer === undefined ? 1 : 2),
      bytesIn: before.bytesIn + request.bytes.length,
      bytesOut: before.bytesOut + (answer?.bytes.length ?? 0),
      startedBy: before.startedBy ?? starterOf(message),
      scheme: before.scheme ?? (hasMac ? "syncml:auth-MAC" : schemeShown(message)),
    });
    if (outcome.kind === "turned-away") {
      this.end("refused", outcome.problem);
      return;
    }
    if (outcome.course.turn === "repeat") return;
    this.#listAnswers(message);
    this.#listAlerts(message);
    this.#takeEvents(outcome.course.events);
    if (answer !== undefined) {
      this.#listOrders(answer.message);
      this.#judgeEnd(message, answer.message, outcome.course);
    }
  }

  /** A message of it, or in its place, that could not be read. */
  addUnreadable(atMs: number, bytes: number, problem: string): void {
    const { messages, bytesIn } = this.#session;
    this.#change({ lastAtMs: atMs, messages: messages + 1, bytesIn: bytesIn + bytes });
    this.end("unreadable", problem);
  }

  notKept(count: number): void {
    this.#change({ messagesNotKept: this.#session.messagesNotKept + count });
  }

  /** Why it may look as if the device had not been heard again. */
  explain(reason: string): void {
    this.#change({ reason });
  }

  end(outcome: SessionOutcome, reason: string | null): void {
    this.#change({ outcome, reason: reason && cut(reason, PROBLEM_CHARACTERS_MAX) });
    if (outcome !== "finished") this.#change({ hasProblem: true });
  }

  #change(change: Partial<RecordedSession>): void {
    this.#session = { ...this.#session, ...change };
  }

  #takeEvents(events: readonly SessionEvent[]): void {
    for (const event of events) {
      if (event.kind === "authenticated") {
        this.#change({ authenticated: true, scheme: event.scheme, reason: null });
      } else if (event.kind === "not-authenticated") {
        this.#change({ failedAttempts: this.#session.failedAttempts + 1 });
      }
    }
  }

  #judgeEnd(message: Message, answer: Message, { events, isOver }: Course): void {
    const refusal = refusalReason(message, answer, events);
    if (refusal !== undefined) this.#change({ reason: refusal });
    if (!isOver) return;
    const abort = abortReason(events);
    if (abort !== undefined) this.end("aborted", abort);
    else if (refusal !== undefined || !this.#session.authenticated)
      this.end("refused", refusal ?? null);
    else this.end("finished", null);
  }

  #list(command: SessionCommand, key: string | undefined): void {
    const last = this.#commands.length - 1;
    const before = this.#commands[last];
    // The next piece of the same object.
    const isMore =
      before?.status === 213 &&
      before.command === command.command &&
      before.about === command.about;
    if (!isMore && last + 1 >= COMMANDS_LISTED_MAX) {
      this.#change({ moreCommands: this.#session.moreCommands + 1 });
      return;
    }
    const place = isMore ? last : last + 1;
    this.#commands[place] = command;
    if (key !== undefined) this.#places.set(key, place);
    this.#wasListed = true;
  }

  #answer(key: string, status: number): void {
    const place = this.#places.get(key);
    const command = place === undefined ? undefined : this.#commands[place];
    if (place === undefined || command === undefined) return;
    this.#commands[place] = { ...command, status };
    this.#wasListed = true;
    if (isProblem(command.command, status)) this.#change({ hasProblem: true });
  }

  /** What the device said to commands of ours. */
  #listAnswers({ commands }: Message): void {
    for (const command of commands) {
      if (command.name !== "Status") continue;
      this.#answer(`server ${command.msgRef} ${command.cmdRef ?? ""}`, command.code);
    }
  }

  /** What the device tells beside its answers. */
  #listAlerts({ header, commands }: Message): void {
    for (const command of commands) {
      if (command.name !== "Alert" || SESSION_ALERTS.has(command.code)) continue;
      const type = command.items[0]?.meta?.type ?? "";
      const about = aboutText(`${command.code} ${type}`.trim());
      const more = Math.max(0, command.items.length - 1);
      this.#list(
        { from: "device", command: "Alert", about, more, status: null },
        `device ${header.messageId} ${command.cmdId}`,
      );
    }
  }

  /** What is said to the device: commands, and its own that were not carried out. */
  #listOrders({ header, commands }: Message): void {
    for (const command of commands) {
      if (command.name === "Status") this.#listStatus(command);
      else this.#listOrder(command, header.messageId);
    }
  }

  #listStatus({ cmd, cmdRef = "", code, msgRef, sourceRefs, targetRefs }: StatusCommand): void {
    const key = `device ${msgRef} ${cmdRef}`;
    if (this.#places.has(key)) this.#answer(key, code);
    else if (cmd !== "SyncHdr" && cmd !== "Alert" && isProblem(cmd, code)) {
      const about = aboutText(targetRefs[0] ?? sourceRefs[0] ?? "");
      this.#list({ from: "device", command: cmd, about, more: 0, status: code }, undefined);
      this.#change({ hasProblem: true });
    }
  }

  #listOrder(command: Command, messageId: number): void {
    if (command.name === "Status" || command.name === "Results" || command.name === "Unknown")
      return;
    if (command.name === "Alert" && SESSION_ALERTS.has(command.code)) return;
    const { about, more } = subjectOf(command);
    this.#list(
      { from: "server", command: command.name, about, more, status: null },
      `server ${messageId} ${command.cmdId}`,
    );
    if ("commands" in command) {
      for (const member of command.commands) this.#listOrder(member, messageId);
    }
  }
}

/** Alerts that are about the session itself. */
const SESSION_ALERTS: ReadonlySet<number> = new Set([
  ALERT.serverInitiated,
  ALERT.clientInitiated,
  ALERT.nextMessage,
  ALERT.sessionAbort,
]);

/** Asking for a node that is not there is how one finds that out; adding what is there is no harm. */
function isProblem(command: string, status: number): boolean {
  return command !== "Get" && status !== 418 && statusKind(status) === "failed";
}

function subjectOf(
  command: Exclude<Command, StatusCommand>,
): Pick<SessionCommand, "about" | "more"> {
  if ("commands" in command) {
    const { length } = command.commands;
    return { about: length === 1 ? "1 command" : `${length} commands`, more: 0 };
  }
  const items: readonly Item[] = "items" in command ? command.items : [];
  const code = command.name === "Alert" ? String(command.code) : undefined;
  const about = code ?? items[0]?.target ?? items[0]?.source ?? "";
  return { about: aboutText(about), more: Math.max(0, items.length - 1) };
}

function aboutText(text: string): string {
  return cut(maskText(text.trim()), ABOUT_CHARACTERS_MAX);
}

function schemeShown({ header: { cred } }: Message): string | null {
  return cred === undefined ? null : cut(cred.type, NAME_CHARACTERS_MAX);
}

function starterOf({ commands }: Message): RecordedSession["startedBy"] {
  let starter: RecordedSession["startedBy"] = null;
  for (const command of commands) {
    if (command.name !== "Alert") continue;
    if (command.code === ALERT.serverInitiated) return "notification";
    if (command.items.some(({ meta }) => BY_USER.test(meta?.type ?? ""))) return "user";
    if (command.code === ALERT.clientInitiated) starter = "device";
  }
  return starter;
}

/** The Type of an alert that a person has caused. */
const BY_USER = /unenrollment\.userrequest/i;
