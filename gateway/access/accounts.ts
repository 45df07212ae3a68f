import { AppError, fieldError } from "../../devices/model/errors.ts";
import { sha256Hex } from "../../devices/model/sha256.ts";
import type { AccessStore, Administrator } from "./access-store.ts";
import { LoginBackoff } from "./login-backoff.ts";
import { checkPassword, PasswordHasher } from "./password.ts";
import type { AdministratorPrincipal } from "./principal.ts";
import type { Role } from "./role.ts";
import { randomText } from "./secret-text.ts";

/** A session ends this long after the login, however busy it was. */
export const SESSION_MS = 12 * 60 * 60_000;
/** Characters of a one-time password, five bits each. */
const ONE_TIME_PASSWORD_CHARACTERS = 20;
const SESSION_ID_CHARACTERS = 52;
const ADMINISTRATOR_NAME = /^[A-Za-z0-9][A-Za-z0-9._@-]{0,62}$/;

export const FIRST_ADMINISTRATOR = "admin";

export interface AccountsOptions {
  readonly store: AccessStore;
  readonly now: () => number;
  readonly passwords?: PasswordHasher;
}

export interface LoggedIn {
  readonly principal: AdministratorPrincipal;
  /** The cookie's value: only its hash is kept. */
  readonly sessionId: string;
}

/** The administrators of this gateway: their passwords, roles and sessions. */
export class Accounts {
  readonly #store: AccessStore;
  readonly #now: () => number;
  readonly #passwords: PasswordHasher;
  readonly #backoff = new LoginBackoff();

  constructor({ store, now, passwords = new PasswordHasher() }: AccountsOptions) {
    this.#store = store;
    this.#now = now;
    this.#passwords = passwords;
  }

  /**
   * Makes the administrator `admin` when there is none at all.
   *
   * @param password given by whoever set the gateway up; else one is made, to be changed at login
   * @returns the one-time password, to be shown once; undefined when nothing had to be made or the
   *   password was given
   */
  async ensureFirstAdministrator(password?: string): Promise<string | undefined> {
    if ((await this.#store.administrators()).length > 0) return undefined;
    const made = password ?? randomText(ONE_TIME_PASSWORD_CHARACTERS);
    await this.#put(FIRST_ADMINISTRATOR, "admin", made, password === undefined);
    return password === undefined ? made : undefined;
  }

  /**
   * @throws AppError "unauthorized" for a wrong name or password (the same for both), "too-many"
   *   while the name or the address has to wait
   */
  async login(name: string, password: string, address: string): Promise<LoggedIn> {
    const waitMs = this.#backoff.waitMs(name, address, this.#now());
    if (waitMs > 0) throw tooMany(waitMs);
    const administrator = await this.#findActive(name);
    // Counted before the slow check: guesses that run at the same time are counted too.
    this.#backoff.attempted(name, address, this.#now());
    if (!(await this.#passwords.verify(password, administrator?.passwordHash)) || !administrator) {
      throw new AppError("unauthorized", "the name or the password is wrong");
    }
    this.#backoff.succeeded(name, address);
    const sessionId = randomText(SESSION_ID_CHARACTERS);
    const nowMs = this.#now();
    const session = {
      idHash: sha256Hex(sessionId),
      administrator: administrator.name,
      csrfToken: randomText(SESSION_ID_CHARACTERS),
      createdAtMs: nowMs,
      expiresAtMs: nowMs + SESSION_MS,
    };
    await this.#store.addSession(session);
    return { sessionId, principal: principalOf(administrator, session) };
  }

  /** Whoever the cookie belongs to; undefined when it is unknown, expired, or the person disabled. */
  async authenticate(sessionId: string): Promise<AdministratorPrincipal | undefined> {
    if (sessionId.length !== SESSION_ID_CHARACTERS) return undefined;
    const session = await this.#store.findSession(sha256Hex(sessionId));
    if (!session || session.expiresAtMs <= this.#now()) return undefined;
    const administrator = await this.#findActive(session.administrator);
    return administrator && principalOf(administrator, session);
  }

  async logout(principal: AdministratorPrincipal): Promise<void> {
    await this.#store.endSession(principal.session.idHash);
  }

  /** Sets one's own password. Other sessions of the same person end. */
  async changePassword(
    principal: AdministratorPrincipal,
    current: string,
    next: string,
    address: string,
  ): Promise<void> {
    const administrator = await this.#need(principal.name);
    const waitMs = this.#backoff.waitMs(principal.name, address, this.#now());
    if (waitMs > 0) throw tooMany(waitMs);
    this.#backoff.attempted(principal.name, address, this.#now());
    if (!(await this.#passwords.verify(current, administrator.passwordHash))) {
      throw fieldError("/currentPassword", "this is not the current password");
    }
    this.#backoff.succeeded(principal.name, address);
    if (current === next) throw fieldError("/newPassword", "choose a password that is new");
    checkPassword(next, "/newPassword");
    await this.#store.putAdministrator({
      ...administrator,
      passwordHash: await this.#passwords.hash(next),
      mustChange: false,
    });
    await this.#store.endSessionsOf(administrator.name, principal.session.idHash);
  }

  async list(): Promise<readonly Administrator[]> {
    return this.#store.administrators();
  }

  /** @returns a one-time password, to be shown once and changed at the first login */
  async add(name: string, role: Role): Promise<string> {
    if (!ADMINISTRATOR_NAME.test(name)) {
      throw fieldError("/name", "use letters, digits, dot, underscore, at sign and hyphen");
    }
    if (await this.#findSimilar(name)) {
      throw new AppError("conflict", `there is an administrator ${name} already`);
    }
    const password = randomText(ONE_TIME_PASSWORD_CHARACTERS);
    await this.#put(name, role, password, true);
    return password;
  }

  /**
   * Gives an administrator a new one-time password, enables them, and ends their sessions.
   *
   * @returns the password, to be shown once
   */
  async resetPassword(name: string): Promise<string> {
    const administrator = await this.#need(name);
    const password = randomText(ONE_TIME_PASSWORD_CHARACTERS);
    await this.#store.putAdministrator({
      ...administrator,
      passwordHash: await this.#passwords.hash(password),
      mustChange: true,
      disabledAtMs: null,
    });
    await this.#store.endSessionsOf(administrator.name);
    this.#backoff.forgive(administrator.name);
    return password;
  }

  /** Changes role or whether the person may log in. The last active admin cannot be taken away. */
  async change(
    name: string,
    change: { readonly role?: Role | undefined; readonly disabled?: boolean | undefined },
  ): Promise<Administrator> {
    const former = await this.#need(name);
    const disabledAtMs = change.disabled ? (former.disabledAtMs ?? this.#now()) : null;
    const changed: Administrator = {
      ...former,
      role: change.role ?? former.role,
      disabledAtMs: change.disabled === undefined ? former.disabledAtMs : disabledAtMs,
    };
    await this.#keepOneAdmin(changed, former.name);
    await this.#store.putAdministrator(changed);
    if (changed.disabledAtMs !== null) await this.#store.endSessionsOf(former.name);
    return changed;
  }

  /** @throws AppError "conflict" for the last active admin */
  async remove(name: string): Promise<void> {
    const administrator = await this.#need(name);
    await this.#keepOneAdmin(undefined, administrator.name);
    await this.#store.removeAdministrator(administrator.name);
  }

  async #keepOneAdmin(changed: Administrator | undefined, name: string): Promise<void> {
    const others = (await this.#store.administrators()).filter((other) => other.name !== name);
    const after = changed ? [...others, changed] : others;
    if (!after.some((one) => one.role === "admin" && one.disabledAtMs === null)) {
      throw new AppError("conflict", `${name} is the last active admin: make another one first`);
    }
  }

  async #put(name: string, role: Role, password: string, mustChange: boolean): Promise<void> {
    checkPassword(password);
    await this.#store.putAdministrator({
      name,
      role,
      passwordHash: await this.#passwords.hash(password),
      mustChange,
      createdAtMs: this.#now(),
      disabledAtMs: null,
    });
  }

  /** Names that differ only in case would let one person pass for another in the audit log. */
  async #findSimilar(name: string): Promise<Administrator | undefined> {
    const lower = name.toLowerCase();
    return (await this.#store.administrators()).find((one) => one.name.toLowerCase() === lower);
  }

  async #findActive(name: string): Promise<Administrator | undefined> {
    const administrator = await this.#findSimilar(name);
    return administrator?.disabledAtMs === null ? administrator : undefined;
  }

  async #need(name: string): Promise<Administrator> {
    const administrator = await this.#store.findAdministrator(name);
    if (!administrator) throw new AppError("not-found", `no administrator ${name}`);
    return administrator;
  }
}

function principalOf(
  administrator: Administrator,
  session: { readonly idHash: string; readonly csrfToken: string; readonly expiresAtMs: number },
): AdministratorPrincipal {
  return {
    kind: "administrator",
    name: administrator.name,
    role: administrator.role,
    mustChange: administrator.mustChange,
    session: {
      idHash: session.idHash,
      csrfToken: session.csrfToken,
      expiresAtMs: session.expiresAtMs,
    },
  };
}

function tooMany(retryAfterMs: number): AppError {
  const seconds = Math.ceil(retryAfterMs / 1000);
  const time = `${seconds} ${seconds === 1 ? "second" : "seconds"}`;
  return new AppError("too-many", `too many wrong passwords; try again in ${time}`, {
    retryAfterMs,
  });
}
