import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../protocols/errors.ts";
import {
  decodeDiscover,
  decodeDiscoverResult,
  encodeDiscover,
  encodeDiscoverResult,
  enrolmentVersionFor,
} from "../../../protocols/mde2/discover.ts";
import {
  decodeFault,
  encodeFault,
  FAULTS,
  type FaultName,
} from "../../../protocols/mde2/faults.ts";
import { ACTIONS, type Operation } from "../../../protocols/mde2/names.ts";
import {
  decodeGetPolicies,
  decodePolicies,
  encodeGetPolicies,
  encodePolicies,
} from "../../../protocols/mde2/policies.ts";
import {
  readSecurity,
  timestampSecurity,
  usernameSecurity,
} from "../../../protocols/mde2/security-header.ts";
import {
  type Envelope,
  parseEnvelope,
  printAnswer,
  printRequest,
  SOAP_LIMITS,
} from "../../../protocols/mde2/soap.ts";
import { decodeTokenAnswer, encodeTokenAnswer } from "../../../protocols/mde2/token-answer.ts";
import { decodeTokenRequest, encodeTokenRequest } from "../../../protocols/mde2/token-request.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";
import { messages, request } from "./requests.ts";

const valid = await messages("valid", ".json");
const invalid = await messages("invalid", ".error.txt");

describe("enrolment messages", () => {
  test("there are some of each kind", () => {
    expect(valid.length).toBeGreaterThanOrEqual(5);
    expect(invalid.length).toBeGreaterThanOrEqual(18);
  });

  test.each([...valid])("$name decodes to its .json", ({ name, xml, expected }) => {
    const envelope = parseEnvelope(xml);
    expect({
      messageId: envelope.messageId,
      security: readSecurity(envelope.security),
      body: decoded(name, envelope),
    }).toEqual(JSON.parse(expected));
  });

  test.each([...invalid])("$name is refused with its .error.txt", ({ name, xml, expected }) => {
    expect(refusalOf(name, xml)).toBe(expected.trim());
  });

  test("more bytes than the limit are refused unread", () => {
    const xml = `<a>${" ".repeat(SOAP_LIMITS.bytesMax)}</a>`;
    expect(refusalOf("discover", xml)).toStartWith("xml-too-large: ");
  });

  test("deeper elements than the limit are refused", () => {
    const { depthMax } = SOAP_LIMITS;
    const xml = `${"<a>".repeat(depthMax + 1)}${"</a>".repeat(depthMax + 1)}`;
    expect(refusalOf("discover", xml)).toStartWith("xml-too-deep: ");
  });
});

describe("what a client writes", () => {
  const options = { messageId: "urn:uuid:1", to: "https://branch.example/x.svc" };

  test("Discover comes back as it was", () => {
    const discover = {
      emailAddress: "eva@branch.example",
      requestVersion: 5,
      deviceType: "CIMClient_Windows",
      applicationVersion: "10.0.26100.1",
      osEdition: "48",
      authPolicies: ["OnPremise", "Certificate"],
    } as const;
    const envelope = parseEnvelope(
      printRequest("discover", { ...options, body: encodeDiscover(discover) }),
    );
    expect(decodeDiscover(envelope)).toEqual(discover);
    expect(envelope.messageId).toBe("urn:uuid:1");
  });

  test("GetPolicies carries the password", () => {
    const envelope = parseEnvelope(
      printRequest("policies", {
        ...options,
        security: usernameSecurity("eva", 'a<b&"c"'),
        body: encodeGetPolicies(),
      }),
    );
    expect(() => decodeGetPolicies(envelope)).not.toThrow();
    expect(readSecurity(envelope.security)).toEqual({
      kind: "username",
      userName: "eva",
      password: 'a<b&"c"',
    });
  });

  test.each(["issue", "renew"] as const)("a request to %s comes back as it was", async (kind) => {
    const token = {
      kind,
      request: await request(
        kind === "issue" ? "windows-rsa-2048.der" : "renewal-signed-attributes.p7",
      ),
      context: new Map([
        ["DeviceID", ["A"]],
        ["MAC", ["1", "2"]],
      ]),
    };
    const xml = printRequest("enrolment", { ...options, body: encodeTokenRequest(token) });
    expect(decodeTokenRequest(parseEnvelope(xml))).toEqual(token);
  });

  test("a renewal that was encoded twice is read as well", async () => {
    const inner = await request("renewal-plain.p7");
    const twice = new TextEncoder().encode(Buffer.from(inner).toString("base64"));
    const body = encodeTokenRequest({ kind: "renew", request: twice, context: new Map() });
    const read = decodeTokenRequest(parseEnvelope(printRequest("enrolment", { ...options, body })));
    expect(read.request).toEqual(inner);
  });
});

describe("what the server answers", () => {
  const options = { relatesTo: "urn:uuid:1", activityId: "0190" };

  test("a discovery, with the prefixes that Windows knows", () => {
    const result = {
      authPolicy: "OnPremise",
      enrolmentVersion: enrolmentVersionFor(7),
      policyUrl: "https://branch.example/EnrollmentServer/Policy.svc",
      enrolmentUrl: "https://branch.example/EnrollmentServer/Enrollment.svc",
    } as const;
    const xml = printAnswer("discover", { ...options, body: encodeDiscoverResult(result) });
    expect(xml).toContain('<s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"');
    expect(xml).toContain(`<a:Action s:mustUnderstand="1">${ACTIONS.discover.answer}</a:Action>`);
    expect(xml).toContain("<a:RelatesTo>urn:uuid:1</a:RelatesTo>");
    expect(decodeDiscoverResult(parseEnvelope(xml))).toEqual(result);
  });

  test.each([
    [3, "3.0"],
    [4, "4.0"],
    [5, "4.0"],
    [7, "4.0"],
  ])("a client of version %p enrols by version %p", (asked, answered) => {
    expect(enrolmentVersionFor(asked)).toBe(answered);
  });

  test("the policies, with the hash that a request must use", () => {
    const policy = {
      name: "Outpost",
      minimalKeyLength: 2048,
      validitySeconds: 31_536_000,
      renewalSeconds: 5_184_000,
    };
    const xml = printAnswer("policies", { ...options, body: encodePolicies(policy) });
    expect(decodePolicies(parseEnvelope(xml))).toEqual({
      ...policy,
      hash: "2.16.840.1.101.3.4.2.1",
    });
  });

  test("the token, within a time", () => {
    const xml = printAnswer("enrolment", {
      ...options,
      security: timestampSecurity("2026-11-21T12:00:00.000Z", "2026-11-21T12:05:00.000Z"),
      body: encodeTokenAnswer("<wap-provisioningdoc/>"),
    });
    const token = decodeTokenAnswer(parseEnvelope(xml));
    expect(Buffer.from(token).toString()).toBe("<wap-provisioningdoc/>");
    expect(xml).toContain("<u:Expires>2026-11-21T12:05:00.000Z</u:Expires>");
  });

  test.each(Object.keys(FAULTS) as FaultName[])("the fault %s, with its subcode", (name) => {
    const fault = { name, reason: "Ask for a new code." };
    const xml = printAnswer("enrolment", { ...options, body: encodeFault(fault, "trace-1") });
    const { subcode, detail } = FAULTS[name];
    expect(xml).toContain(`<s:Subcode><s:Value>${subcode}</s:Value></s:Subcode>`);
    expect(xml.includes("<TraceId>trace-1</TraceId>")).toBe(detail !== undefined);
    expect(decodeFault(parseEnvelope(xml))).toEqual(fault);
  });

  test("an answer that is no fault is none", () => {
    const xml = printAnswer("enrolment", { ...options, body: encodeTokenAnswer("x") });
    expect(decodeFault(parseEnvelope(xml))).toBeUndefined();
  });

  test("nothing is printed that the gate would refuse", () => {
    const xml = printAnswer("enrolment", { ...options, body: encodeTokenAnswer("x") });
    expect(() => parseXml(xml, SOAP_LIMITS)).not.toThrow();
  });
});

function decoded(name: string, envelope: Envelope): unknown {
  switch (name.split("-")[0] as Operation) {
    case "discover":
      return decodeDiscover(envelope);
    case "policies":
      decodeGetPolicies(envelope);
      return null;
    case "enrolment": {
      const { request, context, kind } = decodeTokenRequest(envelope);
      return {
        kind,
        request: Buffer.from(request).toString("base64"),
        context: Object.fromEntries(context),
      };
    }
  }
}

function refusalOf(name: string, xml: string): string {
  try {
    const envelope = parseEnvelope(xml);
    readSecurity(envelope.security);
    decoded(name, envelope);
  } catch (error) {
    if (error instanceof ProtocolError) return `${error.rule}: ${error.message}`;
    throw error;
  }
  return "nothing was refused";
}
