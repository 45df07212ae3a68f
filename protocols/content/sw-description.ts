import { ProtocolError } from "../errors.ts";
import { type ConfigValue, parseLibconfig } from "./libconfig.ts";

/** What an image of SWUpdate says of itself. */
export interface SwDescription {
  readonly name: string | null;
  readonly version: string | null;
  /** Revisions of the hardware that it is for, over all boards that it names. */
  readonly hardware: readonly string[];
}

/** A real one has a few KiB; so much is read in a few milliseconds. */
export const SW_DESCRIPTION_BYTES_MAX = 128 * 1024;
const HARDWARE_MAX = 100;
const DEPTH_MAX = 6;
const RULE = "sw-description";

/**
 * Reads sw-description, in libconfig's form or as JSON. [SWUpdate, sw-description]
 *
 * @throws ProtocolError `sw-description`, `libconfig`
 */
export function readSwDescription(bytes: Uint8Array): SwDescription {
  let text: string;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new ProtocolError(RULE, "sw-description is no text: it may be encrypted", {
      cause: error,
    });
  }
  const root = text.trimStart().startsWith("{") ? jsonOf(text) : parseLibconfig(text);
  const software = isGroup(root) ? root.software : undefined;
  if (!isGroup(software)) throw new ProtocolError(RULE, "sw-description has no group software");
  const words = (name: string) => {
    const value = software[name];
    return typeof value === "string" && value !== "" ? value : null;
  };
  const hardware = new Set<string>();
  collectHardware(software, hardware, 0);
  return {
    name: words("name") ?? words("description"),
    version: words("version"),
    hardware: [...hardware].slice(0, HARDWARE_MAX),
  };
}

function jsonOf(text: string): ConfigValue {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ProtocolError(RULE, `sw-description is no JSON: ${why}`, { cause: error });
  }
}

/** For all boards, or for each in its own group. */
function collectHardware(group: Group, found: Set<string>, depth: number): void {
  for (const [name, value] of Object.entries(group)) {
    if (name === "hardware-compatibility" && Array.isArray(value)) {
      for (const one of value) if (typeof one === "string") found.add(one);
    } else if (isGroup(value) && depth < DEPTH_MAX) {
      collectHardware(value, found, depth + 1);
    }
  }
}

type Group = Readonly<Record<string, ConfigValue>>;

function isGroup(value: unknown): value is Group {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
