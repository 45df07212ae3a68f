import { type DocumentTalk, NEW_TALK } from "../../protocols/oma-dm/answer-document.ts";
import type { Message } from "../../protocols/syncml/message.ts";

/** Talks that are remembered; the oldest goes first. Its server is told that there is nothing more. */
export const TALKS_MAX = 200;
export const TALK_LIFE_MS = 10 * 60_000;

/**
 * What upstream servers take and have not got yet, from one message of a session to the next. In
 * memory only: what was carried out is durable, and whoever loses an answer can Get it again.
 */
export class CspTalks {
  readonly #talks = new Map<string, { readonly talk: DocumentTalk; readonly atMs: number }>();

  /** A session begins with MsgID 1. */
  of(device: string, by: string, { header }: Message, nowMs: number): DocumentTalk {
    const kept = this.#talks.get(keyOf(device, by, header));
    const isKnown = kept !== undefined && header.messageId > 1;
    return isKnown && nowMs - kept.atMs < TALK_LIFE_MS ? kept.talk : NEW_TALK;
  }

  keep(device: string, by: string, { header }: Message, talk: DocumentTalk, nowMs: number): void {
    const key = keyOf(device, by, header);
    this.#talks.delete(key);
    const { maxMsgSize, maxObjSize, unsent } = talk;
    if (maxMsgSize === null && maxObjSize === null && unsent.length === 0) return;
    this.#talks.set(key, { talk, atMs: nowMs });
    for (const [oldest] of this.#talks) {
      if (this.#talks.size <= TALKS_MAX) break;
      this.#talks.delete(oldest);
    }
  }
}

function keyOf(device: string, by: string, { sessionId, source }: Message["header"]): string {
  return JSON.stringify([device, by, sessionId, source.uri]);
}
