import { z } from "zod";
import { readAs } from "./read-message.ts";
import {
  FED_APPS_MAX,
  FED_DEVICES_MAX,
  NAME_CHARACTERS_MAX,
  TEXT_CHARACTERS_MAX,
} from "./words.ts";

const name = z.string().min(1).max(NAME_CHARACTERS_MAX);
const fact = z.string().max(NAME_CHARACTERS_MAX);
const count = z
  .int()
  .min(1)
  .max(2 ** 31 - 1);
const time = z.iso
  .datetime({ offset: true, error: "give a time with a zone, such as 2026-11-21T22:00:00Z" })
  .transform((text) => Date.parse(text))
  .refine((milliseconds) => milliseconds >= 0, "give a time since 1970");

/** How it stands with one app. [11.2] */
const App = z
  .strictObject({
    distribution: name.optional(),
    package: name.optional(),
    status: z.string().min(1).max(TEXT_CHARACTERS_MAX),
    at: time.optional(),
    attempt: count.optional(),
    sequence: count.optional(),
    version: fact.optional(),
    error: z
      .int()
      .min(-(2 ** 31))
      .max(2 ** 31 - 1)
      .optional(),
    text: z.string().max(TEXT_CHARACTERS_MAX).optional(),
    unusedRedemptionCode: name.optional(),
  })
  .refine(
    (app) => (app.distribution === undefined) !== (app.package === undefined),
    "name the distribution or the package, one of them",
  );

/** [11.3] */
const Facts = z.strictObject({
  manufacturer: fact.optional(),
  model: fact.optional(),
  osVersion: fact.optional(),
  osMajor: z.int().min(0).max(100_000).optional(),
  shared: z.boolean().optional(),
  userEnrolled: z.boolean().optional(),
  userAssigned: z.boolean().optional(),
  compliance: z.enum(["compliant", "out-of-compliance", "unknown"]).optional(),
});

const source = z.enum(["apple", "android"]);
const apps = z.array(App).max(FED_APPS_MAX);
const at = time.optional();

/** What an agent sends of its own device. [11.1] */
export const OwnFeed = z.strictObject({ source, at, apps });
export type OwnStatusFeed = z.output<typeof OwnFeed>;

/** What an MDM sends of many. [11.1] */
export const StatusFeed = z.strictObject({
  source,
  at,
  devices: z
    .array(z.strictObject({ device: name, at, facts: Facts.optional(), apps }))
    .min(1)
    .max(FED_DEVICES_MAX),
});
export type StatusFeed = z.output<typeof StatusFeed>;
export type FedApp = z.output<typeof App>;

/** @throws ProtocolError naming the pointer of what is wrong */
export function readOwnFeed(body: Uint8Array): OwnStatusFeed {
  return readAs("agent-status-feed", OwnFeed, body);
}
