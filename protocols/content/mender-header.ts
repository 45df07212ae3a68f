import { ProtocolError } from "../errors.ts";

/** What a Mender artifact says of itself. */
export interface MenderHeader {
  readonly artifactName: string;
  readonly deviceTypes: readonly string[];
  /** Such as `rootfs-image` or a name of an update module. */
  readonly payloadTypes: readonly string[];
}

const RULE = "mender-header";
const LIST_MAX = 100;

/**
 * The version that the file `version` of an artifact states.
 *
 * @throws ProtocolError `mender-header`
 */
export function readMenderVersion(bytes: Uint8Array): number {
  const json = objectOf(bytes, "version");
  if (json.format !== "mender" || typeof json.version !== "number") {
    throw broken("version does not say that it is an artifact");
  }
  return json.version;
}

/**
 * Reads header-info, of version 2 or 3.
 *
 * @throws ProtocolError `mender-header`
 */
export function readMenderHeader(bytes: Uint8Array): MenderHeader {
  const json = objectOf(bytes, "header-info");
  const provides = recordOf(json.artifact_provides);
  const depends = recordOf(json.artifact_depends);
  const artifactName = provides.artifact_name ?? json.artifact_name;
  if (typeof artifactName !== "string" || artifactName === "") throw broken("it has no name");
  const payloads = Array.isArray(json.payloads) ? json.payloads : json.updates;
  return {
    artifactName,
    deviceTypes: textsOf(depends.device_type ?? json.device_types_compatible),
    payloadTypes: textsOf(Array.isArray(payloads) ? payloads.map((one) => recordOf(one).type) : []),
  };
}

function objectOf(bytes: Uint8Array, name: string): Readonly<Record<string, unknown>> {
  try {
    return recordOf(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ProtocolError(RULE, `${name} of the artifact is no JSON: ${why}`, { cause: error });
  }
}

function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? { ...value } : {};
}

function textsOf(value: unknown): readonly string[] {
  const list = Array.isArray(value) ? value : [value];
  return list.filter((one) => typeof one === "string").slice(0, LIST_MAX);
}

function broken(why: string): ProtocolError {
  return new ProtocolError(RULE, `the artifact cannot be used: ${why}`);
}
