import { isAtLeast, type Role, SCOPES, type Scope } from "./role.ts";

/** A person who is logged in. */
export interface AdministratorPrincipal {
  readonly kind: "administrator";
  readonly name: string;
  readonly role: Role;
  /** The password was given by somebody else: nothing is allowed but changing it. */
  readonly mustChange: boolean;
  readonly session: {
    /** SHA-256 of the cookie's value, hexadecimal. */
    readonly idHash: string;
    /** Unsafe requests of this session must repeat it. */
    readonly csrfToken: string;
    readonly expiresAtMs: number;
  };
}

/** A program that showed an API token. */
export interface TokenPrincipal {
  readonly kind: "token";
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** Empty: all that the role may. */
  readonly scopes: readonly Scope[];
}

/** Whoever asks, once it is known who that is. */
export type Principal = AdministratorPrincipal | TokenPrincipal;

/** Both the role and, for a token that has scopes, its scopes must allow it. */
export function may(principal: Principal, scope: Scope): boolean {
  if (!isAtLeast(principal.role, SCOPES[scope])) return false;
  if (principal.kind === "administrator") return !principal.mustChange;
  return principal.scopes.length === 0 || principal.scopes.includes(scope);
}

/** How audit log, history and policy name who did it. */
export function nameOf(principal: Principal): string {
  return principal.kind === "administrator" ? principal.name : `token:${principal.name}`;
}
