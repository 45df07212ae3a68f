import type { z } from "zod";
import { isSigned, parsePublicKey } from "../crypto/keys.ts";
import { answerBytes, type LinkOperation, parseMessage } from "../messages/messages.ts";

/** What carries a request to the hub and the answer back; injected, so that tests can lose both. */
export type Transport = (request: LinkRequest) => Promise<LinkAnswer>;

export interface LinkRequest {
  readonly operation: LinkOperation;
  readonly nonce: string;
  /** Empty where no session is needed. */
  readonly session: string;
  readonly body: Uint8Array;
}

export interface LinkAnswer {
  /** As in HTTP; 200 is the only one whose body is read as an answer. */
  readonly status: number;
  readonly body: Uint8Array;
  /** Base64; empty when there is none. */
  readonly signature: string;
  /** What the hub asked for with Retry-After; 0 when it did not. */
  readonly retryAfterMs: number;
}

/** Nothing can be concluded from this but that it has to be tried again. [PROTOCOL 8.1] */
export class LinkFailure extends Error {
  override readonly name = "LinkFailure";
  readonly status: number;
  readonly retryAfterMs: number;

  constructor(
    message: string,
    options: { status?: number; retryAfterMs?: number; cause?: unknown },
  ) {
    super(message, { cause: options.cause });
    this.status = options.status ?? 0;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

/** The hub no longer takes this session; the next step is a hello. */
export class SessionOver extends LinkFailure {}

const NONCE_BYTES = 12;
const PROBLEM_CHARACTERS_MAX = 500;

/**
 * Sends one request and believes the answer only when the hub signed it.
 *
 * @param hubKey the pinned key; null at joining, when the answer itself brings it
 * @throws SessionOver, LinkFailure; ProtocolError when a signed answer has the wrong shape
 */
export async function ask<Schema extends z.ZodType>(
  transport: Transport,
  request: Omit<LinkRequest, "nonce">,
  schema: Schema,
  hubKey: string | ((answer: z.output<Schema>) => string),
  randomBytes: (count: number) => Uint8Array,
): Promise<z.output<Schema>> {
  const nonce = Buffer.from(randomBytes(NONCE_BYTES)).toString("base64url");
  const answer = await send(transport, { ...request, nonce });
  if (answer.status !== 200) throw failureOf(answer);
  const parsed = parseMessage(schema, answer.body);
  const key = parsePublicKey(typeof hubKey === "string" ? hubKey : hubKey(parsed), "ed25519");
  const signature = new Uint8Array(Buffer.from(answer.signature, "base64"));
  const signed = answerBytes(request.operation, nonce, answer.body);
  if (key === undefined || !isSigned(key, signed, signature)) {
    throw new LinkFailure("the answer is not signed by the hub that this site joined", {});
  }
  return parsed;
}

async function send(transport: Transport, request: LinkRequest): Promise<LinkAnswer> {
  try {
    return await transport(request);
  } catch (cause) {
    if (cause instanceof LinkFailure) throw cause;
    const why = cause instanceof Error ? cause.message : "unknown";
    throw new LinkFailure(`the hub cannot be reached: ${why}`, { cause });
  }
}

function failureOf(answer: LinkAnswer): LinkFailure {
  const { status, retryAfterMs } = answer;
  const said = Buffer.from(answer.body).toString("utf8").slice(0, PROBLEM_CHARACTERS_MAX);
  const message = `the hub answered ${status}: ${detailOf(said)}`;
  if (status === 401) return new SessionOver(message, { status, retryAfterMs });
  return new LinkFailure(message, { status, retryAfterMs });
}

/** The `detail` of a problem document (RFC 9457), or the text as it is. */
function detailOf(text: string): string {
  try {
    const problem: unknown = JSON.parse(text);
    if (typeof problem === "object" && problem !== null && "detail" in problem) {
      return String(problem.detail);
    }
    return text;
  } catch {
    return text; // Not JSON: a proxy's page, or cut short.
  }
}
