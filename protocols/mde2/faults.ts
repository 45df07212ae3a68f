import type { Element } from "../syncml/element.ts";
import { NS } from "./names.ts";
import { broken } from "./rules.ts";
import type { Envelope } from "./soap.ts";
import { childOf, element, needChild, textOf } from "./tree.ts";

interface FaultRule {
  /** As it is written, with its prefix. */
  readonly subcode: string;
  /** The ErrorType of the detail that newer clients read; undefined: the fault has none. */
  readonly detail: string | undefined;
  /** What the user sees as the error's number. */
  readonly hresult: number;
}

/** How an enrolment is declined: one row per kind. [MS-MDE2 2.2.10] */
export const FAULTS = {
  MessageFormat: { subcode: "s:MessageFormat", detail: undefined, hresult: 0x80180001 },
  Authentication: { subcode: "s:Authentication", detail: undefined, hresult: 0x80180002 },
  Authorization: { subcode: "s:Authorization", detail: undefined, hresult: 0x80180003 },
  CertificateRequest: { subcode: "s:CertificateRequest", detail: undefined, hresult: 0x80180004 },
  EnrollmentServer: { subcode: "s:EnrollmentServer", detail: undefined, hresult: 0x80180005 },
  InternalServiceFault: {
    subcode: "a:InternalServiceFault",
    detail: undefined,
    hresult: 0x80180006,
  },
  InvalidSecurity: { subcode: "a:InvalidSecurity", detail: undefined, hresult: 0x80180007 },
  DeviceCapReached: {
    subcode: "s:Authorization",
    detail: "DeviceCapReached",
    hresult: 0x80180013,
  },
  DeviceNotSupported: {
    subcode: "s:Authorization",
    detail: "DeviceNotSupported",
    hresult: 0x80180014,
  },
  NotSupported: { subcode: "s:Authorization", detail: "NotSupported", hresult: 0x80180015 },
  NotEligibleToRenew: {
    subcode: "s:Authorization",
    detail: "NotEligibleToRenew",
    hresult: 0x80180016,
  },
  InMaintenance: { subcode: "s:Authorization", detail: "InMaintenance", hresult: 0x80180017 },
  InvalidEnrollmentData: {
    subcode: "s:Authorization",
    detail: "InvalidEnrollmentData",
    hresult: 0x80180019,
  },
} as const satisfies Readonly<Record<string, FaultRule>>;

export type FaultName = keyof typeof FAULTS;

export interface Fault {
  readonly name: FaultName;
  /** For the person in front of the device. */
  readonly reason: string;
}

/** @param traceId under which the server's log has the particulars */
export function encodeFault({ name, reason }: Fault, traceId: string): Element {
  const { subcode, detail } = FAULTS[name];
  return element("s:Fault", "", [
    element("s:Code", "", [
      element("s:Value", "", "s:Receiver"),
      element("s:Subcode", "", [element("s:Value", "", subcode)]),
    ]),
    element("s:Reason", "", [element("s:Text", "", reason, { "xml:lang": "en-US" })]),
    ...(detail === undefined
      ? []
      : [
          element("s:Detail", "", [
            element("DeviceEnrollmentServiceError", NS.enrolment, [
              element("ErrorType", NS.enrolment, detail),
              element("Message", NS.enrolment, reason),
              element("TraceId", NS.enrolment, traceId),
            ]),
          ]),
        ]),
  ]);
}

/** The fault in an answer, as the client reads it; undefined when the answer is none. */
export function decodeFault(envelope: Envelope): Fault | undefined {
  const { body } = envelope;
  if (body.name !== "Fault" || body.namespace !== NS.soap) return undefined;
  const subcode = textOf(needChild(needChild(body, "Code"), "Subcode"), "Value");
  const error = childOf(body, "Detail")?.children[0];
  const detail = error === undefined ? undefined : textOf(error, "ErrorType");
  const reason = textOf(needChild(body, "Reason"), "Text");
  for (const [name, rule] of Object.entries(FAULTS)) {
    if (rule.subcode === subcode && rule.detail === detail) {
      return { name: name as FaultName, reason };
    }
  }
  throw broken("mde2-value", `a fault of an unknown kind: ${subcode} ${detail ?? ""}`);
}
