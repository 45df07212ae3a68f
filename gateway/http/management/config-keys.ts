import type { z } from "@hono/zod-openapi";
import { sha256Hex } from "../../../devices/model/sha256.ts";
import { DDI_DEFAULT, type DdiSettings } from "../../../devices/service/ddi/ddi-settings.ts";
import type { ConfigValue } from "../../../protocols/ddi/management/requests.ts";
import { ProtocolError } from "../../../protocols/errors.ts";
import { DDI_FIELDS } from "../routes/ddi-settings.ts";

/** A gateway token that a tool brings speaks for every device. */
export const GATEWAY_TOKEN_MIN = 16;
export const GATEWAY_TOKEN_MAX = 256;

interface Config {
  readonly read: (settings: DdiSettings) => string | boolean;
  /** @throws ProtocolError `management-config-value` */
  readonly write: (value: ConfigValue) => Partial<DdiSettings>;
  /** As it is before anybody sets it. */
  readonly reset: Partial<DdiSettings>;
  readonly isSecret?: true;
}

/** hawkBit's settings of a tenant that a site has, by hawkBit's names. */
const CONFIGS: Readonly<Record<string, Config>> = {
  pollingTime: field("pollingTime"),
  pollingOverdueTime: field("pollingOverdueTime"),
  "authentication.targettoken.enabled": field("targetToken"),
  "authentication.gatewaytoken.enabled": field("gatewayToken"),
  "authentication.gatewaytoken.key": {
    read: ({ gatewayTokenText }) => gatewayTokenText ?? "",
    write: (value) => {
      if (typeof value !== "string" || !/^\S+$/.test(value)) throw wrong("text without spaces");
      if (value.length < GATEWAY_TOKEN_MIN || value.length > GATEWAY_TOKEN_MAX) {
        throw wrong(`${GATEWAY_TOKEN_MIN} to ${GATEWAY_TOKEN_MAX} characters`);
      }
      return { gatewayTokenDigest: sha256Hex(value), gatewayTokenText: value };
    },
    reset: { gatewayTokenDigest: null, gatewayTokenText: null },
    isSecret: true,
  },
  "authentication.header.enabled": field("certificate"),
  "authentication.header.authority": {
    read: ({ authorities }) => authorities.join(","),
    write: (value) => {
      if (typeof value !== "string") throw wrong("fingerprints, with commas between them");
      const list = value.split(",").map((one) => one.trim());
      return {
        authorities: checked(
          "authorities",
          list.filter((one) => one !== ""),
        ),
      };
    },
    reset: { authorities: DDI_DEFAULT.authorities },
  },
  "anonymous.download.enabled": always(
    false,
    "artifacts are given to devices that prove themselves",
  ),
  "multi.assignments.enabled": always(false, "a target is assigned one set at a time"),
};

export const CONFIG_KEYS = Object.keys(CONFIGS);

/** @throws ProtocolError `management-config-key` for what is no setting here */
export function needConfig(key: string): Config {
  const known = Object.hasOwn(CONFIGS, key) ? CONFIGS[key] : undefined;
  if (known) return known;
  const names = CONFIG_KEYS.join(", ");
  throw new ProtocolError(
    "management-config-key",
    `there is no setting ${key} here; there are ${names}`,
  );
}

type PlainField =
  | "pollingTime"
  | "pollingOverdueTime"
  | "targetToken"
  | "gatewayToken"
  | "certificate";

function field(name: PlainField): Config {
  return {
    read: (settings) => settings[name],
    write: (value) => ({ [name]: checked(name, value) }),
    reset: { [name]: DDI_DEFAULT[name] },
  };
}

/** What is so here, and cannot be otherwise. */
function always(is: boolean, why: string): Config {
  return {
    read: () => is,
    write: (value) => {
      if (value === is) return {};
      throw wrong(`${is}: ${why}`);
    },
    reset: {},
  };
}

function checked<Name extends keyof typeof DDI_FIELDS>(
  name: Name,
  value: unknown,
): z.output<(typeof DDI_FIELDS)[Name]> {
  const read = DDI_FIELDS[name].safeParse(value);
  if (read.success) return read.data as z.output<(typeof DDI_FIELDS)[Name]>;
  throw wrong(read.error.issues[0]?.message ?? "another value");
}

function wrong(rule: string): ProtocolError {
  return new ProtocolError("management-config-value", `the value is to be ${rule}`);
}
