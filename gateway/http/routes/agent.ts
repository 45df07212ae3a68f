import { type Context, Hono } from "hono";
import type { DeviceToken } from "../../../devices/model/agent-device.ts";
import type { Device } from "../../../devices/model/device.ts";
import { AppError } from "../../../devices/model/errors.ts";
import {
  type DeviceId,
  type DistributionId,
  parseDistributionId,
} from "../../../devices/model/ids.ts";
import { commonVersion, type EnrolOutcome } from "../../../devices/service/agent/enrol.ts";
import type { AgentPlan, CatalogueItem, TakenResults } from "../../../protocols/agent/answers.ts";
import {
  type AgentResult,
  type EnrolRequest,
  type PollRequest,
  readEnrol,
  readNewToken,
  readPoll,
  readResults,
} from "../../../protocols/agent/requests.ts";
import {
  AGENT_BODY_BYTES_MAX,
  AGENT_VERSIONS,
  WAIT_SECONDS_MAX,
} from "../../../protocols/agent/words.ts";
import { ifNoneMatchHas } from "../../../protocols/content/byte-range.ts";
import type { LoginBackoff } from "../../access/login-backoff.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { DeviceBell } from "../device-bell.ts";
import type { AppEnv } from "../environment.ts";
import { problem, problemResponse } from "../problem.ts";
import { readBytes } from "../read-bytes.ts";
import { Turnstile } from "../turnstile.ts";

/** What agents ask of a site; each is a use-case of `devices/service/agent`. */
export interface AgentUseCases {
  enrol(request: EnrolRequest, address: string): Promise<EnrolOutcome>;
  holder(token: string): Promise<AgentIdentity | undefined>;
  /** The device that had this id before the site joined its hub. */
  formerly(id: string): Promise<Device | undefined>;
  checkIn(
    id: DeviceId,
    told: PollRequest,
    how: { readonly token: DeviceToken; readonly baseUrl: () => string },
  ): Promise<AgentPlan>;
  takeResults(id: DeviceId, results: readonly AgentResult[]): Promise<TakenResults>;
  catalogue(id: DeviceId): Promise<readonly CatalogueItem[]>;
  requestByUser(id: DeviceId, distribution: DistributionId): Promise<CatalogueItem>;
  rotateToken(id: DeviceId, token: string): Promise<unknown>;
}

export interface AgentIdentity {
  readonly device: Device;
  readonly token: DeviceToken;
}

export interface AgentDeps {
  readonly agents: AgentUseCases;
  readonly bell: DeviceBell;
  readonly backoff: LoginBackoff;
  /** The gateway's address as the sender of this request reaches it. */
  readonly baseUrlOf: (request: Request) => string;
  /** The site's clock. */
  readonly now: () => number;
  /** Real time, in milliseconds from any origin: how long somebody has waited. */
  readonly elapsed: () => number;
  /** Real time, for whoever guesses. */
  readonly realNow: () => number;
  readonly metrics: Metrics;
}

/** How long a device that knocked waits before it asks again, in seconds. [PROTOCOL 2.5] */
const KNOCK_SECONDS = 60;

/** `/agent/v1`: Outpost's own agent protocol, by `protocols/agent/PROTOCOL.md`. */
export function agentRoutes(deps: AgentDeps): Hono<AppEnv> {
  const { agents, metrics } = deps;
  const routes = new Hono<AppEnv>();
  const turnstile = new Turnstile();
  routes.use("/agent/*", async (_, next) => {
    await turnstile.pass();
    await next();
  });

  routes.post("/agent/v1/enrol", (c) => enrol(c, deps));

  routes.post("/agent/v1/:device/poll", async (c) => {
    const identity = await identify(c, deps);
    return poll(c, identity, readPoll(await body(c)), deps);
  });

  routes.post("/agent/v1/:device/results", async (c) => {
    const { device } = await identify(c, deps);
    const results = readResults(await body(c));
    const taken = await agents.takeResults(device.id, results);
    const refused = taken.refused.length;
    metrics.count("outpost_agent_results_total", { outcome: "taken" }, results.length - refused);
    if (refused > 0) metrics.count("outpost_agent_results_total", { outcome: "refused" }, refused);
    return c.json(taken);
  });

  routes.get("/agent/v1/:device/catalogue", async (c) => {
    const { device } = await identify(c, deps);
    return c.json({ items: await agents.catalogue(device.id) });
  });

  routes.post("/agent/v1/:device/catalogue/:distribution/request", async (c) => {
    const { device } = await identify(c, deps);
    const distribution = parseDistributionId(c.req.param("distribution"));
    if (!distribution) throw new AppError("not-found", "that is no distribution");
    return c.json(await agents.requestByUser(device.id, distribution));
  });

  routes.post("/agent/v1/:device/token", async (c) => {
    const { device } = await identify(c, deps);
    await agents.rotateToken(device.id, readNewToken(await body(c)));
    return c.body(null, 204);
  });

  routes.all("/agent/:version/*", (c) => {
    const version = c.req.param("version");
    if (AGENT_VERSIONS.some((one) => `v${one}` === version)) return c.notFound();
    return refuseVersion(c, `this site does not speak version "${version}" of the agent protocol`);
  });
  return routes;
}

async function enrol(c: Context<AppEnv>, deps: AgentDeps): Promise<Response> {
  const { agents, backoff, metrics } = deps;
  const request = readEnrol(await body(c));
  const version = commonVersion(request.versions);
  if (version === undefined) {
    return refuseVersion(c, "the agent speaks no version that this site speaks");
  }
  const address = c.get("address") ?? "";
  const { stableId, code } = request;
  const nowMs = deps.realNow();
  // Who shows no code guesses nothing.
  if (code !== undefined) {
    const waitMs = backoff.waitMs(stableId, address, nowMs);
    if (waitMs > 0) {
      throw new AppError("too-many", "too many enrolments failed", { retryAfterMs: waitMs });
    }
    backoff.attempted(stableId, address, nowMs);
  }
  const outcome = await agents.enrol(request, address).catch((error) => {
    metrics.count("outpost_agent_enrolments_total", { outcome: "refused" });
    throw error;
  });
  if (code !== undefined) backoff.succeeded(stableId, address);
  metrics.count("outpost_agent_enrolments_total", { outcome: outcome.kind });
  if (outcome.kind === "waits") {
    c.header("Retry-After", String(KNOCK_SECONDS));
    return c.json({ waits: "an administrator has to approve this device" }, 202);
  }
  const { id, sequence, incarnation: life } = outcome.device;
  return c.json({ version, device: id, sequence, life });
}

/** [PROTOCOL 3.1, 3.2] */
async function poll(
  c: Context<AppEnv>,
  identity: AgentIdentity,
  told: PollRequest,
  deps: AgentDeps,
): Promise<Response> {
  const { agents, bell, baseUrlOf, metrics } = deps;
  const { id } = identity.device;
  const request = c.req.raw;
  const known = request.headers.get("if-none-match");
  const waitMs = waitSeconds(request.headers.get("prefer")) * 1000;
  const endMs = deps.elapsed() + waitMs;
  const how = { token: identity.token, baseUrl: () => baseUrlOf(request) };
  using waiter = bell.listen(id);
  const leave = () => waiter.end();
  if (waitMs > 0) request.signal.addEventListener("abort", leave);
  try {
    for (let news = told; ; news = {}) {
      const plan = await agents.checkIn(id, news, how);
      const text = JSON.stringify(plan);
      const etag = `"${Bun.hash(text).toString(36)}"`;
      // Proxies that compress make the tag a weak one.
      if (!ifNoneMatchHas(known, etag)) {
        metrics.count("outpost_agent_checkins_total", { outcome: "plan" });
        return c.body(text, 200, { ETag: etag, "Content-Type": "application/json" });
      }
      const leftMs = endMs - deps.elapsed();
      if (leftMs <= 0 || waiter.hasEnded) {
        metrics.count("outpost_agent_checkins_total", { outcome: "unchanged" });
        return c.body(null, 304, { ETag: etag });
      }
      const untilNextMs = plan.next === null ? leftMs : Date.parse(plan.next) - deps.now();
      await waiter.wait(Math.min(leftMs, Math.max(1, untilNextMs)));
    }
  } finally {
    if (waitMs > 0) request.signal.removeEventListener("abort", leave);
  }
}

/** `Prefer: wait=N` (RFC 7240), in seconds; more than is granted is cut. */
function waitSeconds(prefer: string | null): number {
  const seconds = Number(/(?:^|[,;\s])wait\s*=\s*"?(\d{1,6})/i.exec(prefer ?? "")?.[1] ?? "0");
  return Math.min(seconds, WAIT_SECONDS_MAX);
}

/** [PROTOCOL 1.2] */
async function identify(c: Context<AppEnv>, { agents }: AgentDeps): Promise<AgentIdentity> {
  const shown = /^Bearer +(\S+)$/i.exec(c.req.raw.headers.get("authorization") ?? "")?.[1];
  const identity = shown === undefined ? undefined : await agents.holder(shown);
  if (!identity) throw new AppError("unauthorized", "this token is of no device here");
  const asked = c.req.param("device") ?? "";
  const { id } = identity.device;
  if (asked !== id && (await agents.formerly(asked))?.id !== id) {
    throw new AppError("forbidden", "this token is of another device");
  }
  return identity;
}

function body(c: Context<AppEnv>): Promise<Uint8Array> {
  return readBytes(c.req.raw, AGENT_BODY_BYTES_MAX);
}

function refuseVersion(c: Context<AppEnv>, detail: string): Response {
  const requestId = c.get("requestId");
  const refusal = problem(400, "unsupported-version", detail, { requestId });
  return problemResponse({ ...refusal, ...{ supported: AGENT_VERSIONS } });
}
