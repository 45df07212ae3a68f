import { AppError } from "../../devices/model/errors.ts";
import { HLC_ZERO } from "../../devices/model/hlc.ts";
import type { SiteId } from "../../devices/model/ids.ts";
import type { Log } from "../../devices/ports/log.ts";
import type { PolicyReader } from "../../devices/ports/policy-reader.ts";
import { signerFor } from "../crypto/keys.ts";
import { readFrame, verifyFrame } from "../frame/envelope.ts";
import { fingerprintOf } from "../journal/codec.ts";
import { ADOPT_DEVICES_MAX, FRAME_BYTES_MAX, MESSAGE_BYTES_MAX } from "../limits.ts";
import {
  ADOPT_REQUEST,
  answerBytes,
  CHALLENGE_REQUEST,
  encodeMessage,
  FINGERPRINT_REQUEST,
  HELLO_MESSAGE,
  HELLO_REQUEST,
  type HelloAnswer,
  INCARNATIONS_REQUEST,
  type LinkOperation,
  POLL_REQUEST,
  type PollAnswer,
  parseMessage,
  signedBytes,
} from "../messages/messages.ts";
import type { PolicyBook } from "../policy/policy-book.ts";
import { ORG_DOCUMENT, siteDocumentName } from "../policy/policy-document.ts";
import type { HubIdentity, HubStore, QuarantinedFrame, SiteRecord } from "../ports/hub-store.ts";
import { SerialQueue } from "../serial-queue.ts";
import { decideHello } from "./decide-hello.ts";
import { ingestFrame } from "./ingest.ts";
import { hashOfCode, makeJoinCode, type NewJoinCode } from "./join-code.ts";
import { joinedSite, needUsable, readJoinRequest } from "./join-site.ts";
import { adoptionPage } from "./known-devices.ts";
import { recordBySigner, signingKeysOf } from "./site-keys.ts";
import { StatusReplicas } from "./status-replicas.ts";
import { takeAgain } from "./take-again.ts";
import { AnsweredChallenges, type Session, type Tokens, tokensFor } from "./tokens.ts";

export interface HubLinkDeps {
  readonly identity: HubIdentity;
  readonly store: HubStore;
  readonly book: PolicyBook;
  /** The policy that holds, for ranking the distributions of one package. */
  readonly policy: PolicyReader;
  /** The gateway's clock: what people see, and what stamps are measured against. */
  readonly now: () => number;
  /** Real time, which the test clock does not move: challenges and sessions live by it. [D16] */
  readonly realNow: () => number;
  readonly randomBytes: (count: number) => Uint8Array;
  readonly log: Log;
  /** Told after a site has used new keys for the first time; its former ones are worth nothing now. */
  readonly onKeysChanged: (site: SiteRecord) => Promise<void>;
}

/** One request of a site, whatever carried it. */
export interface HubRequest {
  readonly operation: LinkOperation;
  /** Chosen by the site; the answer's signature covers it. */
  readonly nonce: string;
  /** As the hello gave it; empty where none is needed. */
  readonly session: string;
  readonly body: Uint8Array;
}

export interface HubAnswer {
  readonly body: Uint8Array;
  /** Base64 of the hub's signature over operation, nonce and body. */
  readonly signature: string;
}

/** How long a site that was refused should wait before it asks again, in milliseconds. */
const REFUSED_RETRY_MS = 5 * 60 * 1000;
const NONCE_CHARACTERS_MAX = 64;
/** A site's last seen and as-of times are written at most this often while nothing else changes. */
const SEEN_MS_MIN = 10_000;

/**
 * The hub's end of the link. Everything it says is an answer to a request, and signed. Requests that
 * change something run one after the other. [PROTOCOL]
 */
export class HubLink {
  readonly #deps: HubLinkDeps;
  readonly #sign: (bytes: Uint8Array) => Uint8Array;
  readonly #tokens: Tokens;
  readonly #replicas: StatusReplicas;
  readonly #answered = new AnsweredChallenges();
  readonly #queue = new SerialQueue();

  constructor(deps: HubLinkDeps) {
    this.#deps = deps;
    this.#sign = signerFor(deps.identity.signingPrivate);
    this.#tokens = tokensFor(deps.identity.signingPrivate, deps.randomBytes);
    this.#replicas = new StatusReplicas(deps.store);
  }

  /**
   * @throws AppError "unauthorized" (say hello again), "forbidden", "conflict", "too-large";
   *   ProtocolError for bytes that are wrong
   */
  async answer(request: HubRequest): Promise<HubAnswer> {
    if (request.nonce.length === 0 || request.nonce.length > NONCE_CHARACTERS_MAX) {
      throw new AppError("invalid", "the request has no nonce");
    }
    const bytesMax = request.operation === "frame" ? FRAME_BYTES_MAX : MESSAGE_BYTES_MAX;
    if (request.body.length > bytesMax) {
      throw new AppError("too-large", `${request.operation} takes at most ${bytesMax} bytes`);
    }
    const body = encodeMessage(await this.#dispatch(request));
    const signature = this.#sign(answerBytes(request.operation, request.nonce, body));
    return { body, signature: Buffer.from(signature).toString("base64") };
  }

  /** The site that holds this session now: for routes beside the link, such as content. */
  async authenticate(session: string): Promise<SiteRecord> {
    return (await this.#needSession(session)).site;
  }

  /** Makes a one-time code for a new site, or for the new box of a site that exists. */
  async makeJoinCode(wanted: NewJoinCode): Promise<{ code: string; expiresAtMs: number }> {
    const { identity, now, randomBytes, store } = this.#deps;
    const { code, record } = makeJoinCode(wanted, identity.signingPublic, now(), randomBytes);
    await store.putJoinCode(record);
    return { code, expiresAtMs: record.expiresAtMs };
  }

  /** The site's key is worth nothing from here on, and secrets are no longer sealed for it. */
  async revoke(id: SiteId): Promise<void> {
    await this.#queue.run(async () => {
      const site = await this.#needSite(id);
      if (site.revokedAtMs !== null) return;
      await this.#deps.store.putSite({ ...site, revokedAtMs: this.#deps.now() });
    });
    await this.#deps.book.resealSecrets();
  }

  /**
   * Takes in a frame from quarantine after all.
   *
   * @throws AppError "unprocessable" when it is still wrong, "conflict" for a kind that is not taken again
   */
  async takeAgain(frame: QuarantinedFrame): Promise<void> {
    await this.#queue.run(async () =>
      takeAgain(this.#deps, await this.#needSite(frame.site), frame),
    );
    this.#deps.log.info("link-frame-taken-again", { site: frame.site, seq: frame.frameSeq });
  }

  /** An administrator has dealt with a site's alarm: whichever appliance speaks next is the site. */
  async clearAlarm(id: SiteId): Promise<void> {
    await this.#queue.run(async () => {
      const site = await this.#needSite(id);
      await this.#deps.store.putSite({ ...site, alarm: null, formerInstances: [] });
    });
  }

  #dispatch(request: HubRequest): Promise<unknown> {
    switch (request.operation) {
      case "join":
        return this.#join(request.body);
      case "challenge":
        return this.#challenge(request.body);
      case "hello":
        return this.#hello(request.body);
      case "frame":
        return this.#frame(request);
      case "poll":
        return this.#queue.run(() => this.#poll(request));
      case "adopt":
        return this.#adopt(request);
      case "fingerprint":
        return this.#fingerprint(request);
      case "incarnations":
        return this.#incarnations(request);
    }
  }

  async #join(body: Uint8Array): Promise<unknown> {
    const { identity, now, store } = this.#deps;
    const request = readJoinRequest(body);
    const joined = await this.#queue.run(async () => {
      const found = await store.findJoinCode(hashOfCode(request.code));
      const code = needUsable(found, request.signingKey, now());
      const former = await store.site(code.site);
      const isRepeated = code.usedAtMs !== null && former?.publicKey === request.signingKey;
      if (former !== undefined && isRepeated) return former;
      if (code.usedAtMs !== null) {
        throw new AppError("conflict", "the site has joined again since; ask for a new code");
      }
      const site = joinedSite(code.site, code, request, former, {
        nowMs: now(),
        realMs: this.#deps.realNow(),
      });
      await store.join(site, { ...code, usedAtMs: now(), usedByKey: request.signingKey });
      return site;
    });
    await this.#deps.book.resealSecrets();
    return {
      site: joined.id,
      name: joined.name,
      organisation: identity.organisation,
      hubKey: identity.signingPublic,
      incarnation: joined.incarnation,
      known: joined.incarnation > 1,
      timeMs: now(),
    };
  }

  async #challenge(body: Uint8Array): Promise<unknown> {
    const { site } = parseMessage(CHALLENGE_REQUEST, body);
    return { challenge: this.#tokens.challenge(site, this.#deps.realNow()) };
  }

  async #hello(body: Uint8Array): Promise<HelloAnswer> {
    const { answer, changed } = await this.#queue.run(() => this.#decideHello(body));
    if (changed === undefined) return answer;
    this.#deps.log.info("link-site-keys-changed", { site: changed.id });
    await this.#deps.onKeysChanged(changed);
    await this.#deps.book.resealSecrets();
    return answer;
  }

  /** @returns what to answer, and the site's record when other keys are the site's from now on */
  async #decideHello(
    body: Uint8Array,
  ): Promise<{ readonly answer: HelloAnswer; readonly changed: SiteRecord | undefined }> {
    const { now, realNow, store } = this.#deps;
    const nowMs = now();
    const realMs = realNow();
    const { payload, signature, successions } = parseMessage(HELLO_MESSAGE, body);
    const hello = parseMessage(HELLO_REQUEST, payload);
    const challenge = this.#tokens.readChallenge(hello.challenge, hello.site, realMs);
    if (challenge === undefined || !this.#answered.isFresh(hello.challenge, challenge)) {
      throw new AppError("unauthorized", "the challenge is too old, or was answered before");
    }
    const known = await store.site(hello.site);
    const signed = {
      bytes: signedBytes("hello", payload),
      signature: new Uint8Array(Buffer.from(signature, "base64")),
    };
    const site = known && recordBySigner(known, signed, successions, nowMs);
    if (site === undefined) {
      throw new AppError(
        "unauthorized",
        `the hub does not know ${hello.site} by this key; join it with a new code`,
      );
    }
    this.#answered.add(hello.challenge, challenge);
    const decision = decideHello(site, hello, {
      nowMs,
      realMs,
      challengedRealMs: challenge.issuedAtMs,
    });
    if (!Bun.deepEquals(decision.site, known)) await store.putSite(decision.site);
    const changed = site === known ? undefined : decision.site;
    if (decision.verdict === "refused") {
      this.#deps.log.warn("link-site-refused", { site: site.id, code: decision.code });
      const { code, message } = decision;
      const retryAfterMs = REFUSED_RETRY_MS;
      return {
        answer: { verdict: "refused", code, message, retryAfterMs, timeMs: nowMs },
        changed,
      };
    }
    const { incarnation, acknowledgedFrame, needsSnapshot } = decision.site;
    const session = this.#tokens.session(
      { site: site.id, instance: hello.instance, incarnation },
      realMs,
    );
    const facts = [...(await store.factPositions(site.id))];
    if (decision.verdict === "welcome") {
      const startAnew = needsSnapshot;
      return {
        answer: { verdict: "welcome", session, acknowledgedFrame, startAnew, facts, timeMs: nowMs },
        changed,
      };
    }
    this.#deps.log.info("link-site-adopts", { site: site.id, incarnation });
    const { reason } = decision;
    return {
      answer: { verdict: "adopt", session, incarnation, reason, facts, timeMs: nowMs },
      changed,
    };
  }

  async #frame({ session, body }: HubRequest): Promise<unknown> {
    const { site: sender } = await this.#needSession(session);
    const frame = readFrame(body);
    if (frame.header.site !== sender.id) {
      throw new AppError("forbidden", "a site can only send frames of its own");
    }
    verifyFrame(frame, signingKeysOf(sender));
    return this.#queue.run(async () => {
      const { site } = await this.#needSession(session); // It may have changed while we waited.
      return ingestFrame(
        {
          store: this.#deps.store,
          book: this.#deps.book,
          replicas: this.#replicas,
          orderOf: (id) => this.#deps.policy.read().distributionsById.get(id)?.hlc ?? HLC_ZERO,
          newId: () => Buffer.from(this.#deps.randomBytes(16)).toString("hex"),
          log: this.#deps.log,
        },
        site,
        frame,
        body,
        this.#deps.now(),
      );
    });
  }

  async #poll({ session, body }: HubRequest): Promise<PollAnswer> {
    const { book, now, store } = this.#deps;
    const { site } = await this.#needSession(session);
    const { asOfMs, confirmed, cursor, ...about } = parseMessage(POLL_REQUEST, body);
    const { name = site.name, timeZone = site.timeZone } = about;
    const isNews =
      confirmed !== site.confirmedPolicyVersion ||
      name !== site.name ||
      timeZone !== site.timeZone ||
      site.lastSeenMs === null ||
      now() - site.lastSeenMs >= SEEN_MS_MIN;
    if (isNews) {
      await store.putSite({
        ...site,
        name,
        timeZone,
        lastSeenMs: now(),
        asOfMs: asOfMs ?? site.asOfMs,
        confirmedPolicyVersion: confirmed,
      });
    }
    const version = book.orgVersion;
    const state = {
      startAnew: site.needsSnapshot,
      acknowledgedFrame: site.acknowledgedFrame,
      timeMs: now(),
    };
    const theirs = new Uint8Array(Buffer.from(cursor, "base64"));
    const news = book.updateFor(ORG_DOCUMENT, theirs);
    // Every change of the document raises its version, so an equal one means that nothing is new.
    if (confirmed === version && !news.replace) {
      return { version, update: null, replace: false, ...state };
    }
    const update = Buffer.from(news.update).toString("base64");
    return { version, update, replace: news.replace, ...state };
  }

  async #adopt({ session, body }: HubRequest): Promise<unknown> {
    const { book, store } = this.#deps;
    const { site } = await this.#needSession(session);
    const { after } = parseMessage(ADOPT_REQUEST, body);
    const ids = await store.deviceIdsOf(site.id, after, ADOPT_DEVICES_MAX);
    const atHub = await store.devices(ids);
    const { devices, next } = adoptionPage(site.id, ids, atHub);
    const policy = book.updateFor(siteDocumentName(site.id), new Uint8Array([0]));
    return {
      devices,
      next,
      policy: next === null ? Buffer.from(policy.update).toString("base64") : null,
    };
  }

  async #fingerprint({ session, body }: HubRequest): Promise<unknown> {
    const { site } = await this.#needSession(session);
    const { incarnation, seq } = parseMessage(FINGERPRINT_REQUEST, body);
    const [fact] = await this.#deps.store.facts(site.id, { incarnation, seq: seq - 1 }, 1);
    return { fingerprint: fact?.seq === seq ? fingerprintOf(fact) : null };
  }

  async #incarnations({ session, body }: HubRequest): Promise<unknown> {
    await this.#needSession(session);
    const { devices } = parseMessage(INCARNATIONS_REQUEST, body);
    return { issued: await this.#deps.store.issueIncarnations(devices) };
  }

  /** The session's site, while this process still speaks for it in this incarnation. */
  async #needSession(text: string): Promise<{ session: Session; site: SiteRecord }> {
    const session = this.#tokens.readSession(text, this.#deps.realNow());
    const site = session && (await this.#deps.store.site(session.site));
    if (
      !site ||
      site.revokedAtMs !== null ||
      site.instance !== session.instance ||
      site.incarnation !== session.incarnation
    ) {
      throw new AppError("unauthorized", "the session is over; say hello again");
    }
    return { session, site };
  }

  async #needSite(id: SiteId): Promise<SiteRecord> {
    const site = await this.#deps.store.site(id);
    if (!site) throw new AppError("not-found", `there is no site ${id}`);
    return site;
  }
}
