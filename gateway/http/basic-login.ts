import { createHmac, randomBytes } from "node:crypto";
import { AppError } from "../../devices/model/errors.ts";
import type { Accounts } from "../access/accounts.ts";
import type { ApiTokens } from "../access/api-tokens.ts";
import type { Audit } from "../access/audit.ts";
import type { Principal } from "../access/principal.ts";
import { auditedLogin } from "./audited.ts";
import type { AppContext } from "./environment.ts";
import { refuseForeignOrigin } from "./identify.ts";

/** Pairs of name and password that are remembered at once; the one used longest ago goes first. */
export const REMEMBERED_LOGINS_MAX = 256;

/**
 * Finds out who asks by `Authorization: Basic …`: an administrator of the gateway, or an API token as the
 * password of whatever name. (`Bearer` does as well.)
 *
 * Tools send a password with every request, and checking one is slow on purpose: the first request logs in
 * as the console does, with its back-off and in the audit log, and those that follow go on in that session for
 * as long as it is good. A session ends with its administrator's password, so a former one is soon refused.
 */
export class BasicLogin {
  readonly #accounts: Accounts;
  readonly #tokens: ApiTokens;
  readonly #audit: Audit;
  /** Of this process alone, so that nothing remembered here is worth anything elsewhere. */
  readonly #key = randomBytes(32);
  readonly #sessions = new Map<string, string>();

  constructor(deps: {
    readonly accounts: Accounts;
    readonly tokens: ApiTokens;
    readonly audit: Audit;
  }) {
    this.#accounts = deps.accounts;
    this.#tokens = deps.tokens;
    this.#audit = deps.audit;
  }

  /**
   * @throws AppError "unauthorized" for nobody and for a wrong password, "too-many" while whoever asks has
   *   to wait, "forbidden" when a browser says that a page of somebody else asks
   */
  async identify(c: AppContext): Promise<Principal> {
    // Browsers keep basic credentials, and would send them along for any page.
    refuseForeignOrigin(c);
    const header = c.req.header("Authorization") ?? "";
    const [, bearer] = /^Bearer +(\S+)$/i.exec(header) ?? [];
    const [, basic] = /^Basic +(\S+)$/i.exec(header) ?? [];
    if (bearer !== undefined) return this.#token(bearer);
    if (basic === undefined) throw new AppError("unauthorized", "a name and a password are needed");
    const [, name = "", password = ""] = /^([^:]*):(.*)$/s.exec(fromBase64(basic)) ?? [];
    const token = await this.#tokens.authenticate(password);
    return token ?? this.#administrator(plainName(name), password, c.get("address"));
  }

  async #token(text: string): Promise<Principal> {
    const principal = await this.#tokens.authenticate(text);
    if (principal) return principal;
    throw new AppError("unauthorized", "the API token is wrong, expired or revoked");
  }

  async #administrator(name: string, password: string, address: string): Promise<Principal> {
    const key = createHmac("sha256", this.#key)
      .update(JSON.stringify([name, password]))
      .digest("hex");
    const known = this.#sessions.get(key);
    const still = known === undefined ? undefined : await this.#accounts.authenticate(known);
    if (known !== undefined && still) {
      this.#remember(key, known);
      return still;
    }
    this.#sessions.delete(key);
    const asked = { name, password, address };
    const { principal, sessionId } = await auditedLogin(this.#accounts, this.#audit, asked);
    this.#remember(key, sessionId);
    return principal;
  }

  #remember(key: string, session: string): void {
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    const [oldest] = this.#sessions.keys();
    if (this.#sessions.size > REMEMBERED_LOGINS_MAX && oldest) this.#sessions.delete(oldest);
  }
}

/** hawkBit's users may be written with their tenant: `DEFAULT\admin`. */
function plainName(name: string): string {
  return name.slice(name.lastIndexOf("\\") + 1);
}

function fromBase64(text: string): string {
  return Buffer.from(text, "base64").toString("utf8");
}
