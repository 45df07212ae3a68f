import { type Encoding, parseDocument } from "../../protocols/syncml/encoding.ts";
import { maskMessage, type OpenObject } from "../../protocols/syncml/mask-secrets.ts";
import { outlineUnreadable } from "../../protocols/syncml/outline-unreadable.ts";
import { printXml } from "../../protocols/syncml/print-xml.ts";
import type { RecordedMessage, RecordedSession } from "../model/recorded-session.ts";
import type { Exchange, UnreadableMessage } from "../ports/session-recorder.ts";
import type { SessionWrite } from "../ports/session-records.ts";
import { KeptSoFar } from "./message-sizes.ts";
import { type Beginning, SessionDraft } from "./session-draft.ts";

/** A message as it travelled, with its secrets: it is masked when it is to be written. */
interface Travelled {
  readonly from: RecordedMessage["from"];
  readonly atMs: number;
  readonly bytes: Uint8Array;
  readonly encoding: Encoding;
  readonly form: RecordedMessage["form"];
  readonly problem: string | null;
  readonly repeated: boolean;
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
  readonly #kept = new KeptSoFar();
  /** Large objects that go on, by who sends them: a secret may be cut in two. */
  readonly #open: Record<RecordedMessage["from"], OpenObject | undefined> = {
    device: undefined,
    server: undefined,
  };
  #waiting: Travelled[] = [];

  private constructor(draft: SessionDraft, isAdmitted: boolean) {
    this.draft = draft;
    this.isAdmitted = isAdmitted;
  }

  static begin(beginning: Beginning): Recording {
    return new Recording(SessionDraft.begin(beginning), false);
  }

  /** Goes on with one of before a restart. */
  static resume(session: RecordedSession): Recording {
    return new Recording(new SessionDraft(session), true);
  }

  get session(): RecordedSession {
    return this.draft.session;
  }

  /** @returns bytes that wait to be written */
  add(exchange: Exchange): number {
    const { outcome, request, atMs, encoding } = exchange;
    const repeated = outcome.kind === "answered" && outcome.course.turn === "repeat";
    this.draft.add(exchange);
    const problem = outcome.kind === "turned-away" ? outcome.problem : null;
    const about = { atMs, encoding, form: "document", repeated } as const;
    const heard = this.#keep({ ...about, from: "device", problem, bytes: request.bytes });
    if (outcome.kind === "turned-away") return heard;
    const { bytes } = outcome.answer;
    return heard + this.#keep({ ...about, from: "server", problem: null, bytes });
  }

  /** @returns bytes that wait to be written */
  addUnreadable({ atMs, bytes, encoding, problem }: UnreadableMessage): number {
    this.draft.addUnreadable(atMs, bytes.length, problem);
    const form = "outline";
    return this.#keep({ from: "device", atMs, bytes, encoding, form, problem, repeated: false });
  }

  /** The session as it is now, with what was not written of it; that counts as written from now on. */
  takeWrite(): SessionWrite {
    const messages = this.#waiting.map((one) => this.#masked(one));
    this.discard();
    return { session: this.session, messages };
  }

  /** Nobody wants what was not written of it. */
  discard(): void {
    this.#waiting = [];
    this.isChanged = false;
  }

  #masked({ bytes, ...about }: Travelled): RecordedMessage {
    const { encoding, form, from } = about;
    if (form === "outline") {
      const { text } = outlineUnreadable(bytes, encoding);
      return { ...about, bytes: bytes.length, text };
    }
    const { masked, open } = maskMessage(parseDocument(bytes, encoding), this.#open[from]);
    this.#open[from] = open;
    return { ...about, bytes: bytes.length, text: printXml(masked) };
  }

  #keep(message: Travelled): number {
    this.isChanged = true;
    const { length } = message.bytes;
    if (!this.#kept.takes(length, this.session.authenticated)) {
      this.draft.notKept(1);
      return 0;
    }
    this.#waiting.push(message);
    return length;
  }
}
