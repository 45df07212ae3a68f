import { type Context, Hono } from "hono";
import { AppError } from "../../../devices/model/errors.ts";
import type { Log } from "../../../devices/ports/log.ts";
import type { Provisioned } from "../../../devices/service/windows-enrolment/enrol.ts";
import {
  type EnrolmentOutcome,
  type Refused,
  refused,
} from "../../../devices/service/windows-enrolment/enrolment-context.ts";
import { ProtocolError } from "../../../protocols/errors.ts";
import {
  decodeDiscover,
  encodeDiscoverResult,
  enrolmentVersionFor,
  REQUEST_VERSION_MIN,
} from "../../../protocols/mde2/discover.ts";
import { encodeFault, FAULTS } from "../../../protocols/mde2/faults.ts";
import type { Operation } from "../../../protocols/mde2/names.ts";
import {
  type CertificatePolicy,
  decodeGetPolicies,
  encodePolicies,
} from "../../../protocols/mde2/policies.ts";
import { isRule, RULES } from "../../../protocols/mde2/rules.ts";
import {
  readSecurity,
  type SecurityToken,
  timestampSecurity,
} from "../../../protocols/mde2/security-header.ts";
import {
  type Envelope,
  parseEnvelope,
  printAnswer,
  SOAP_LIMITS,
} from "../../../protocols/mde2/soap.ts";
import { encodeTokenAnswer } from "../../../protocols/mde2/token-answer.ts";
import { decodeTokenRequest, type TokenRequest } from "../../../protocols/mde2/token-request.ts";
import type { Element } from "../../../protocols/syncml/element.ts";
import type { LoginBackoff } from "../../access/login-backoff.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import type { AppEnv } from "../environment.ts";
import { readBytes } from "../read-bytes.ts";

/** How long an answer says that it holds, before and after it was made. */
const ANSWER_MS = 5 * 60_000;

export const ENROLMENT_PATH = "/EnrollmentServer";

export interface WindowsEnrolmentDeps {
  readonly enrol: (
    token: SecurityToken,
    request: TokenRequest,
    baseUrl: string,
  ) => Promise<EnrolmentOutcome<Provisioned>>;
  readonly renew: (request: TokenRequest) => Promise<EnrolmentOutcome<Provisioned>>;
  /** Judges a credential without using it up. */
  readonly check: (token: SecurityToken) => Promise<EnrolmentOutcome<object>>;
  readonly policy: () => CertificatePolicy;
  /** The gateway's address as the sender of this request reaches it. */
  readonly baseUrlOf: (c: Context<AppEnv>) => string;
  /** Slows down the guessing of codes, by user name and by address. */
  readonly backoff: LoginBackoff;
  readonly now: () => number;
  readonly log: Log;
  readonly metrics: Metrics;
}

/** What becomes of a request: the body of the answer, or why there is none. */
type Answer = { readonly kind: "accepted"; readonly body: Element } | Refused;

/**
 * `/EnrollmentServer/…`: where a Windows PC enrols. Three SOAP requests, and before them a GET that
 * only asks whether anybody is there. [MS-MDE2]
 */
export function windowsEnrolmentRoutes(deps: WindowsEnrolmentDeps): Hono<AppEnv> {
  const routes = new Hono<AppEnv>();

  routes.get(`${ENROLMENT_PATH}/Discovery.svc`, (c) =>
    c.body("", 200, { "content-type": "text/html", "cache-control": "no-cache" }),
  );
  routes.post(`${ENROLMENT_PATH}/Discovery.svc`, (c) =>
    answerSoap(deps, c, "discover", async (envelope) => discovered(deps, c, envelope)),
  );
  routes.post(`${ENROLMENT_PATH}/Policy.svc`, (c) =>
    answerSoap(deps, c, "policies", async (envelope) => {
      decodeGetPolicies(envelope);
      const token = readSecurity(envelope.security);
      const checked = await slowly(deps, c, token, () => deps.check(token));
      if (checked.kind === "refused") return checked;
      return { kind: "accepted", body: encodePolicies(deps.policy()) };
    }),
  );
  routes.post(`${ENROLMENT_PATH}/Enrollment.svc`, (c) =>
    answerSoap(deps, c, "enrolment", async (envelope) => {
      const request = decodeTokenRequest(envelope);
      const token = readSecurity(envelope.security);
      const outcome = await slowly(deps, c, token, () =>
        request.kind === "renew"
          ? deps.renew(request)
          : deps.enrol(token, request, deps.baseUrlOf(c)),
      );
      if (outcome.kind === "refused") return outcome;
      return { kind: "accepted", body: encodeTokenAnswer(outcome.document) };
    }),
  );
  return routes;
}

function discovered(deps: WindowsEnrolmentDeps, c: Context<AppEnv>, envelope: Envelope): Answer {
  const { requestVersion, authPolicies } = decodeDiscover(envelope);
  if (requestVersion < REQUEST_VERSION_MIN) {
    return refused("DeviceNotSupported", "This server enrols Windows 10 and later.");
  }
  if (authPolicies.length > 0 && !authPolicies.includes("OnPremise")) {
    return refused("NotSupported", "This server takes a user name and an enrolment code only.");
  }
  const baseUrl = deps.baseUrlOf(c);
  return {
    kind: "accepted",
    body: encodeDiscoverResult({
      authPolicy: "OnPremise",
      enrolmentVersion: enrolmentVersionFor(requestVersion),
      policyUrl: `${baseUrl}${ENROLMENT_PATH}/Policy.svc`,
      enrolmentUrl: `${baseUrl}${ENROLMENT_PATH}/Enrollment.svc`,
    }),
  };
}

/** Wrong credentials cost time: who guesses has to wait before the next attempt is looked at. */
async function slowly<Accepted>(
  { backoff, now }: WindowsEnrolmentDeps,
  c: Context<AppEnv>,
  token: SecurityToken,
  act: () => Promise<EnrolmentOutcome<Accepted>>,
): Promise<EnrolmentOutcome<Accepted>> {
  const name = token.kind === "username" ? token.userName : "";
  const address = c.get("address") ?? "";
  const nowMs = now();
  const waitMs = backoff.waitMs(name, address, nowMs);
  if (waitMs > 0) {
    throw new AppError("too-many", "Too many attempts failed. Try again later.", {
      retryAfterMs: waitMs,
    });
  }
  backoff.attempted(name, address, nowMs);
  const outcome = await act();
  if (outcome.kind === "accepted" || outcome.fault !== "Authentication") {
    backoff.succeeded(name, address);
  }
  return outcome;
}

/** One request to its answer, which is a SOAP envelope whatever happens. */
async function answerSoap(
  deps: WindowsEnrolmentDeps,
  c: Context<AppEnv>,
  operation: Operation,
  act: (envelope: Envelope) => Promise<Answer>,
): Promise<Response> {
  let relatesTo = "";
  const end = (answer: Answer, status: number, headers: Record<string, string> = {}): Response => {
    const { requestId } = c.var;
    const isFault = answer.kind === "refused";
    deps.metrics.count("outpost_windows_enrolments_total", {
      operation,
      outcome: isFault ? "refused" : "ok",
    });
    if (isFault) noteRefusal(deps, c, operation, answer);
    const xml = printAnswer(operation, {
      relatesTo,
      activityId: requestId,
      security: operation === "enrolment" && !isFault ? timestamp(deps.now()) : undefined,
      body: isFault ? encodeFault({ ...answer, name: answer.fault }, requestId) : answer.body,
    });
    // Windows wants the answer as one piece, not in chunks: a text has its length.
    return new Response(xml, {
      status,
      headers: {
        ...headers,
        "content-type": "application/soap+xml; charset=utf-8",
        "cache-control": "no-store",
      },
    });
  };
  try {
    needSoap(c.req.header("Content-Type"));
    const envelope = parseEnvelope(await readBytes(c.req.raw, SOAP_LIMITS.bytesMax));
    relatesTo = envelope.messageId;
    const answer = await act(envelope);
    return end(answer, answer.kind === "accepted" ? 200 : FAULT_STATUS);
  } catch (error) {
    const problem = problemOf(error);
    if (problem === undefined) {
      deps.log.error("windows-enrolment-failed", error, { operation, ...aboutOf(c) });
      const words = "Something went wrong at the server. Try again later.";
      return end(refused("InternalServiceFault", words), FAULT_STATUS);
    }
    return end(problem.refusal, problem.status, problem.headers);
  }
}

/** A SOAP 1.2 server that declines a request answers 500, whoever's fault it is. [SOAP 1.2 part 2, 7.5] */
const FAULT_STATUS = 500;

interface Problem {
  readonly refusal: Refused;
  readonly status: number;
  readonly headers?: Record<string, string>;
}

/** What is wrong with a request; undefined when something is wrong with us. */
function problemOf(error: unknown): Problem | undefined {
  if (error instanceof ProtocolError) {
    const fault = isRule(error.rule) ? RULES[error.rule] : "MessageFormat";
    return { refusal: refused(fault, `${error.message} (${error.rule})`), status: 400 };
  }
  if (!(error instanceof AppError)) return undefined;
  switch (error.code) {
    case "too-large":
      return { refusal: refused("MessageFormat", error.message), status: 413 };
    case "unsupported":
      return { refusal: refused("MessageFormat", error.message), status: 415 };
    case "too-many": {
      const seconds = Math.max(1, Math.ceil((error.retryAfterMs ?? 0) / 1000));
      const headers = { "retry-after": String(seconds) };
      return { refusal: refused("Authentication", error.message), status: 429, headers };
    }
    case "no-room":
    case "unavailable":
      return { refusal: refused("InMaintenance", error.message), status: 503 };
    default:
      return { refusal: refused("EnrollmentServer", error.message), status: FAULT_STATUS };
  }
}

/** Clients that name no type, or plain XML, mean the same. */
function needSoap(header: string | undefined): void {
  const type = (header ?? "").split(";")[0]?.trim().toLowerCase() ?? "";
  if (["", "application/soap+xml", "text/xml", "application/xml"].includes(type)) return;
  throw new AppError("unsupported", "send application/soap+xml");
}

function timestamp(nowMs: number): Element {
  const at = (ms: number) => new Date(ms).toISOString();
  return timestampSecurity(at(nowMs - ANSWER_MS), at(nowMs + ANSWER_MS));
}

function noteRefusal(
  { log }: WindowsEnrolmentDeps,
  c: Context<AppEnv>,
  operation: Operation,
  { fault, reason }: Refused,
): void {
  c.set("refusal", reason);
  const hresult = `0x${FAULTS[fault].hresult.toString(16)}`;
  log.warn("windows-enrolment-refused", { operation, fault, hresult, reason, ...aboutOf(c) });
}

function aboutOf(c: Context<AppEnv>): { readonly requestId: string; readonly address: string } {
  return { requestId: c.get("requestId"), address: c.get("address") ?? "" };
}
