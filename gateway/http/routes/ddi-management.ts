import { type Context, Hono } from "hono";
import { AppError } from "../../../devices/model/errors.ts";
import type { ManagementContext } from "../../../devices/service/ddi/management/management-context.ts";
import { MANAGEMENT_BODY_BYTES_MAX } from "../../../protocols/ddi/management/requests.ts";
import type { Audit } from "../../access/audit.ts";
import { may, nameOf } from "../../access/principal.ts";
import type { Scope } from "../../access/role.ts";
import type { BlobStore } from "../../content/blob-store.ts";
import type { ServedCounter } from "../../content/served-counter.ts";
import { recordAction } from "../audited.ts";
import type { BasicLogin } from "../basic-login.ts";
import type { AppContext, AppEnv } from "../environment.ts";
import { needPrincipal, requireScope } from "../identify.ts";
import { actionRoutes } from "../management/actions.ts";
import { configRoutes } from "../management/configs.ts";
import {
  type AddRoute,
  hrefsBelow,
  refusal,
  refusalOf,
  unauthorized,
  type Visit,
} from "../management/door.ts";
import { moduleRoutes } from "../management/modules.ts";
import { setRoutes } from "../management/sets.ts";
import { targetRoutes } from "../management/targets.ts";
import { readBytes } from "../read-bytes.ts";
import type { LocalSettingsStore } from "../use-cases.ts";

export interface DdiManagementDeps {
  readonly management: ManagementContext;
  readonly login: BasicLogin;
  readonly audit: Audit;
  readonly store: BlobStore;
  readonly served: ServedCounter;
  readonly settings: LocalSettingsStore;
  /** The gateway's address as the sender of this request reaches it. */
  readonly baseUrlOf: (c: Context<AppEnv>) => string;
  readonly now: () => number;
}

/** `/rest/v1`: the part of hawkBit's Management API that tools and test suites of its devices use. [1.10] */
export function ddiManagementRoutes(deps: DdiManagementDeps): Hono<AppEnv> {
  const { management, login, audit, settings } = deps;
  const routes = new Hono<AppEnv>();
  const add: AddRoute = (method, path, scope, handle) => {
    routes.on(method, `${ROOT}${path}`, (c) => answer(c, () => handle(visitOf(c)), scope));
  };

  async function answer(
    c: AppContext,
    handle: () => Promise<Response>,
    scope: Scope,
  ): Promise<Response> {
    try {
      c.set("principal", await login.identify(c));
      requireScope(c, scope);
      return await handle();
    } catch (error) {
      if (error instanceof Error) c.set("refusal", error.message);
      if (error instanceof AppError && error.code === "unauthorized") return unauthorized();
      const said = refusalOf(error);
      if (said === undefined) throw error;
      return said;
    }
  }

  function visitOf(c: AppContext): Visit {
    return {
      c,
      by: nameOf(needPrincipal(c)),
      mayReadTokens: may(needPrincipal(c), "devices:write"),
      href: hrefsBelow(deps.baseUrlOf(c)),
      body: () => readBytes(c.req.raw, MANAGEMENT_BODY_BYTES_MAX),
      record: (action, subject, details) => recordAction(audit, c, action, subject, details),
    };
  }

  configRoutes(add, settings);
  targetRoutes(add, management);
  actionRoutes(add, management);
  moduleRoutes(add, deps);
  setRoutes(add, management);
  // What hawkBit has and a site has not is told as such, to those who may ask.
  routes.all(`${ROOT}/*`, (c) => answer(c, async () => notHere(c), "reports:read"));
  return routes;
}

const ROOT = "/rest/v1";

function notHere(c: AppContext): Response {
  return refusal("not-found", `${c.req.method} ${c.req.path} is not served by this gateway`);
}
