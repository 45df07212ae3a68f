import { type Context, Hono } from "hono";
import type { Device } from "../../../devices/model/device.ts";
import { AppError } from "../../../devices/model/errors.ts";
import type { Log } from "../../../devices/ports/log.ts";
import {
  authenticate,
  type MenderSite,
  needBearer,
} from "../../../devices/service/mender/authenticate.ts";
import { hearInventory } from "../../../devices/service/mender/hear-inventory.ts";
import { hearLog } from "../../../devices/service/mender/hear-log.ts";
import { hearStatus } from "../../../devices/service/mender/hear-status.ts";
import { nextDeployment } from "../../../devices/service/mender/next-deployment.ts";
import { ProtocolError } from "../../../protocols/errors.ts";
import {
  AUTH_BYTES_MAX,
  isSignedWith,
  readAuthRequest,
} from "../../../protocols/mender/auth-request.ts";
import { deploymentJson } from "../../../protocols/mender/deployment.ts";
import { LOG_BYTES_MAX, readLog } from "../../../protocols/mender/device-log.ts";
import { INVENTORY_BYTES_MAX, readInventory } from "../../../protocols/mender/inventory.ts";
import {
  NEXT_BYTES_MAX,
  type Provided,
  readNext,
  readNextQuery,
} from "../../../protocols/mender/next-request.ts";
import { readStatus, STATUS_BYTES_MAX } from "../../../protocols/mender/status.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { AppEnv } from "../environment.ts";
import { STATUS_OF } from "../problem.ts";
import { readBytes } from "../read-bytes.ts";
import { Turnstile } from "../turnstile.ts";

export interface MenderDeps {
  readonly site: MenderSite;
  /** The gateway's address as the sender of this request reaches it. */
  readonly baseUrlOf: (request: Request) => string;
  readonly log: Log;
  readonly metrics: Metrics;
}

type Operation = "authenticate" | "next" | "status" | "log" | "inventory";

const V1 = "/api/devices/v1";
const V2 = "/api/devices/v2";
const DEPLOYMENTS = "/deployments/device/deployments";
const ATTRIBUTES = `${V1}/inventory/device/attributes`;

/** `/api/devices/…`: Mender's device API, as its clients speak it. [agents 3] */
export function menderRoutes({ site, baseUrlOf, log, metrics }: MenderDeps): Hono<AppEnv> {
  const { context } = site;
  const routes = new Hono<AppEnv>();
  const turnstile = new Turnstile();
  type Handler = (c: Context<AppEnv>) => Promise<Response>;

  /** Counts, and says what is wrong as Mender's server does: its clients write that into their logs. */
  const door =
    (operation: Operation, handle: Handler): Handler =>
    async (c) => {
      await turnstile.pass();
      const answer = await handle(c).catch((error) => refusal(c, operation, error));
      const outcome = answer.ok ? "ok" : answer.status === 409 ? "aborted" : "refused";
      metrics.count("outpost_mender_requests_total", { operation, outcome });
      return answer;
    };
  const refusal = (c: Context<AppEnv>, operation: Operation, error: unknown): Response => {
    const isProtocol = error instanceof ProtocolError;
    if (!isProtocol && !(error instanceof AppError)) throw error;
    c.set("refusal", error.message);
    const requestId = c.get("requestId");
    if (isProtocol) {
      const { message: problem, rule } = error;
      log.warn("mender-request-refused", { operation, rule, problem, requestId });
    }
    const status = isProtocol ? 400 : STATUS_OF[error.code];
    return Response.json({ error: error.message, request_id: requestId }, { status });
  };
  const deviceOf = (c: Context<AppEnv>): Promise<Device> =>
    needBearer(site, /^Bearer (\S+)$/i.exec(c.req.header("Authorization") ?? "")?.[1]);

  routes.post(
    `${V1}/authentication/auth_requests`,
    door("authenticate", async (c) => {
      const body = await readBytes(c.req.raw, AUTH_BYTES_MAX);
      const request = readAuthRequest(body);
      if (!isSignedWith(request.key, body, c.req.header("X-MEN-Signature") ?? "")) {
        throw new AppError("unauthorized", "the signature is not that of the key");
      }
      const token = await authenticate(site, request, c.get("address") ?? "");
      return c.body(token, 200, { "Content-Type": "application/jwt" });
    }),
  );

  const answerNext = async (c: Context<AppEnv>, device: Device, provided: Provided) => {
    const next = await nextDeployment(context, device, provided, baseUrlOf(c.req.raw));
    return next ? c.json(deploymentJson(next)) : c.body(null, 204);
  };
  routes.post(
    `${V2}${DEPLOYMENTS}/next`,
    door("next", async (c) => {
      const device = await deviceOf(c);
      return answerNext(c, device, readNext(await readBytes(c.req.raw, NEXT_BYTES_MAX)));
    }),
  );
  routes.get(
    `${V1}${DEPLOYMENTS}/next`,
    door("next", async (c) => {
      const device = await deviceOf(c);
      return answerNext(c, device, readNextQuery(new URL(c.req.url).searchParams));
    }),
  );

  routes.put(
    `${V1}${DEPLOYMENTS}/:id/status`,
    door("status", async (c) => {
      const device = await deviceOf(c);
      const told = readStatus(await readBytes(c.req.raw, STATUS_BYTES_MAX));
      const answer = await hearStatus(context, device, c.req.param("id") ?? "", told);
      if (answer === "go-on") return c.body(null, 204);
      const error = "this deployment was aborted: stop, and roll back";
      return c.json({ error, request_id: c.get("requestId") }, 409);
    }),
  );
  routes.put(
    `${V1}${DEPLOYMENTS}/:id/log`,
    door("log", async (c) => {
      const device = await deviceOf(c);
      const lines = readLog(await readBytes(c.req.raw, LOG_BYTES_MAX));
      await hearLog(context, device, c.req.param("id") ?? "", lines);
      return c.body(null, 204);
    }),
  );

  const inventory = (extent: "all" | "changes") =>
    door("inventory", async (c) => {
      const device = await deviceOf(c);
      const told = readInventory(await readBytes(c.req.raw, INVENTORY_BYTES_MAX));
      await hearInventory(context, device, told, extent);
      return c.body(null, 200);
    });
  routes.put(ATTRIBUTES, inventory("all"));
  routes.patch(ATTRIBUTES, inventory("changes"));
  return routes;
}
