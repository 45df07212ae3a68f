/** Messages of one session that are kept; of one that nobody has authenticated, fewer. */
export const MESSAGES_KEPT_MAX = 200;
/** Bytes of them as they travelled, all together. */
export const BYTES_KEPT_MAX = 2 * 1024 * 1024;
export const STRANGER_MESSAGES_KEPT_MAX = 6;
export const STRANGER_BYTES_KEPT_MAX = 64 * 1024;

/** How much of one session is kept already. */
export class KeptSoFar {
  #messages: number;
  #bytes: number;
  #isFull = false;

  constructor(messages: number, bytes: number) {
    this.#messages = messages;
    this.#bytes = bytes;
  }

  /**
   * Room for one more? Then it is counted. What comes after one for which there was none is not kept
   * either: secrets may be cut in two between messages, and only all of them show where.
   */
  takes(bytes: number, isAuthenticated: boolean): boolean {
    const [messagesMax, bytesMax] = isAuthenticated
      ? [MESSAGES_KEPT_MAX, BYTES_KEPT_MAX]
      : [STRANGER_MESSAGES_KEPT_MAX, STRANGER_BYTES_KEPT_MAX];
    this.#isFull ||= this.#messages >= messagesMax || this.#bytes + bytes > bytesMax;
    if (this.#isFull) return false;
    this.#messages += 1;
    this.#bytes += bytes;
    return true;
  }
}
