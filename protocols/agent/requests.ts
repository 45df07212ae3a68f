import { z } from "zod";
import { readAs } from "./read-message.ts";
import {
  CAPABILITIES_MAX,
  INVENTORY_MAX,
  NAME_CHARACTERS_MAX,
  RESULTS,
  RESULTS_MAX,
  SEQUENCE_MAX,
  TEXT_CHARACTERS_MAX,
  TOKEN_CHARACTERS_MAX,
  TOKEN_CHARACTERS_MIN,
  TOLD_ATTRIBUTES_MAX,
} from "./words.ts";

const name = z.string().min(1).max(NAME_CHARACTERS_MAX);
const fact = z.string().max(NAME_CHARACTERS_MAX);
const token = z
  .string()
  .min(TOKEN_CHARACTERS_MIN)
  .max(TOKEN_CHARACTERS_MAX)
  .regex(/^[A-Za-z0-9._~-]+$/, "letters, digits and . _ ~ - only");

/** What a device says of itself. [3.3] */
const Facts = z.object({
  manufacturer: fact.nullish(),
  model: fact.nullish(),
  osVersion: fact.nullish(),
  osMajor: z.int().min(0).max(100_000).nullish(),
  osPlatform: fact.nullish(),
  cpu: fact.nullish(),
  agentVersion: fact.optional(),
  capabilities: z.array(name).max(CAPABILITIES_MAX).optional(),
});
export type AgentFacts = z.infer<typeof Facts>;

export const Enrol = z.object({
  versions: z.array(z.int()).min(1).max(100),
  stableId: name,
  platform: z.enum(["Windows", "Android"]),
  token,
  code: z.string().min(1).max(NAME_CHARACTERS_MAX).optional(),
  name: name.optional(),
  facts: Facts.optional(),
});
export type EnrolRequest = z.infer<typeof Enrol>;

const InventoryEntry = z.object({
  name,
  version: fact.nullish(),
  publisher: fact.nullish(),
});
export type InventoryEntry = z.infer<typeof InventoryEntry>;

export const Poll = z.object({
  facts: Facts.optional(),
  inventory: z.array(InventoryEntry).max(INVENTORY_MAX).optional(),
  attributes: z
    .record(name, z.string().max(TEXT_CHARACTERS_MAX))
    .refine((map) => Object.keys(map).length <= TOLD_ATTRIBUTES_MAX, {
      message: `at most ${TOLD_ATTRIBUTES_MAX} attributes`,
    })
    .optional(),
});
export type PollRequest = z.infer<typeof Poll>;

/** An agent keeps it on its disk in this form. [5.1] */
export const AgentResult = z.object({
  distribution: name,
  attempt: z.int().min(1).max(1_000_000),
  sequence: z.int().min(1).max(SEQUENCE_MAX),
  result: z.enum(RESULTS),
  step: z.object({ index: z.int().min(0).max(10_000), kind: name }).optional(),
  exitCode: z.int().optional(),
  error: z
    .int()
    .min(-(2 ** 31))
    .max(2 ** 31 - 1)
    .optional(),
  text: z.string().max(TEXT_CHARACTERS_MAX).optional(),
  version: fact.optional(),
  at: z.iso.datetime({ offset: true }).optional(),
});
export type AgentResult = z.infer<typeof AgentResult>;

export const Results = z.object({ results: z.array(AgentResult).min(1).max(RESULTS_MAX) });

export const NewToken = z.object({ token });

/** @throws ProtocolError naming the pointer of what is wrong */
export function readEnrol(body: Uint8Array): EnrolRequest {
  return readAs("agent-enrol", Enrol, body);
}

/** An empty body says nothing new. @throws ProtocolError naming the pointer of what is wrong */
export function readPoll(body: Uint8Array): PollRequest {
  return body.length === 0 ? NOTHING_NEW : readAs("agent-poll", Poll, body);
}
const NOTHING_NEW: PollRequest = {};

/** @throws ProtocolError naming the pointer of what is wrong */
export function readResults(body: Uint8Array): readonly AgentResult[] {
  return readAs("agent-results", Results, body).results;
}

/** @throws ProtocolError naming the pointer of what is wrong */
export function readNewToken(body: Uint8Array): string {
  return readAs("agent-token", NewToken, body).token;
}
