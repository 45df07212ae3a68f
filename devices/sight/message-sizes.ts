/** Messages of one session that are kept; of one that nobody has authenticated, fewer. */
export const MESSAGES_KEPT_MAX = 200;
/** Characters of them, all together. */
export const CHARACTERS_KEPT_MAX = 2 * 1024 * 1024;
export const STRANGER_MESSAGES_KEPT_MAX = 6;
export const STRANGER_CHARACTERS_KEPT_MAX = 64 * 1024;

/** How much of one session is kept already. */
export class KeptSoFar {
  #messages = 0;
  #characters = 0;

  /** Room for one more? Then it is counted. */
  takes(characters: number, isAuthenticated: boolean): boolean {
    const [messagesMax, charactersMax] = isAuthenticated
      ? [MESSAGES_KEPT_MAX, CHARACTERS_KEPT_MAX]
      : [STRANGER_MESSAGES_KEPT_MAX, STRANGER_CHARACTERS_KEPT_MAX];
    if (this.#messages >= messagesMax || this.#characters + characters > charactersMax)
      return false;
    this.#messages += 1;
    this.#characters += characters;
    return true;
  }
}
