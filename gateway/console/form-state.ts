import { AppError, fieldError } from "../../devices/model/errors.ts";

/** What somebody typed into a form and what is wrong with it. */
export interface FormState {
  /** False for a fresh form. */
  readonly isSent: boolean;
  /** What was typed; for a fresh form `initial`, else empty. */
  value(name: string, initial?: string): string;
  values(name: string): readonly string[];
  errorOf(name: string): string | undefined;
  /** What is wrong with the whole. */
  readonly problem: string | undefined;
}

export const FRESH_FORM: FormState = {
  isSent: false,
  value: (_name, initial = "") => initial,
  values: () => [],
  errorOf: () => undefined,
  problem: undefined,
};

/** A form as it was sent. Text is trimmed but for fields whose name says "password". */
export class SentForm implements FormState {
  readonly isSent = true;
  readonly problem: string | undefined;
  /** What is wrong with it, pointers and all. */
  readonly error: AppError | undefined;
  readonly #data: FormData;
  readonly #errors: ReadonlyMap<string, string>;

  constructor(data: FormData, error?: AppError) {
    this.#data = data;
    this.error = error;
    this.#errors = new Map(
      error?.fields.map(({ pointer, message }) => [fieldOf(pointer), message]),
    );
    const isOnField = [...this.#errors.keys()].some((name) => data.has(name));
    this.problem = error === undefined || isOnField ? undefined : error.message;
  }

  value(name: string): string {
    const value = this.#data.get(name);
    if (typeof value !== "string") return "";
    return /password/i.test(name) ? value : value.trim();
  }

  /** Undefined for an empty field. */
  optional(name: string): string | undefined {
    return this.value(name) || undefined;
  }

  values(name: string): readonly string[] {
    return this.#data.getAll(name).filter((value) => typeof value === "string");
  }

  errorOf(name: string): string | undefined {
    return this.#errors.get(name);
  }

  /** Every field as it was sent, those of one name one after the other. */
  entries(): readonly (readonly [name: string, value: string])[] {
    const all: (readonly [string, string])[] = [];
    this.#data.forEach((value, name) => {
      if (typeof value === "string") all.push([name, value.trim()]);
    });
    return all;
  }

  /** @throws AppError "unprocessable" for what is no whole number within the range, ends included */
  wholeNumber(name: string, [min, max]: readonly [number, number]): number {
    const value = Number(this.value(name) || Number.NaN);
    if (Number.isInteger(value) && value >= min && value <= max) return value;
    throw fieldError(`/${name}`, `a whole number from ${min} to ${max}`);
  }

  isTicked(name: string): boolean {
    return this.value(name) === "yes";
  }

  /** The same text with what is wrong with it. */
  with(error: AppError): SentForm {
    return new SentForm(this.#data, error);
  }
}

/** `/target/group` is the field `group`, `/sites/0` is `sites`. */
function fieldOf(pointer: string): string {
  const names = pointer.split("/").filter((part) => part !== "" && !/^\d+$/.test(part));
  return names.at(-1) ?? "";
}

/** A form that somebody can put right: errors of this kind bring the form back, others a page. */
export function isCorrectable(error: unknown): error is AppError {
  return (
    error instanceof AppError &&
    ["invalid", "unprocessable", "conflict", "too-many", "unauthorized"].includes(error.code)
  );
}
