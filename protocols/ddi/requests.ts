/** What clients of DDI send. Fields that are not known are left alone: clients send obsolete ones. [1.4] */
import { z } from "zod";
import { ProtocolError } from "../errors.ts";
import { decodeCbor } from "./cbor.ts";

export const EXECUTIONS = [
  "closed",
  "proceeding",
  "canceled",
  "scheduled",
  "rejected",
  "resumed",
  "downloaded",
  "download",
] as const;
export type Execution = (typeof EXECUTIONS)[number];
export const FINISHED = ["success", "failure", "none"] as const;

/** A request's body, in bytes. swupdate sends up to 48 lines of its log at once. */
export const DDI_BODY_BYTES_MAX = 256 * 1024;
/** Messages in one feedback, as hawkBit has it. What is beyond is not kept. */
export const DETAILS_MAX = 50;
/** Attributes of one device, as hawkBit has it. */
export const CONFIG_DATA_MAX = 100;
export const ATTRIBUTE_NAME_CHARACTERS_MAX = 128;
export const ATTRIBUTE_VALUE_CHARACTERS_MAX = 2_048;

const details = z
  .array(z.string())
  .nullish()
  .transform((list) => list ?? []);
const code = z
  .int()
  .nullish()
  .transform((value) => value ?? null);

const Feedback = z.object({
  // `id`, `time` and `timestamp` are not looked at: clients' clocks are what they are. [1.8]
  status: z.object({
    execution: z.enum(EXECUTIONS),
    result: z.object({
      finished: z.enum(FINISHED),
      progress: z
        .object({ cnt: z.number().nullish(), of: z.number().nullish() })
        .nullish()
        .transform((value) => value ?? null),
    }),
    code,
    details,
  }),
});
export type Feedback = z.infer<typeof Feedback>["status"];

const Confirmation = z.object({
  confirmation: z.enum(["confirmed", "denied"]),
  code,
  details,
});
export type Confirmation = z.infer<typeof Confirmation>;

const ConfigData = z.object({
  mode: z
    .enum(["merge", "replace", "remove"])
    .nullish()
    .transform((mode) => mode ?? "merge"),
  data: z.record(
    z.string().min(1).max(ATTRIBUTE_NAME_CHARACTERS_MAX),
    // swupdate and others send numbers as well.
    z
      .union([z.string(), z.number(), z.boolean()])
      .nullable()
      .transform((value) => (value === null ? "" : String(value)))
      .pipe(z.string().max(ATTRIBUTE_VALUE_CHARACTERS_MAX)),
  ),
});
export type ConfigData = z.infer<typeof ConfigData>;

const Installed = z.object({
  name: z.string().min(1).max(256),
  version: z.string().min(1).max(256),
});
export type InstalledBase = z.infer<typeof Installed>;

const AutoConfirm = z.object({
  initiator: z
    .string()
    .max(64)
    .nullish()
    .transform((text) => text ?? null),
  remark: z
    .string()
    .max(512)
    .nullish()
    .transform((text) => text ?? null),
});
export type AutoConfirm = z.infer<typeof AutoConfirm>;

/** How a body is written. */
export type Encoding = "json" | "cbor";

/** Each throws ProtocolError `ddi-json`, `cbor` or `ddi-<what>`, which names what is wrong. */
export const readFeedback = (body: Uint8Array, encoding: Encoding): Feedback =>
  readAs("feedback", Feedback, body, encoding).status;
export const readConfirmation = (body: Uint8Array, encoding: Encoding): Confirmation =>
  readAs("confirmation", Confirmation, body, encoding);
export const readConfigData = (body: Uint8Array, encoding: Encoding): ConfigData =>
  readAs("config-data", ConfigData, body, encoding);
export const readInstalledBase = (body: Uint8Array, encoding: Encoding): InstalledBase =>
  readAs("installed-base", Installed, body, encoding);
/** The body may be missing. */
export const readAutoConfirm = (body: Uint8Array, encoding: Encoding): AutoConfirm =>
  body.length === 0 ? NOBODY : readAs("auto-confirm", AutoConfirm, body, encoding);
const NOBODY: AutoConfirm = { initiator: null, remark: null };

function readAs<T>(what: string, schema: z.ZodType<T>, body: Uint8Array, encoding: Encoding): T {
  const value = encoding === "cbor" ? decodeCbor(body) : parseJson(body);
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const pointer = `/${(issue?.path ?? []).join("/")}`;
  throw new ProtocolError(`ddi-${what}`, `${pointer}: ${issue?.message ?? "is wrong"}`);
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch (cause) {
    throw new ProtocolError("ddi-json", "the body is no JSON", { cause });
  }
}
