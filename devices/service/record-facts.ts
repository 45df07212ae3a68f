import { interpret } from "../install/mappings/interpret.ts";
import { AppError, type FieldError } from "../model/errors.ts";
import { FACT_SOURCES, type FactSource, type NewFact } from "../model/fact.ts";
import type { DeviceId, DistributionId } from "../model/ids.ts";
import type { Installation } from "../model/installation.ts";
import type { Ledger } from "./ledger.ts";
import { replan } from "./replan.ts";
import { type SiteContext, withDevice } from "./site-context.ts";

/** One fact reported through the API for one installation. [D13] */
export interface DirectFact {
  readonly distribution: DistributionId;
  readonly source: FactSource;
  /** The native word of the source: `Managed`, `6`, `Failed/Unexpected error occurred`, … */
  readonly value: string;
  readonly lastError?: number | undefined;
  readonly text?: string | undefined;
  readonly version?: string | undefined;
  readonly attempt?: number | undefined;
  readonly sequence?: number | undefined;
  /** When the device was in this state, in milliseconds since the epoch; now unless given. */
  readonly atMs?: number | undefined;
}

export const DIRECT_FACTS_MAX = 500;

export interface RecordedFact {
  readonly distribution: DistributionId;
  readonly effect: "moved" | "repeated" | "late" | "none";
  readonly installation: Installation;
}

/**
 * Stores what a device (or its MDM) reported, all or nothing, before it returns.
 *
 * @throws AppError "unprocessable" naming each value that the source's vocabulary does not have, and
 *   each distribution that has no row for this device
 */
export function recordFacts(
  context: SiteContext,
  id: DeviceId,
  facts: readonly DirectFact[],
  by: string,
): Promise<RecordedFact[]> {
  return withDevice(context, id, (ledger) => {
    if (ledger.device.removedAtMs !== null) {
      throw new AppError("conflict", "the device was removed; register it again first");
    }
    const nowMs = context.now();
    ledger.patchDevice({ lastContactMs: nowMs });
    replan(context, ledger, { contact: false });
    const wrong: FieldError[] = [];
    const recorded = facts.map((fact, index) => {
      const told = recordFact(context, ledger, fact, by);
      if ("effect" in told) return { distribution: fact.distribution, effect: told.effect };
      wrong.push({ pointer: `/${index}/${told.field}`, message: told.problem });
      return undefined;
    });
    if (wrong.length > 0) {
      throw new AppError("unprocessable", "some facts cannot be read; none was stored", {
        fields: wrong,
      });
    }
    replan(context, ledger, { contact: false });
    return recorded.flatMap((one) => {
      const installation = one && ledger.row(one.distribution);
      return one && installation ? [{ ...one, installation }] : [];
    });
  });
}

/** A fact that was not stored: which of its fields is wrong, and why. */
export interface RefusedFact {
  readonly field: "distribution" | "value";
  readonly problem: string;
}

/** @param isBehind it is known to be of before what the row says: it goes to the history only [D1] */
export function recordFact(
  context: SiteContext,
  ledger: Ledger,
  fact: DirectFact,
  by: string,
  isBehind = false,
): { readonly effect: NewFact["effect"] } | RefusedFact {
  const row = ledger.row(fact.distribution);
  if (!row) {
    const problem = `the distribution ${fact.distribution} is not for this device`;
    return { field: "distribution", problem };
  }
  const meaning = interpret(fact.source, row.platform, fact.value, {
    operation: row.operation,
    lastError: fact.lastError ?? null,
  });
  if (meaning === undefined) {
    const problem = `"${fact.value}" is no value of the source ${fact.source} on ${row.platform}`;
    return { field: "value", problem };
  }
  const nowMs = context.now();
  const effect = ledger.report(fact.distribution, {
    source: fact.source,
    protocol: "api",
    value: fact.value,
    meaning,
    lastError: fact.lastError ?? null,
    text: fact.text ?? null,
    version: fact.version ?? null,
    // A clock that is ahead would make this newer than all that is heard until then.
    atMs: Math.min(fact.atMs ?? nowMs, nowMs),
    attempt: fact.attempt ?? null,
    sequence: fact.sequence ?? null,
    by,
    isBehind,
  });
  return { effect };
}

export function isFactSource(text: string): text is FactSource {
  return text !== "site" && FACT_SOURCES.some((source) => source === text);
}
