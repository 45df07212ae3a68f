import { ProtocolError, quoted } from "../errors.ts";

/** Characters of a device's UUID as it writes it. */
export const UUID_CHARACTERS_MAX = 64;
/** Characters of any other header of a device. */
export const HEADER_CHARACTERS_MAX = 256;

export const AUTH_HEADER = "x-device-auth";
export const TIMESTAMP_HEADER = "x-device-timestamp";

/** What a device says beside each document. */
export interface CeHeaders {
  /** As `canonicalUuid` writes it. */
  readonly uuid: string;
  /** What the server gave it last; null before it was given anything. */
  readonly auth: string | null;
  /** When it last polled, in the server's words; null before it has. */
  readonly timestamp: string | null;
  readonly clientVersion: string | null;
}

const UUID = /^[0-9A-Z](?:[0-9A-Z-]*[0-9A-Z])?$/;

/** Hex or like a GUID, with braces or without, in any letter case: one form for one device. */
export function canonicalUuid(text: string): string | undefined {
  const name = text
    .trim()
    .replace(/^\{(.*)\}$/, "$1")
    .toUpperCase();
  return name.length <= UUID_CHARACTERS_MAX && UUID.test(name) ? name : undefined;
}

/**
 * Reads the headers of a device.
 *
 * @throws ProtocolError `ce-no-uuid`, `ce-bad-uuid`, `ce-header-too-long`
 */
export function readHeaders(get: (name: string) => string | null): CeHeaders {
  const said = get("x-device-uuid") ?? "";
  if (said.trim() === "") throw new ProtocolError("ce-no-uuid", "X-Device-UUID is missing");
  const uuid = canonicalUuid(said);
  if (uuid === undefined) {
    throw new ProtocolError("ce-bad-uuid", `X-Device-UUID is no device's id: ${quoted(said)}`);
  }
  const text = (name: string): string | null => {
    const value = (get(name) ?? "").trim();
    if (value.length > HEADER_CHARACTERS_MAX) {
      throw new ProtocolError(
        "ce-header-too-long",
        `${name} has more than ${HEADER_CHARACTERS_MAX} characters`,
      );
    }
    return isNothing(value) ? null : value;
  };
  return {
    uuid,
    auth: text(AUTH_HEADER),
    timestamp: text(TIMESTAMP_HEADER),
    clientVersion: text("x-device-client-version"),
  };
}

/** Devices write 0 for what they were not given yet. */
export function isNothing(value: string): boolean {
  return value === "" || value === "0";
}
