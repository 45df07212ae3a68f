import { X509Certificate } from "node:crypto";
import {
  type DiscoverResult,
  decodeDiscoverResult,
  encodeDiscover,
} from "../../protocols/mde2/discover.ts";
import { decodeFault, type FaultName } from "../../protocols/mde2/faults.ts";
import type { Operation } from "../../protocols/mde2/names.ts";
import { decodePolicies, encodeGetPolicies } from "../../protocols/mde2/policies.ts";
import type { ProvisioningDocument } from "../../protocols/mde2/provisioning-document.ts";
import { decodeProvisioning } from "../../protocols/mde2/read-provisioning.ts";
import { usernameSecurity } from "../../protocols/mde2/security-header.ts";
import { type Envelope, parseEnvelope, printRequest } from "../../protocols/mde2/soap.ts";
import { decodeTokenAnswer } from "../../protocols/mde2/token-answer.ts";
import { encodeTokenRequest, type TokenRequest } from "../../protocols/mde2/token-request.ts";
import type { Element } from "../../protocols/syncml/element.ts";
import type { Fetch } from "./fetch-content.ts";
import type { PcKey } from "./pc-key.ts";

/** SHA-256, the hash that a PC signs its request with. */
const SHA_256 = "2.16.840.1.101.3.4.2.1";
const REQUEST_VERSION = 7;

/** Who enrols. */
export interface Pc {
  /** Its name in OMA DM sessions. */
  readonly deviceId: string;
  readonly hardwareId: string;
  readonly deviceName: string;
  /** `CIMClient_Windows` or `WindowsPhone`. */
  readonly deviceType: string;
  readonly osVersion: string;
  readonly osEdition: string;
  /** `Full`: the person's own account; `Device`: the machine's. */
  readonly enrolmentType: "Full" | "Device";
  readonly userName: string;
}

export interface EnrolPcOptions {
  /** Where the person says the server is, such as `https://EnterpriseEnrollment.contoso.com`. */
  readonly serverUrl: string;
  /** The one-time enrolment code, as the password. */
  readonly code: string;
  readonly fetch: Fetch;
  /** A MessageID for each request. */
  readonly nextMessageId: () => string;
  /** Makes the key when the server has told what it has to be like. */
  readonly makeKey: (wanted: { bits: number; commonName: string }) => Promise<PcKey>;
}

export interface EnrolledPc {
  readonly provisioning: ProvisioningDocument;
  readonly key: PcKey;
}

/** Why a PC is not enrolled: a fault of the server, or an answer that a PC does not accept. */
export class EnrolmentError extends Error {
  override readonly name = "EnrolmentError";
  readonly step: Operation;
  /** Undefined when the answer was no SOAP fault. */
  readonly fault: FaultName | undefined;

  constructor(step: Operation, message: string, fault?: FaultName) {
    super(message);
    this.step = step;
    this.fault = fault;
  }
}

/**
 * Enrols as Windows does: asks whether anybody is there, discovers, reads the policy, makes a key,
 * requests a certificate, and looks at what it was given before it trusts it. [MS-MDE2 3]
 *
 * @throws EnrolmentError
 */
export async function enrolPc(pc: Pc, options: EnrolPcOptions): Promise<EnrolledPc> {
  const discovered = await discover(pc, options);
  const security = usernameSecurity(pc.userName, options.code);
  const policies = await ask(
    options,
    "policies",
    discovered.policyUrl,
    encodeGetPolicies(),
    security,
  );
  const policy = decodePolicies(policies);
  if (policy.hash !== SHA_256) {
    throw new EnrolmentError("policies", `the policy wants the hash ${policy.hash}`);
  }
  const commonName = `${pc.deviceId}!${pc.hardwareId}`.slice(0, 64);
  const key = await options.makeKey({ bits: policy.minimalKeyLength, commonName });
  const provisioning = await requestToken(
    options,
    discovered.enrolmentUrl,
    { kind: "issue", request: key.request, context: contextOf(pc) },
    security,
  );
  checkProvisioning(provisioning, key.publicKey);
  return { provisioning, key };
}

/** One token request to its provisioning document; also a renewal. @throws EnrolmentError */
export async function requestToken(
  options: Pick<EnrolPcOptions, "fetch" | "nextMessageId">,
  url: string,
  request: TokenRequest,
  security: Element | undefined,
): Promise<ProvisioningDocument> {
  const body = encodeTokenRequest(request);
  const answer = await ask(options, "enrolment", url, body, security);
  return decodeProvisioning(decodeTokenAnswer(answer));
}

async function discover(pc: Pc, options: EnrolPcOptions): Promise<DiscoverResult> {
  const url = `${options.serverUrl}/EnrollmentServer/Discovery.svc`;
  const probe = await options.fetch(url, { method: "GET" });
  if (probe.status !== 200) {
    throw new EnrolmentError("discover", `nobody answers at ${url}: ${probe.status}`);
  }
  const body = encodeDiscover({
    emailAddress: pc.userName,
    requestVersion: REQUEST_VERSION,
    deviceType: pc.deviceType,
    applicationVersion: pc.osVersion,
    osEdition: pc.osEdition,
    authPolicies: ["OnPremise", "Federated"],
  });
  const result = decodeDiscoverResult(await ask(options, "discover", url, body, undefined));
  const isOneHost = new URL(result.policyUrl).host === new URL(result.enrolmentUrl).host;
  if (result.authPolicy === "OnPremise" && isOneHost) return result;
  throw new EnrolmentError(
    "discover",
    `the server wants ${result.authPolicy} at ${result.policyUrl} and ${result.enrolmentUrl}`,
  );
}

async function ask(
  { fetch, nextMessageId }: Pick<EnrolPcOptions, "fetch" | "nextMessageId">,
  operation: Operation,
  url: string,
  body: Element,
  security: Element | undefined,
): Promise<Envelope> {
  const messageId = nextMessageId();
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/soap+xml; charset=utf-8",
      "user-agent": "ENROLLClient",
    },
    body: printRequest(operation, { messageId, to: url, security, body }),
  });
  const envelope = parseEnvelope(new Uint8Array(await response.arrayBuffer()));
  const fault = decodeFault(envelope);
  if (fault !== undefined) throw new EnrolmentError(operation, fault.reason, fault.name);
  return envelope;
}

function contextOf(pc: Pc): ReadonlyMap<string, readonly string[]> {
  return new Map([
    ["UXInitiated", ["true"]],
    ["HWDevID", [pc.hardwareId]],
    ["Locale", ["en-US"]],
    ["TargetedUserLoggedIn", ["true"]],
    ["OSEdition", [pc.osEdition]],
    ["DeviceName", [pc.deviceName]],
    ["DeviceID", [pc.deviceId]],
    ["EnrollmentType", [pc.enrolmentType]],
    ["DeviceType", [pc.deviceType]],
    ["OSVersion", [pc.osVersion]],
    ["ApplicationVersion", [pc.osVersion]],
    ["NotInOobe", ["false"]],
    ["RequestVersion", [REQUEST_VERSION.toFixed(1)]],
  ]);
}

/** A PC does not take a certificate for another key, or of another issuer, or one it cannot find. */
function checkProvisioning({ first, ...given }: ProvisioningDocument, publicKey: Uint8Array): void {
  const root = new X509Certificate(given.rootCertificate);
  const own = new X509Certificate(given.clientCertificate);
  const ownKey = own.publicKey.export({ type: "spki", format: "der" });
  const problems = [
    !root.ca && "the root is no authority",
    !own.verify(root.publicKey) && "the certificate is not signed by the root",
    !ownKey.equals(Buffer.from(publicKey)) && "the certificate is for another key",
    first === undefined && "there is no account",
    first?.account.certificateSubject !== own.subject && "the criteria do not find the certificate",
    first?.account.device.password === first?.account.server.password &&
      "both secrets are the same",
  ].filter((problem) => problem !== false);
  if (problems.length > 0) throw new EnrolmentError("enrolment", problems.join("; "));
}
