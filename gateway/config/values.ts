import { isIP } from "node:net";
import { Secret } from "./secret.ts";

/**
 * From the text of a variable, file or flag to a value. Each throws an Error whose message finishes
 * the sentence "OUTPOST_X …", and says what would be right.
 */
export type Parse<Value> = (text: string) => Value;

export const text: Parse<string> = (value) => {
  const trimmed = value.trim();
  if (trimmed === "") throw new Error("is empty: give it a value or remove it");
  return trimmed;
};

export const flag: Parse<boolean> = (value) => {
  if (["1", "true", "yes"].includes(value.toLowerCase())) return true;
  if (["0", "false", "no"].includes(value.toLowerCase())) return false;
  throw new Error(`is "${value}": write 1 or 0`);
};

/** A whole number from `min` to `max`; `unit` is what it counts. */
export function wholeNumber(min: number, max: number, unit: string): Parse<number> {
  return (value) => {
    const number = /^-?\d{1,15}$/.test(value.trim()) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new Error(`is "${value}": write a whole number of ${unit} from ${min} to ${max}`);
  };
}

const BYTE_UNITS: Readonly<Record<string, number>> = {
  "": 1,
  KiB: 1024,
  MiB: 1024 ** 2,
  GiB: 1024 ** 3,
  TiB: 1024 ** 4,
};

/** A size such as `512MiB` or a number of bytes. */
export const bytes: Parse<number> = (value) => {
  const match = /^(\d{1,15}) ?([KMGT]iB)?$/.exec(value.trim());
  const size = Number(match?.[1]) * (BYTE_UNITS[match?.[2] ?? ""] ?? Number.NaN);
  if (Number.isSafeInteger(size)) return size;
  throw new Error(`is "${value}": write a size such as 512MiB, 20GiB or a number of bytes`);
};

export function oneOf<const Word extends string>(words: readonly Word[]): Parse<Word> {
  return (value) => {
    const found = words.find((word) => word === value.trim());
    if (found !== undefined) return found;
    throw new Error(`is "${value}": write one of ${words.join(", ")}`);
  };
}

/** An http or https address without credentials, query or fragment. */
export const webAddress: Parse<URL> = (value) => {
  const url = URL.canParse(value.trim()) ? new URL(value.trim()) : undefined;
  if (url === undefined || (url.protocol !== "http:" && url.protocol !== "https:")) {
    throw new Error(`is "${value}": write an address such as https://hub.example.com`);
  }
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "") {
    throw new Error("must not hold a user, a password, a query or a fragment");
  }
  return url;
};

export const timeZone: Parse<string> = (value) => {
  try {
    return new Intl.DateTimeFormat("en", { timeZone: value.trim() }).resolvedOptions().timeZone;
  } catch {
    throw new Error(`is "${value}": write an IANA name such as Europe/Vienna`);
  }
};

/** An instant, in milliseconds since the epoch. */
export const instant: Parse<number> = (value) => {
  const trimmed = value.trim();
  const ms = /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(trimmed)
    ? Date.parse(trimmed)
    : Number.NaN;
  if (!Number.isNaN(ms)) return ms;
  throw new Error(`is "${value}": write an instant with its zone, such as 2026-03-01T22:00:00Z`);
};

/** IP addresses or networks in CIDR form, separated by commas. */
export const networks: Parse<readonly string[]> = (value) => {
  if (value.trim() === "") return [];
  const parts = value.split(",").map((part) => part.trim());
  for (const part of parts) {
    const [address = "", bits, ...rest] = part.split("/");
    const version = isIP(address);
    const bitsMax = version === 4 ? 32 : 128;
    const bitsRight = bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= bitsMax);
    if (version === 0 || !bitsRight || rest.length > 0) {
      throw new Error(`has "${part}": write addresses or networks such as 10.0.0.5, 10.1.0.0/16`);
    }
  }
  return parts;
};

export const headerName: Parse<string> = (value) => {
  const trimmed = value.trim();
  if (/^[A-Za-z0-9-]{1,64}$/.test(trimmed)) return trimmed;
  throw new Error(`is "${value}": write the name of an HTTP header such as X-Client-Subject`);
};

/** A secret of at least `lengthMin` characters. */
export function secret(lengthMin: number): Parse<Secret> {
  return (value) => {
    const trimmed = value.trim();
    if (trimmed.length < lengthMin) {
      throw new Error(`is too short: at least ${lengthMin} characters are needed`);
    }
    return new Secret(trimmed);
  };
}
