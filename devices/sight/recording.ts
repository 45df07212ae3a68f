import { maskMessage, type OpenObject } from "../../protocols/syncml/mask-secrets.ts";
import { outlineUnreadable } from "../../protocols/syncml/outline-unreadable.ts";
import { printXml } from "../../protocols/syncml/print-xml.ts";
import type { RecordedMessage, RecordedSession } from "../model/recorded-session.ts";
import type { Exchange, SeenMessage, UnreadableMessage } from "../ports/session-recorder.ts";
import type { SessionWrite } from "../ports/session-records.ts";
import { KeptSoFar } from "./message-sizes.ts";
import { type Beginning, SessionDraft } from "./session-draft.ts";

/** A session being recorded, with the messages of it that are not written yet. */
export class Recording {
  readonly draft: SessionDraft;
  readonly #kept = new KeptSoFar();
  /** Large objects that go on, by who sends them: a secret may be cut in two. */
  readonly #open: Record<RecordedMessage["from"], OpenObject | undefined> = {
    device: undefined,
    server: undefined,
  };
  #unwritten: RecordedMessage[] = [];
  /** The row in the records is older than this. */
  isChanged = false;

  private constructor(draft: SessionDraft) {
    this.draft = draft;
  }

  static begin(beginning: Beginning): Recording {
    return new Recording(SessionDraft.begin(beginning));
  }

  /** Goes on with one of before a restart. */
  static resume(session: RecordedSession): Recording {
    return new Recording(new SessionDraft(session));
  }

  get session(): RecordedSession {
    return this.draft.session;
  }

  /** @returns characters that are to be written */
  add(exchange: Exchange): number {
    const { outcome, request, atMs, encoding } = exchange;
    const isRepeated = outcome.kind === "answered" && outcome.course.turn === "repeat";
    this.draft.add(exchange);
    const problem = outcome.kind === "turned-away" ? outcome.problem : null;
    const about = { atMs, encoding, form: "document", repeated: isRepeated } as const;
    const masked = this.#masked(request, "device");
    const heard = this.#keep({ ...about, from: "device", problem, ...masked });
    if (outcome.kind === "turned-away") return heard;
    const said = this.#masked(outcome.answer, "server");
    return heard + this.#keep({ ...about, from: "server", problem: null, ...said });
  }

  /** @returns characters that are to be written */
  addUnreadable({ atMs, bytes, encoding, problem }: UnreadableMessage): number {
    this.draft.addUnreadable(atMs, bytes.length, problem);
    const { text } = outlineUnreadable(bytes, encoding);
    return this.#keep({
      from: "device",
      atMs,
      bytes: bytes.length,
      encoding,
      form: "outline",
      text,
      problem,
      repeated: false,
    });
  }

  /** The session as it is now, with what was not written of it; that counts as written from now on. */
  takeWrite(): SessionWrite {
    const messages = this.#unwritten;
    this.#unwritten = [];
    this.isChanged = false;
    return { session: this.session, messages };
  }

  #masked({ root, bytes }: SeenMessage, from: RecordedMessage["from"]) {
    const { masked, open } = maskMessage(root, this.#open[from]);
    this.#open[from] = open;
    return { bytes, text: printXml(masked) };
  }

  #keep(message: RecordedMessage): number {
    this.isChanged = true;
    const { length } = message.text;
    if (!this.#kept.takes(length, this.draft.session.authenticated)) {
      this.draft.notKept(1);
      return 0;
    }
    this.#unwritten.push(message);
    return length;
  }
}
