import { cut, PROBLEM_CHARACTERS_MAX } from "../../protocols/errors.ts";
import { type Encoding, parseDocument } from "../../protocols/syncml/encoding.ts";
import {
  maskMessage,
  type OpenObject,
  UNKNOWN_OBJECT,
} from "../../protocols/syncml/mask-secrets.ts";
import { outlineUnreadable } from "../../protocols/syncml/outline-unreadable.ts";
import { printXml } from "../../protocols/syncml/print-xml.ts";
import type { RecordedMessage, RecordedSession } from "../model/recorded-session.ts";
import type { Exchange, UnreadableMessage } from "../ports/session-recorder.ts";
import type { SessionWrite } from "../ports/session-records.ts";
import { KeptSoFar } from "./message-sizes.ts";
import { type Beginning, SessionDraft } from "./session-draft.ts";

/** A message as it travelled, with its secrets: it is masked when it is to be written. */
interface Travelled {
  /** Its MsgID; undefined where it could not be read. */
  readonly messageId: number | undefined;
  /** The first message of a session: nothing can go on in it. */
  readonly isFirst: boolean;
  readonly from: RecordedMessage["from"];
  readonly atMs: number;
  readonly bytes: Uint8Array;
  readonly encoding: Encoding;
  readonly form: RecordedMessage["form"];
  readonly problem: string | null;
  readonly repeated: boolean;
}

/** A message that was masked: a secret may be cut in two, and go on in the next one. */
interface Masked {
  readonly messageId: number;
  /** What went on before it: it may come again. */
  readonly before: OpenObject | undefined;
  readonly after: OpenObject | undefined;
}

/**
 * A session being recorded, with the messages of it that are not written yet. They are looked at when it
 * is known that they are wanted: of most sessions in a rush nothing is.
 */
export class Recording {
  readonly draft: SessionDraft;
  /** It is decided that it is written. */
  isAdmitted: boolean;
  /** The row in the records is older than this. */
  isChanged = false;
  /** The records have one of it. */
  hasRow = false;
  readonly #kept: KeptSoFar;
  /** The last message that was masked, by who sends them. */
  readonly #last: Record<RecordedMessage["from"], Masked | undefined> = {
    device: undefined,
    server: undefined,
  };
  #waiting: Travelled[] = [];

  private constructor(draft: SessionDraft, isAdmitted: boolean, kept: KeptSoFar) {
    this.draft = draft;
    this.#kept = kept;
    this.isAdmitted = isAdmitted;
  }

  static begin(beginning: Beginning): Recording {
    return new Recording(SessionDraft.begin(beginning), false, new KeptSoFar(0, 0));
  }

  /** Goes on with one of before a restart. */
  static resume({ session, unanswered }: Omit<SessionWrite, "messages">): Recording {
    const { bytesIn, bytesOut, messages, messagesNotKept } = session;
    const kept = new KeptSoFar(messages - messagesNotKept, bytesIn + bytesOut);
    const recording = new Recording(new SessionDraft(session, unanswered), true, kept);
    recording.hasRow = true;
    return recording;
  }

  get session(): RecordedSession {
    return this.draft.session;
  }

  /** Of messages that are not written. */
  get bytesWaiting(): number {
    return this.#waiting.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }

  /** @returns bytes that wait to be written */
  add(exchange: Exchange): number {
    const { outcome, request, atMs, encoding } = exchange;
    const repeated = outcome.kind === "answered" && outcome.course.turn === "repeat";
    this.draft.add(exchange);
    const problem = outcome.kind === "turned-away" ? outcome.problem : null;
    const { messageId } = request.message.header;
    const isFirst =
      outcome.kind === "answered" ? !outcome.course.continues && !repeated : messageId === 1;
    const about = { atMs, encoding, form: "document", repeated, isFirst } as const;
    const heard = this.#keep({
      ...about,
      messageId,
      from: "device",
      problem,
      bytes: request.bytes,
    });
    if (outcome.kind === "turned-away") return heard;
    const { bytes, message } = outcome.answer;
    const own = { messageId: message.header.messageId, from: "server", problem: null } as const;
    return heard + this.#keep({ ...about, ...own, bytes });
  }

  /** @returns bytes that wait to be written */
  addUnreadable({ atMs, bytes, encoding, problem }: UnreadableMessage): number {
    this.draft.addUnreadable(atMs, bytes.length, problem);
    const form = "outline";
    const about = { messageId: undefined, isFirst: true, form, repeated: false } as const;
    return this.#keep({ ...about, from: "device", atMs, bytes, encoding, problem });
  }

  /** The session as it is now, with what was not written of it. */
  nextWrite(): SessionWrite {
    const messages = this.#waiting.map((one) => this.#masked(one));
    return { session: this.session, messages, unanswered: this.draft.unanswered };
  }

  wasWritten(): void {
    this.#waiting = [];
    this.isChanged = false;
    this.hasRow = true;
  }

  /** Nobody wants what was not written of it, so far. */
  discard(): void {
    this.draft.notKept(this.#waiting.length);
    this.#waiting = [];
    this.isChanged = false;
  }

  #masked({ bytes, isFirst, messageId, ...about }: Travelled): RecordedMessage {
    const { encoding, form } = about;
    if (form === "outline" || messageId === undefined) {
      const { text } = outlineUnreadable(bytes, encoding);
      return { ...about, bytes: bytes.length, text };
    }
    const isNew = isFirst && this.#last[about.from] === undefined;
    const before = isNew ? undefined : this.#openBefore(about, messageId);
    const { masked, open } = maskMessage(parseDocument(bytes, encoding), before);
    this.#last[about.from] = { messageId, before, after: open };
    return { ...about, bytes: bytes.length, text: printXml(masked) };
  }

  /** Of what goes on, only the beginning says what it is: it may not have been seen, or not kept. */
  #openBefore(
    { from, repeated }: Pick<Travelled, "from" | "repeated">,
    messageId: number,
  ): OpenObject | undefined {
    const last = this.#last[from];
    if (repeated && last?.messageId === messageId) return last.before;
    return last?.messageId === messageId - 1 ? last.after : UNKNOWN_OBJECT;
  }

  #keep(message: Travelled): number {
    this.isChanged = true;
    const { length } = message.bytes;
    if (!this.#kept.takes(length, this.session.authenticated)) {
      this.draft.notKept(1);
      return 0;
    }
    const { problem } = message;
    this.#waiting.push({ ...message, problem: problem && cut(problem, PROBLEM_CHARACTERS_MAX) });
    return length;
  }
}
