import { type Context, Hono } from "hono";
import { AppError } from "../../../devices/model/errors.ts";
import type { Sha256 } from "../../../devices/model/ids.ts";
import { setAutoConfirm, takeConfigData } from "../../../devices/service/ddi/attributes.ts";
import { readConsent } from "../../../devices/service/ddi/consent.ts";
import type { DdiClient, DdiContext } from "../../../devices/service/ddi/ddi-context.ts";
import { takeFeedback } from "../../../devices/service/ddi/deployment-feedback.ts";
import {
  takeCancelFeedback,
  takeConfirmation,
  takeInstalled,
} from "../../../devices/service/ddi/feedback.ts";
import type { Taken } from "../../../devices/service/ddi/heard-job.ts";
import { identifyDdi } from "../../../devices/service/ddi/identify.ts";
import { fileOf, listArtifacts, moduleOf } from "../../../devices/service/ddi/job-body.ts";
import { poll, readCancel, readInstalled, readJob } from "../../../devices/service/ddi/poll.ts";
import { cancelAnswer } from "../../../protocols/ddi/answers.ts";
import { encodeCbor, type JsonValue } from "../../../protocols/ddi/cbor.ts";
import {
  DDI_BODY_BYTES_MAX,
  type Encoding,
  readAutoConfirm,
  readConfigData,
  readConfirmation,
  readFeedback,
  readInstalledBase,
} from "../../../protocols/ddi/requests.ts";
import type { OpenedBlob } from "../../content/blob-store.ts";
import type { ServedCounter } from "../../content/served-counter.ts";
import type { TrustedProxies } from "../client-address.ts";
import { etagOf } from "../conditional.ts";
import { serveArtifact } from "../content/serve-artifact.ts";
import type { AppEnv } from "../environment.ts";
import { readBytes } from "../read-bytes.ts";
import { Turnstile } from "../turnstile.ts";

/** Numbered headers in which a proxy may name issuers of a certificate. */
const AUTHORITY_HEADERS_MAX = 20;

export interface DdiDeps {
  readonly ddi: DdiContext;
  readonly openFile: (sha256: Sha256) => Promise<OpenedBlob | undefined>;
  readonly served: ServedCounter;
  /** The gateway's address as the sender of this request reaches it. */
  readonly baseUrlOf: (c: Context<AppEnv>) => string;
  readonly proxies: TrustedProxies;
  readonly now: () => number;
}

/** `/{tenant}/controller/v1/{controllerId}`: hawkBit's DDI. Everything that went well is exactly 200. */
export function ddiRoutes(deps: DdiDeps): Hono<AppEnv> {
  const { ddi } = deps;
  const root = new Hono<AppEnv>();
  const routes = new Hono<AppEnv>();
  const turnstile = new Turnstile();

  /** Who asks, and the address under which it does. */
  async function enter(c: Context<AppEnv>): Promise<DdiClient & { readonly base: string }> {
    await turnstile.pass();
    const tenant = c.req.param("tenant") ?? "";
    const controllerId = c.req.param("device") ?? "";
    const address = c.get("address") ?? "";
    const device = await identifyDdi(ddi, {
      tenant,
      controllerId,
      authorization: c.req.header("Authorization") ?? "",
      certificate: certificateOf(c, deps.proxies),
      address,
    });
    const path = `${encodeURIComponent(tenant)}/controller/v1/${encodeURIComponent(controllerId)}`;
    const userAgent = c.req.header("User-Agent") ?? "";
    return { device, userAgent, base: `${deps.baseUrlOf(c)}/${path}` };
  }

  routes.get("/", async (c) => {
    const client = await enter(c);
    return say(c, await poll(ddi, client, client.base));
  });

  for (const kind of ["deployment", "confirmation"] as const) {
    routes.get(`/${kind}Base/:id`, async (c) => {
      const client = await enter(c);
      const count = historyCount(c);
      return say(c, await readJob(ddi, client, kind, numberOf(c), urlOf(client.base), count));
    });
  }

  routes.post("/deploymentBase/:id/feedback", async (c) => {
    const client = await enter(c);
    const feedback = readFeedback(...(await bodyOf(c)));
    return done(c, await takeFeedback(ddi, client, numberOf(c), feedback));
  });

  routes.get("/cancelAction/:id", async (c) => {
    const client = await enter(c);
    await readCancel(ddi, client, numberOf(c));
    return say(c, cancelAnswer(numberOf(c)));
  });

  routes.post("/cancelAction/:id/feedback", async (c) => {
    const client = await enter(c);
    const feedback = readFeedback(...(await bodyOf(c)));
    try {
      return done(c, await takeCancelFeedback(ddi, client, numberOf(c), feedback));
    } catch (error) {
      // hawkBit's word for a job that cannot be dropped.
      if (error instanceof AppError && error.code === "conflict") return c.body(null, 405);
      throw error;
    }
  });

  routes.get("/installedBase/:id", async (c) => {
    const client = await enter(c);
    const urls = urlOf(client.base);
    return say(c, await readInstalled(ddi, client, numberOf(c), urls, historyCount(c)));
  });

  routes.put("/installedBase", async (c) => {
    const client = await enter(c);
    const said = readInstalledBase(...(await bodyOf(c)));
    return c.body(null, (await takeInstalled(ddi, client, said)) === "changed" ? 201 : 200);
  });

  routes.get("/confirmationBase", async (c) => {
    const client = await enter(c);
    const base = `${client.base}/confirmationBase`;
    const { autoConfirm: active, pending } = await readConsent(ddi, client, client.base);
    const change = active === null ? "activateAutoConfirm" : "deactivateAutoConfirm";
    return say(c, {
      autoConfirm:
        active === null
          ? { active: false }
          : {
              active: true,
              ...(active.initiator === null ? {} : { initiator: active.initiator }),
              ...(active.remark === null ? {} : { remark: active.remark }),
              activatedAt: active.atMs,
            },
      _links: {
        [change]: { href: `${base}/${change}` },
        ...(pending === undefined ? {} : { confirmationBase: pending }),
      },
    });
  });

  routes.post("/confirmationBase/activateAutoConfirm", async (c) => {
    const client = await enter(c);
    await setAutoConfirm(ddi, client, readAutoConfirm(...(await bodyOf(c))));
    return c.body(null, 200);
  });

  routes.post("/confirmationBase/deactivateAutoConfirm", async (c) => {
    await setAutoConfirm(ddi, await enter(c), null);
    return c.body(null, 200);
  });

  routes.post("/confirmationBase/:id/feedback", async (c) => {
    const client = await enter(c);
    const said = readConfirmation(...(await bodyOf(c)));
    return done(c, await takeConfirmation(ddi, client, numberOf(c), said));
  });

  routes.put("/configData", async (c) => {
    const client = await enter(c);
    await takeConfigData(ddi, client, readConfigData(...(await bodyOf(c))));
    return c.body(null, 200);
  });

  routes.get("/softwaremodules/:id/artifacts", async (c) => {
    const client = await enter(c);
    return say(c, await listArtifacts(ddi, client.device, numberOf(c), urlOf(client.base)));
  });

  routes.get("/softwaremodules/:id/artifacts/:file", async (c) => {
    const { device } = await enter(c);
    const chunk = await moduleOf(ddi, device, numberOf(c));
    const asked = c.req.param("file");
    const isSum = asked.endsWith(MD5SUM) && !chunk.files.some(({ name }) => name === asked);
    const file = fileOf(chunk, isSum ? asked.slice(0, -MD5SUM.length) : asked);
    const { sha1, md5 } = await ddi.digests(file.sha256);
    if (isSum) return c.body(`${md5}  ${file.name}`, 200, { "content-type": "text/plain" });
    const blob = await deps.openFile(file.sha256);
    if (!blob) throw new AppError("unavailable", ddi.site.content.describeMissing(file.sha256));
    const counted = { counter: deps.served, now: deps.now };
    return serveArtifact(c.req.raw, { blob, name: file.name, sha1 }, counted);
  });

  root.onError((error, c) => {
    // Nothing else is said to whoever is nobody.
    if (error instanceof AppError && error.code === "unauthorized") {
      c.set("refusal", error.message);
      return c.body(null, 401);
    }
    throw error;
  });
  root.route("/:tenant/controller/v1/:device", routes);
  return root;
}

const MD5SUM = ".MD5SUM";

/** A trusted proxy names the certificate that TLS has verified, and who issued it. */
function certificateOf(c: Context<AppEnv>, proxies: TrustedProxies) {
  const peer = c.env?.server?.requestIP(c.req.raw)?.address ?? "";
  const name = c.req.header("X-Controller-Id");
  if (name === undefined || !proxies.includes(peer)) return undefined;
  const numbered = Array.from({ length: AUTHORITY_HEADERS_MAX }, (_, n) => `X-Authority-${n}`);
  const authorities = ["X-Authority", ...numbered].flatMap(
    (header) => c.req.header(header)?.split(",") ?? [],
  );
  return { name, authorities: authorities.map((one) => one.trim()).filter((one) => one !== "") };
}

function urlOf(base: string) {
  return (module: number, file: string) =>
    `${base}/softwaremodules/${module}/artifacts/${encodeURIComponent(file)}`;
}

/** @throws AppError "not-found" for what is no number of ours */
function numberOf(c: Context<AppEnv>): number {
  const text = c.req.param("id") ?? "";
  if (!/^[1-9]\d{0,14}$/.test(text))
    throw new AppError("not-found", `there is no ${text.slice(0, 40)}`);
  return Number(text);
}

function historyCount(c: Context<AppEnv>): number {
  const count = Number(c.req.query("actionHistory") ?? "0");
  return Number.isInteger(count) ? count : 0;
}

async function bodyOf(c: Context<AppEnv>): Promise<[Uint8Array, Encoding]> {
  const body = await readBytes(c.req.raw, DDI_BODY_BYTES_MAX);
  const type = c.req.header("Content-Type")?.toLowerCase() ?? "";
  return [body, type.startsWith("application/cbor") ? "cbor" : "json"];
}

function done(c: Context<AppEnv>, taken: Taken): Response {
  return c.body(null, taken === "gone" ? 410 : 200);
}

function say(c: Context<AppEnv>, value: object): Response {
  const etag = etagOf(value);
  c.header("ETag", etag);
  if (c.req.header("If-None-Match")?.includes(etag)) return c.body(null, 304);
  const accept = c.req.header("Accept")?.toLowerCase() ?? "";
  const type = MEDIA_TYPES.find((one) => accept.includes(one)) ?? "application/json";
  if (type !== "application/cbor")
    return c.body(JSON.stringify(value), 200, { "content-type": type });
  return c.body(encodeCbor(value as JsonValue), 200, { "content-type": type });
}

const MEDIA_TYPES = ["application/hal+json", "application/json", "application/cbor"];
