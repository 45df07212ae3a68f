import { AppError } from "../../../devices/model/errors.ts";

/** What reaches the binding: nothing else is safe there. */
export type Bound = string | number | bigint | null | Uint8Array;

/**
 * Makes the values of one statement safe to bind, or refuses them. The binding itself ends the whole
 * process, cuts text short, stores NULL or counts wrongly instead of refusing. [platform 2.2]
 *
 * Booleans become 0 and 1, whole numbers are bound as integers (the binding makes every number REAL).
 *
 * @throws AppError "unprocessable" for text that cannot be stored as it is: it may come from outside
 * @throws Error for everything that only our own mistake can bring here
 */
export function bindable(values: readonly unknown[], parameters: number, sql: string): Bound[] {
  if (values.length !== parameters) {
    throw new Error(`${parameters} parameters are wanted and ${values.length} given: ${sql}`);
  }
  const bound = new Array<Bound>(parameters);
  for (let index = 0; index < parameters; index++) bound[index] = bindValue(values[index], sql);
  return bound;
}

function bindValue(value: unknown, sql: string): Bound {
  switch (typeof value) {
    case "string":
      return bindText(value);
    case "number":
      return bindNumber(value, sql);
    case "boolean":
      return value ? 1n : 0n;
    case "bigint":
      if (BigInt.asIntN(54, value) === value) return value;
      throw new Error(`${value} could not be read back without loss: ${sql}`);
    case "object":
      if (value === null) return null;
      if (value instanceof Uint8Array) return value;
      if (value instanceof ArrayBuffer) return new Uint8Array(value);
      if (value instanceof Date) {
        throw new Error(`a Date cannot be bound, bind milliseconds since the epoch: ${sql}`);
      }
      throw new Error(`an object cannot be bound: ${sql}`);
    default:
      throw new Error(`a value of type ${typeof value} cannot be bound: ${sql}`);
  }
}

function bindText(text: string): string {
  if (text.includes("\0")) {
    throw new AppError("unprocessable", "A text contains the character NUL (U+0000). Remove it.");
  }
  if (!text.isWellFormed()) {
    throw new AppError(
      "unprocessable",
      "A text contains half of a character (an unpaired surrogate). Remove it.",
    );
  }
  return text;
}

function bindNumber(value: number, sql: string): number | bigint {
  if (Number.isSafeInteger(value)) return BigInt(value);
  if (!Number.isFinite(value)) throw new Error(`${value} cannot be stored: ${sql}`);
  if (Number.isInteger(value)) {
    throw new Error(`${value} is past the whole numbers that are kept exactly: ${sql}`);
  }
  return value;
}
