import { fieldError } from "../../devices/model/errors.ts";

export const PASSWORD_LENGTH_MIN = 12;
/** A longer one would only cost the time to hash it. */
export const PASSWORD_LENGTH_MAX = 256;

/** argon2id with 19 MiB and two passes, about 50 ms on a small box. */
const ARGON2 = { algorithm: "argon2id", memoryCost: 19 * 1024, timeCost: 2 } as const;

/** @throws AppError "unprocessable" for a password that is too short or too long */
export function checkPassword(password: string, pointer = "/password"): void {
  if (password.length < PASSWORD_LENGTH_MIN) {
    throw fieldError(pointer, `use at least ${PASSWORD_LENGTH_MIN} characters`);
  }
  if (password.length > PASSWORD_LENGTH_MAX) {
    throw fieldError(pointer, `use at most ${PASSWORD_LENGTH_MAX} characters`);
  }
}

export function hashPassword(password: string): Promise<string> {
  return Bun.password.hash(password, ARGON2);
}

/**
 * True when the password belongs to the hash. Without a hash (nobody has that name) it takes as long
 * and is false, so that the time of an answer does not tell which names exist.
 */
export async function verifyPassword(password: string, hash: string | undefined): Promise<boolean> {
  if (password.length > PASSWORD_LENGTH_MAX) return false;
  const isRight = await Bun.password.verify(password, hash ?? (await nobodysHash()));
  return hash !== undefined && isRight;
}

let nobodys: Promise<string> | undefined;

function nobodysHash(): Promise<string> {
  nobodys ??= hashPassword(crypto.randomUUID());
  return nobodys;
}
