import type { Element } from "../syncml/element.ts";
import { ACTIONS, NS } from "./names.ts";
import { broken } from "./rules.ts";
import { type Envelope, needBody } from "./soap.ts";
import { childOf, element, needChild, textOf } from "./tree.ts";

/** The first of the three: where to enrol, and how to prove who one is. [MS-MDE2 3.1] */
export const AUTH_POLICIES = ["OnPremise", "Federated", "Certificate"] as const;
export type AuthPolicy = (typeof AUTH_POLICIES)[number];

/** What is older speaks MS-MDE, the first version: Windows 8.1 and Windows Phone 8. */
export const REQUEST_VERSION_MIN = 3;
/** A newer client does without what later versions added, as long as the answer says so. */
export const ENROLMENT_VERSION_MAX = 4;

export interface DiscoverRequest {
  /** `user@contoso.com` or `CONTOSO\user`; empty when the client knows none. */
  readonly emailAddress: string;
  /** Such as 5 for `5.0`. */
  readonly requestVersion: number;
  /** `CIMClient_Windows`, `WindowsPhone`, … */
  readonly deviceType: string;
  readonly applicationVersion: string;
  readonly osEdition: string;
  /** What the client can do; empty when it does not say. */
  readonly authPolicies: readonly AuthPolicy[];
}

export interface DiscoverResult {
  readonly authPolicy: AuthPolicy;
  /** Such as `4.0`. */
  readonly enrolmentVersion: string;
  readonly policyUrl: string;
  readonly enrolmentUrl: string;
}

/** @throws ProtocolError `soap-action`, `soap-body`, `mde2-value` */
export function decodeDiscover(envelope: Envelope): DiscoverRequest {
  const body = needBody(envelope, {
    action: ACTIONS.discover.request,
    name: "Discover",
    namespace: NS.discovery,
  });
  const request = needChild(body, "request");
  const version = textOf(request, "RequestVersion");
  if (!/^\d{1,2}(\.\d{1,2})?$/.test(version)) {
    throw broken("mde2-value", "RequestVersion is a number such as 5.0");
  }
  return {
    emailAddress: textOf(request, "EmailAddress"),
    requestVersion: Number(version),
    deviceType: textOf(request, "DeviceType"),
    applicationVersion: textOf(request, "ApplicationVersion"),
    osEdition: textOf(request, "OSEdition"),
    authPolicies: policiesOf(childOf(request, "AuthPolicies")),
  };
}

/** A list of elements, or one name as text: both are printed in Microsoft's examples. */
function policiesOf(list: Element | undefined): readonly AuthPolicy[] {
  if (list === undefined) return [];
  const names = list.children.length > 0 ? list.children.map(({ text }) => text) : [list.text];
  return AUTH_POLICIES.filter((policy) => names.some((name) => name.trim() === policy));
}

/** The version to enrol by: the client's own, up to what this server speaks. */
export function enrolmentVersionFor(requestVersion: number): string {
  return Math.min(requestVersion, ENROLMENT_VERSION_MAX).toFixed(1);
}

export function encodeDiscover(request: DiscoverRequest): Element {
  const policies = request.authPolicies.map((policy) =>
    element("AuthPolicy", NS.discovery, policy),
  );
  return element("Discover", NS.discovery, [
    element("request", NS.discovery, [
      element("EmailAddress", NS.discovery, request.emailAddress),
      element("RequestVersion", NS.discovery, request.requestVersion.toFixed(1)),
      element("DeviceType", NS.discovery, request.deviceType),
      element("ApplicationVersion", NS.discovery, request.applicationVersion),
      element("OSEdition", NS.discovery, request.osEdition),
      element("AuthPolicies", NS.discovery, policies),
    ]),
  ]);
}

export function encodeDiscoverResult(result: DiscoverResult): Element {
  return element("DiscoverResponse", NS.discovery, [
    element("DiscoverResult", NS.discovery, [
      element("AuthPolicy", NS.discovery, result.authPolicy),
      element("EnrollmentVersion", NS.discovery, result.enrolmentVersion),
      element("EnrollmentPolicyServiceUrl", NS.discovery, result.policyUrl),
      element("EnrollmentServiceUrl", NS.discovery, result.enrolmentUrl),
    ]),
  ]);
}

/** What the client reads. @throws ProtocolError `soap-action`, `soap-body`, `mde2-value` */
export function decodeDiscoverResult(envelope: Envelope): DiscoverResult {
  const body = needBody(envelope, {
    action: ACTIONS.discover.answer,
    name: "DiscoverResponse",
    namespace: NS.discovery,
  });
  const result = needChild(body, "DiscoverResult");
  const authPolicy = AUTH_POLICIES.find((policy) => policy === textOf(result, "AuthPolicy"));
  if (authPolicy === undefined) throw broken("mde2-value", "the AuthPolicy is not a known one");
  return {
    authPolicy,
    enrolmentVersion: textOf(result, "EnrollmentVersion"),
    policyUrl: textOf(result, "EnrollmentPolicyServiceUrl"),
    enrolmentUrl: textOf(result, "EnrollmentServiceUrl"),
  };
}
