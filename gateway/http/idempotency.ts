import { createMiddleware } from "hono/factory";
import { AppError } from "../../devices/model/errors.ts";
import { sha256Hex } from "../../devices/model/sha256.ts";
import type { AccessStore, IdempotentAnswer } from "../access/access-store.ts";
import type { Principal } from "../access/principal.ts";
import type { AppContext, AppEnv } from "./environment.ts";
import { PROBLEM_TYPE } from "./problem.ts";

export const IDEMPOTENCY_HEADER = "Idempotency-Key";
const KEY = /^[\x21-\x7e]{1,128}$/;
/** Answers are kept this long; afterwards the same key is a new request. */
export const ANSWER_MS = 24 * 60 * 60_000;
/** A larger answer is not kept: the request is then answered anew. */
const ANSWER_BYTES_MAX = 1024 * 1024;

/**
 * A POST that carries an `Idempotency-Key` is done once: the same request under the same key gets the
 * first answer again, another request under the key is refused. Secrets that are shown once are left
 * out of what is kept. An answer that asks to come again (5xx, 401, 403, 429) is not kept.
 *
 * The answer is kept after the request was carried out. If the power fails in between, the repeated
 * request is carried out again; use-cases that matter recognise a repetition by themselves.
 */
export function idempotency(store: AccessStore, now: () => number) {
  const running = new Set<string>();
  return createMiddleware<AppEnv>(async (c, next) => {
    const given = c.req.header(IDEMPOTENCY_HEADER);
    const principal = c.get("principal");
    if (given === undefined || c.req.method !== "POST" || !principal) return next();
    if (!KEY.test(given)) {
      throw new AppError(
        "invalid",
        `${IDEMPOTENCY_HEADER} takes 1 to 128 visible ASCII characters`,
      );
    }
    const key = sha256Hex([whoIs(principal), c.req.path, given].join("\n"));
    const requestHash = sha256Hex(`${new URL(c.req.url).search}\n${await c.req.text()}`);
    const kept = await store.findAnswer(key);
    if (kept && now() - kept.createdAtMs < ANSWER_MS) return replay(kept, requestHash);
    if (running.has(key)) {
      throw new AppError("conflict", "the first request with this key is still running", {
        retryAfterMs: 1000,
      });
    }
    running.add(key);
    try {
      await next();
      const body = await keepable(c);
      if (body === undefined) return;
      await store.keepAnswer({ key, requestHash, status: c.res.status, body, createdAtMs: now() });
    } finally {
      running.delete(key);
    }
  });
}

function whoIs(principal: Principal): string {
  return principal.kind === "token" ? `token ${principal.id}` : `name ${principal.name}`;
}

function replay(kept: IdempotentAnswer, requestHash: string): Response {
  if (kept.requestHash !== requestHash) {
    throw new AppError("unprocessable", `this ${IDEMPOTENCY_HEADER} was used for another request`);
  }
  return new Response(kept.body === "" ? null : kept.body, {
    status: kept.status,
    headers: {
      "Content-Type": kept.status >= 400 ? PROBLEM_TYPE : "application/json",
      "Idempotent-Replayed": "true",
    },
  });
}

async function keepable(c: AppContext): Promise<string | undefined> {
  const { status } = c.res;
  if (status >= 500 || [401, 403, 429].includes(status)) return undefined;
  const body = await c.res.clone().text();
  if (body.length > ANSWER_BYTES_MAX) return undefined;
  const secretFields = c.get("secretFields");
  if (secretFields === undefined || status >= 400) return body;
  const answer: Record<string, unknown> = JSON.parse(body);
  for (const field of secretFields) answer[field] = null;
  return JSON.stringify(answer);
}
