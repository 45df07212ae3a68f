import { Hono, type MiddlewareHandler } from "hono";
import { bodyLimit } from "hono/body-limit";
import { deleteCookie, getCookie, setCookie } from "hono/cookie";
import { createMiddleware } from "hono/factory";
import { HTTPException } from "hono/http-exception";
import type { Child } from "hono/jsx";
import type { ContentfulStatusCode } from "hono/utils/http-status";
import { cutText } from "../../devices/model/cut-text.ts";
import { AppError } from "../../devices/model/errors.ts";
import { API_BODY_BYTES_MAX } from "../../devices/model/limits.ts";
import type { AdministratorPrincipal, Principal } from "../access/principal.ts";
import type { Scope } from "../access/role.ts";
import type { AppContext, AppEnv } from "../http/environment.ts";
import { identify, requireScope } from "../http/identify.ts";
import { STATUS_OF } from "../http/problem.ts";
import type { ConsoleDeps } from "./console-deps.ts";
import { isCorrectable, SentForm } from "./form-state.ts";
import { ErrorPage } from "./pages/error-page.tsx";
import type { View } from "./view.ts";

/** What a handler knows. */
export interface Visit {
  readonly c: AppContext;
  readonly view: View;
  readonly deps: ConsoleDeps;
}

export interface FormVisit extends Visit {
  readonly principal: AdministratorPrincipal;
  readonly form: SentForm;
}

type Answer = Child | Response;
export type Handler = (visit: Visit) => Promise<Answer> | Answer;
export type FormHandler = (visit: FormVisit) => Promise<Answer> | Answer;

/** The message of a finished action waits for the next page so long. */
const NOTICE_SECONDS = 60;
/** Characters; written with percents it has to fit a cookie. */
const NOTICE_LENGTH_MAX = 400;

/**
 * Registers pages and forms, each with all that it needs: who asks, the rights, the frame, and errors
 * as pages. Nothing is registered for paths that are not ours, since devices share the root.
 */
export class Kit {
  readonly deps: ConsoleDeps;
  readonly routes = new Hono<AppEnv>();
  readonly #identified;

  constructor(deps: ConsoleDeps) {
    this.deps = deps;
    this.#identified = createMiddleware<AppEnv>(async (c, next) => {
      // Whoever wires the gateway may have found out already who asks.
      if (c.get("principal") === undefined) return identify(deps)(c, next);
      return next();
    });
  }

  /** A page for everybody who may log in. */
  page(path: string, handler: Handler): void {
    this.#get(path, handler, "reports:read");
  }

  /** A page for those who may do what the scope says. */
  pageFor(scope: Scope, path: string, handler: Handler): void {
    this.#get(path, handler, scope);
  }

  /** A page that needs no login, or that a one-time password may see. */
  openPage(path: string, handler: Handler): void {
    this.#get(path, handler, undefined);
  }

  /**
   * What a form does. An error that the person can put right is given to `again`, which shows the
   * form with it; without `again`, and for all others, it becomes a page.
   */
  form(scope: Scope, path: string, handler: FormHandler, again?: FormHandler): void {
    this.#form(path, handler, again, scope);
  }

  /** A form before the login. */
  openForm(path: string, handler: (visit: Visit & { form: SentForm }) => Promise<Answer>): void {
    this.routes.post(path, (c) =>
      this.#guard(c, async () => {
        const visit = await this.#visit(c);
        const form = await sentForm(c);
        return this.#answer(c, await handler({ ...visit, form }));
      }),
    );
  }

  /** A form about oneself: also for those who must still change a one-time password. */
  personalForm(path: string, handler: FormHandler, again?: FormHandler): void {
    this.#form(path, handler, again);
  }

  /**
   * For what is neither page nor form: streams, files with a limit of their own. Errors become pages
   * all the same.
   */
  raw(method: "GET" | "POST", path: string, handler: (c: AppContext) => Promise<Response>): void {
    this.routes.on(method, path, (c) =>
      this.#safely(c, () => through(this.#identified, c, () => handler(c))),
    );
  }

  /** An address that nobody has, as a page for people. */
  async notFound(c: AppContext): Promise<Response | undefined> {
    if (!(c.req.header("Accept") ?? "").includes("text/html")) return undefined;
    return this.#guard(c, () => {
      throw new AppError("not-found", `there is no page at ${c.req.path}`);
    });
  }

  /** To the next page, with a message that is shown there once. */
  done(c: AppContext, path: string, notice: string): Response {
    setCookie(c, this.#noticeCookie, cutText(notice, NOTICE_LENGTH_MAX), {
      path: this.deps.base || "/",
      httpOnly: true,
      sameSite: "Strict",
      secure: c.get("isHttps") ?? false,
      maxAge: NOTICE_SECONDS,
    });
    const target = `${this.deps.base}${path}`;
    return c.redirect(target === "" ? "/" : target, 303);
  }

  async #zones(): Promise<ReadonlyMap<string, string>> {
    if (!this.deps.hub) return new Map();
    const sites = await this.deps.hub.sites();
    return new Map(sites.map(({ id, timeZone }) => [id, timeZone]));
  }

  get #noticeCookie(): string {
    return `${this.deps.cookie.name}_notice`;
  }

  #get(path: string, handler: Handler, scope: Scope | undefined): void {
    this.routes.get(path, (c) =>
      this.#guard(c, async () => {
        if (scope !== undefined) {
          const detour = this.#detour(c);
          if (detour) return detour;
          requireScope(c, scope);
        }
        const visit = await this.#visit(c);
        return this.#answer(c, await handler(visit));
      }),
    );
  }

  #form(path: string, handler: FormHandler, again?: FormHandler, scope?: Scope): void {
    this.routes.post(path, (c) =>
      this.#guard(c, async () => {
        if (scope !== undefined) requireScope(c, scope);
        const principal = needAdministrator(c.get("principal"));
        const form = await sentForm(c);
        const visit = { ...(await this.#visit(c)), principal, form };
        try {
          return await this.#answer(c, await handler(visit));
        } catch (error) {
          if (!again || !isCorrectable(error)) throw error;
          c.status(STATUS_OF[error.code] as ContentfulStatusCode);
          return this.#answer(c, await again({ ...visit, form: form.with(error) }));
        }
      }),
    );
  }

  /** To the login, or to the change of a one-time password. */
  #detour(c: AppContext): Response | undefined {
    const principal = c.get("principal");
    if (principal !== undefined && principal.kind === "administrator" && !principal.mustChange) {
      return undefined;
    }
    if (principal?.kind === "token") return undefined; // requireScope decides; pages can be read.
    const here = `${c.req.path}${new URL(c.req.url).search}`;
    const target = principal
      ? `${this.deps.base}/password`
      : `${this.deps.base}/login?to=${encodeURIComponent(here)}`;
    if (c.req.header("HX-Request") !== "true") return c.redirect(target, 303);
    c.header("HX-Redirect", target);
    return c.body(null, 204);
  }

  async #visit(c: AppContext): Promise<Visit> {
    const { deps } = this;
    const { searchParams, search } = new URL(c.req.url);
    const principal = c.get("principal");
    const isFragment = c.req.header("HX-Request") === "true" && !searchParams.has("whole");
    const stored = isFragment ? undefined : getCookie(c, this.#noticeCookie);
    if (stored !== undefined) deleteCookie(c, this.#noticeCookie, { path: deps.base || "/" });
    const settings = deps.settings.read();
    const view: View = {
      base: deps.base,
      role: deps.role,
      name: settings.siteName,
      zone: settings.timeZone,
      nowMs: deps.now(),
      principal: principal?.kind === "administrator" ? principal : undefined,
      address: `${c.req.path}${search}`,
      changes: deps.reports.changeCounter(),
      isFragment,
      notice: stored?.slice(0, NOTICE_LENGTH_MAX),
      zones: await this.#zones(),
    };
    return { c, view, deps };
  }

  /** Pages and forms: nothing longer than a form is read. */
  #guard(c: AppContext, answer: () => Promise<Response>): Promise<Response> {
    return this.#safely(c, () => through(limited, c, () => through(this.#identified, c, answer)));
  }

  async #safely(c: AppContext, answer: () => Promise<Response>): Promise<Response> {
    try {
      return await answer();
    } catch (error) {
      return this.#problem(c, error);
    }
  }

  /** An exception as a page that says what to do. What only the log may know is in the log. */
  async #problem(c: AppContext, error: unknown): Promise<Response> {
    const { status, words } = explained(error);
    if (status >= 500) {
      this.deps.log.error("page-failed", error, {
        requestId: c.get("requestId") ?? null,
        path: c.req.path,
      });
    }
    if (error instanceof AppError && error.retryAfterMs !== undefined) {
      c.header("Retry-After", String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))));
    }
    const { view } = await this.#visit(c);
    const page = (
      <ErrorPage view={view} status={status} words={words} requestId={c.get("requestId")} />
    );
    c.status(status as ContentfulStatusCode);
    return this.#answer(c, page);
  }

  async #answer(c: AppContext, answer: Answer): Promise<Response> {
    if (answer instanceof Response) return answer;
    c.header("Cache-Control", "no-store");
    c.header("Vary", "HX-Request");
    return c.html(answer as string | Promise<string>);
  }
}

const limited = bodyLimit({
  maxSize: API_BODY_BYTES_MAX,
  onError: () => {
    throw new AppError("too-large", `a form holds at most ${API_BODY_BYTES_MAX} bytes`);
  },
});

/** @throws AppError "invalid" for a body that no form of ours sends */
async function sentForm(c: AppContext): Promise<SentForm> {
  try {
    return new SentForm(await c.req.formData());
  } catch (cause) {
    const words = `this is no form of at most ${API_BODY_BYTES_MAX} bytes: send it from its page`;
    throw new AppError("invalid", words, { cause });
  }
}

/** What a middleware lets through, as a value; a middleware that answers itself answers. */
async function through(
  middleware: MiddlewareHandler<AppEnv>,
  c: AppContext,
  answer: () => Promise<Response>,
): Promise<Response> {
  let response: Response | undefined;
  const own = await middleware(c, async () => {
    response = await answer();
  });
  const given = response ?? own;
  if (!given) throw new Error("a page gave no answer");
  return given;
}

function needAdministrator(principal: Principal | undefined): AdministratorPrincipal {
  if (principal?.kind === "administrator") return principal;
  throw new AppError("forbidden", "programs use the API; forms are for people who are logged in");
}

function explained(error: unknown): { readonly status: number; readonly words: string } {
  if (error instanceof AppError) return { status: STATUS_OF[error.code], words: error.message };
  if (error instanceof HTTPException) return { status: error.status, words: error.message };
  return { status: 500, words: "Something went wrong here. Nothing of what you sent was changed." };
}
