import { fieldError } from "../../devices/model/errors.ts";

export const PASSWORD_LENGTH_MIN = 12;
/** A longer one would only cost the time to hash it. */
export const PASSWORD_LENGTH_MAX = 256;

/** What a guess costs, by argon2id. */
export interface PasswordCost {
  readonly memoryKib: number;
  readonly passes: number;
}

/** About 50 ms on a small box. */
export const PASSWORD_COST: PasswordCost = { memoryKib: 19 * 1024, passes: 2 };

/** @throws AppError "unprocessable" for a password that is too short or too long */
export function checkPassword(password: string, pointer = "/password"): void {
  if (password.length < PASSWORD_LENGTH_MIN) {
    throw fieldError(pointer, `use at least ${PASSWORD_LENGTH_MIN} characters`);
  }
  if (password.length > PASSWORD_LENGTH_MAX) {
    throw fieldError(pointer, `use at most ${PASSWORD_LENGTH_MAX} characters`);
  }
}

/** Makes and checks the hashes of passwords. A hash says itself what it cost. */
export class PasswordHasher {
  readonly #cost: PasswordCost;
  #nobodys: Promise<string> | undefined;

  /** @param cost of the hashes that it makes */
  constructor(cost: PasswordCost = PASSWORD_COST) {
    this.#cost = cost;
  }

  hash(password: string): Promise<string> {
    const { memoryKib, passes } = this.#cost;
    return Bun.password.hash(password, {
      algorithm: "argon2id",
      memoryCost: memoryKib,
      timeCost: passes,
    });
  }

  /**
   * True when the password belongs to the hash. Without a hash (nobody has that name) it takes as
   * long and is false, so that the time of an answer does not tell which names exist.
   */
  async verify(password: string, hash: string | undefined): Promise<boolean> {
    if (password.length > PASSWORD_LENGTH_MAX) return false;
    const isRight = await Bun.password.verify(password, hash ?? (await this.#nobodysHash()));
    return hash !== undefined && isRight;
  }

  #nobodysHash(): Promise<string> {
    this.#nobodys ??= this.hash(crypto.randomUUID());
    return this.#nobodys;
  }
}
