import type { Element } from "../syncml/element.ts";
import { ACTIONS, NS } from "./names.ts";
import { broken } from "./rules.ts";
import { type Envelope, needBody } from "./soap.ts";
import { childOf, element, needChild, textOf } from "./tree.ts";

/** The second of the three: what a certificate request must be like. [MS-XCEP 3.1.4] */
export interface CertificatePolicy {
  /** The name of the template, for people. */
  readonly name: string;
  /** Bits of an RSA key. */
  readonly minimalKeyLength: number;
  readonly validitySeconds: number;
  /** Before its end a certificate may be renewed for this long. */
  readonly renewalSeconds: number;
}

/** SHA-256 as an algorithm of the group "hash". [MS-XCEP 3.1.4.1.3.16] */
const HASH = {
  oid: "2.16.840.1.101.3.4.2.1",
  group: "1",
  id: "0",
  name: "szOID_NIST_sha256",
} as const;
/** Where the device makes its key, best first: inside its TPM, else in software. */
const CRYPTO_PROVIDERS = [
  "Microsoft Platform Crypto Provider",
  "Microsoft Software Key Storage Provider",
] as const;

/**
 * Checks that this asks for the policies; what it filters by changes nothing, as there is one policy.
 *
 * @throws ProtocolError `soap-action`, `soap-body`
 */
export function decodeGetPolicies(envelope: Envelope): void {
  needBody(envelope, {
    action: ACTIONS.policies.request,
    name: "GetPolicies",
    namespace: NS.policy,
  });
}

export function encodeGetPolicies(): Element {
  return element(
    "GetPolicies",
    NS.policy,
    [
      element("client", NS.policy, [nil("lastUpdate"), nil("preferredLanguage")]),
      nil("requestFilter"),
    ],
    { "xmlns:xsi": NS.schemaInstance },
  );
}

export function encodePolicies(policy: CertificatePolicy): Element {
  return element(
    "GetPoliciesResponse",
    NS.policy,
    [
      element("response", NS.policy, [
        element("policyID", NS.policy),
        nil("policyFriendlyName"),
        nil("nextUpdateHours"),
        nil("policiesNotChanged"),
        element("policies", NS.policy, [
          element("policy", NS.policy, [
            leaf("policyOIDReference", "0"),
            nil("cAs"),
            attributes(policy),
          ]),
        ]),
      ]),
      nil("cAs"),
      element("oIDs", NS.policy, [
        element("oID", NS.policy, [
          leaf("value", HASH.oid),
          leaf("group", HASH.group),
          leaf("oIDReferenceID", HASH.id),
          leaf("defaultName", HASH.name),
        ]),
      ]),
    ],
    { "xmlns:xsi": NS.schemaInstance },
  );
}

/** The order of the elements is the schema's. */
function attributes(policy: CertificatePolicy): Element {
  return element("attributes", NS.policy, [
    leaf("commonName", policy.name),
    leaf("policySchema", "3"),
    element("certificateValidity", NS.policy, [
      leaf("validityPeriodSeconds", String(policy.validitySeconds)),
      leaf("renewalPeriodSeconds", String(policy.renewalSeconds)),
    ]),
    element("permission", NS.policy, [leaf("enroll", "true"), leaf("autoEnroll", "false")]),
    element("privateKeyAttributes", NS.policy, [
      leaf("minimalKeyLength", String(policy.minimalKeyLength)),
      nil("keySpec"),
      nil("keyUsageProperty"),
      nil("permissions"),
      nil("algorithmOIDReference"),
      element(
        "cryptoProviders",
        NS.policy,
        CRYPTO_PROVIDERS.map((name) => leaf("provider", name)),
      ),
    ]),
    element("revision", NS.policy, [leaf("majorRevision", "101"), leaf("minorRevision", "0")]),
    nil("supersededPolicies"),
    nil("privateKeyFlags"),
    nil("subjectNameFlags"),
    nil("enrollmentFlags"),
    nil("generalFlags"),
    leaf("hashAlgorithmOIDReference", HASH.id),
    nil("rARequirements"),
    nil("keyArchivalAttributes"),
    nil("extensions"),
  ]);
}

/** What the client reads. @throws ProtocolError `soap-action`, `soap-body`, `mde2-value` */
export function decodePolicies(envelope: Envelope): CertificatePolicy & { readonly hash: string } {
  const body = needBody(envelope, {
    action: ACTIONS.policies.answer,
    name: "GetPoliciesResponse",
    namespace: NS.policy,
  });
  const policy = needChild(needChild(needChild(body, "response"), "policies"), "policy");
  const found = needChild(policy, "attributes");
  const validity = needChild(found, "certificateValidity");
  const reference = textOf(found, "hashAlgorithmOIDReference");
  const oid = childOf(body, "oIDs")?.children.find(
    (one) => textOf(one, "oIDReferenceID") === reference,
  );
  return {
    name: textOf(found, "commonName"),
    minimalKeyLength: numberOf(needChild(found, "privateKeyAttributes"), "minimalKeyLength"),
    validitySeconds: numberOf(validity, "validityPeriodSeconds"),
    renewalSeconds: numberOf(validity, "renewalPeriodSeconds"),
    hash: oid === undefined ? "" : textOf(oid, "value"),
  };
}

function numberOf(parent: Element, name: string): number {
  const text = textOf(parent, name);
  if (!/^\d{1,12}$/.test(text)) throw broken("mde2-value", `${name} is not a number`);
  return Number(text);
}

function leaf(name: string, text: string): Element {
  return element(name, NS.policy, text);
}

/** The prefix `xsi` is declared at the root of the body. */
function nil(name: string): Element {
  return element(name, NS.policy, [], { "xsi:nil": "true" });
}
