import { AppError, fieldError } from "../../devices/model/errors.ts";
import { sha256Hex } from "../../devices/model/sha256.ts";
import type { AccessStore, ApiToken } from "./access-store.ts";
import type { Principal, TokenPrincipal } from "./principal.ts";
import { may } from "./principal.ts";
import { isAtLeast, type Role, SCOPES, type Scope } from "./role.ts";
import { randomText } from "./secret-text.ts";

/** Tells what the text is, to people and to programs that look for leaked secrets. */
export const TOKEN_PREFIX = "outpost_";
const TOKEN_CHARACTERS = 40;
export const TOKENS_MAX = 1_000;
export const TOKEN_NAME_LENGTH_MAX = 64;
/** The last use is written down at most this often. */
const TOUCH_MS = 60_000;

export interface NewToken {
  readonly name: string;
  readonly role: Role;
  readonly scopes: readonly Scope[];
  readonly expiresAtMs: number | null;
}

/** Tokens for programs: `Authorization: Bearer outpost_…`. Only their hashes are kept. */
export class ApiTokens {
  readonly #store: AccessStore;
  readonly #now: () => number;

  constructor(store: AccessStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  /**
   * @param creator nobody gives away more than they have; undefined: the command line
   * @returns the token's text, to be shown once, and its record
   */
  async issue(
    wanted: NewToken,
    creator: Principal | undefined,
    createdBy: string,
  ): Promise<{ readonly text: string; readonly token: ApiToken }> {
    this.#check(wanted, creator);
    const active = (await this.#store.tokens()).filter((token) => token.revokedAtMs === null);
    if (active.length >= TOKENS_MAX) {
      throw new AppError("conflict", `there are ${TOKENS_MAX} tokens: revoke some first`);
    }
    const text = TOKEN_PREFIX + randomText(TOKEN_CHARACTERS);
    const token: ApiToken = {
      ...wanted,
      id: Bun.randomUUIDv7(),
      tokenHash: sha256Hex(text),
      createdBy,
      createdAtMs: this.#now(),
      lastUsedAtMs: null,
      revokedAtMs: null,
    };
    await this.#store.addToken(token);
    return { text, token };
  }

  /** The token's principal; undefined when it is unknown, expired or revoked. */
  async authenticate(text: string): Promise<TokenPrincipal | undefined> {
    if (!text.startsWith(TOKEN_PREFIX) || text.length !== TOKEN_PREFIX.length + TOKEN_CHARACTERS) {
      return undefined;
    }
    const token = await this.#store.findToken(sha256Hex(text));
    const nowMs = this.#now();
    if (!token || token.revokedAtMs !== null) return undefined;
    if (token.expiresAtMs !== null && token.expiresAtMs <= nowMs) return undefined;
    if (token.lastUsedAtMs === null || nowMs - token.lastUsedAtMs >= TOUCH_MS) {
      // Only information: a token must work also when nothing can be written, on a full disk say.
      await this.#store.touchToken(token.id, nowMs).catch(() => undefined);
    }
    const { id, name, role, scopes } = token;
    return { kind: "token", id, name, role, scopes };
  }

  list(): Promise<readonly ApiToken[]> {
    return this.#store.tokens();
  }

  /** Revoking again is a no-op. @throws AppError "not-found" */
  async revoke(id: string): Promise<void> {
    if (!(await this.#store.revokeToken(id, this.#now()))) {
      throw new AppError("not-found", `no token ${id}`);
    }
  }

  #check(wanted: NewToken, creator: Principal | undefined): void {
    const length = wanted.name.trim().length;
    if (length === 0 || length > TOKEN_NAME_LENGTH_MAX) {
      throw fieldError("/name", `give it a name of at most ${TOKEN_NAME_LENGTH_MAX} characters`);
    }
    if (wanted.expiresAtMs !== null && wanted.expiresAtMs <= this.#now()) {
      throw fieldError("/expiresAt", "choose a time that is still to come");
    }
    const beyondRole = wanted.scopes.find((scope) => !isAtLeast(wanted.role, SCOPES[scope]));
    if (beyondRole) {
      throw fieldError("/scopes", `the role ${wanted.role} may not do ${beyondRole}`);
    }
    if (creator === undefined) return;
    const givesMore =
      !isAtLeast(creator.role, wanted.role) ||
      (creator.kind === "token" &&
        creator.scopes.length > 0 &&
        (wanted.scopes.length === 0 || wanted.scopes.some((scope) => !may(creator, scope))));
    if (givesMore) throw new AppError("forbidden", "a token cannot be given more than you may do");
  }
}
