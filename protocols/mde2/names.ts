/** The names that Windows enrolment goes by: namespaces, actions and token types. [MS-MDE2 2.2] */

export const NS = {
  soap: "http://www.w3.org/2003/05/soap-envelope",
  addressing: "http://www.w3.org/2005/08/addressing",
  security: "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd",
  utility: "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd",
  trust: "http://docs.oasis-open.org/ws-sx/ws-trust/200512",
  authorization: "http://schemas.xmlsoap.org/ws/2006/12/authorization",
  discovery: "http://schemas.microsoft.com/windows/management/2012/01/enrollment",
  policy: "http://schemas.microsoft.com/windows/pki/2009/01/enrollmentpolicy",
  enrolment: "http://schemas.microsoft.com/windows/pki/2009/01/enrollment",
  diagnostics: "http://schemas.microsoft.com/2004/09/ServiceModel/Diagnostics",
  schemaInstance: "http://www.w3.org/2001/XMLSchema-instance",
} as const;

/** The three operations of an enrolment, in their order. */
export const OPERATIONS = ["discover", "policies", "enrolment"] as const;
export type Operation = (typeof OPERATIONS)[number];

/** The SOAP action of each operation's request and answer. */
export const ACTIONS: Readonly<
  Record<Operation, { readonly request: string; readonly answer: string }>
> = {
  discover: {
    request: `${NS.discovery}/IDiscoveryService/Discover`,
    answer: `${NS.discovery}/IDiscoveryService/DiscoverResponse`,
  },
  policies: {
    request: `${NS.policy}/IPolicy/GetPolicies`,
    answer: `${NS.policy}/IPolicy/GetPoliciesResponse`,
  },
  enrolment: {
    request: `${NS.enrolment}/RST/wstep`,
    answer: `${NS.enrolment}/RSTRC/wstep`,
  },
};

export const ANONYMOUS = `${NS.addressing}/anonymous`;

const MANAGER = "http://schemas.microsoft.com/5.0.0.0/ConfigurationManager/Enrollment";

export const TOKEN_TYPE = `${MANAGER}/DeviceEnrollmentToken`;
export const REQUEST_ISSUE = `${NS.trust}/Issue`;
export const REQUEST_RENEW = `${NS.trust}/Renew`;
export const BASE64_BINARY = `${NS.security}#base64binary`;
export const PASSWORD_TEXT =
  "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#PasswordText";
export const VALUE_PKCS10 = `${NS.enrolment}#PKCS10`;
export const VALUE_PROVISIONING = `${MANAGER}/DeviceEnrollmentProvisionDoc`;
/** Both are met: the first in [MS-MDE2 3.5.4], the second in what clients send. */
export const VALUES_PKCS7: readonly string[] = [`${NS.enrolment}#PKCS7`, `${NS.security}#PKCS7`];
