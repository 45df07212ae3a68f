import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../protocols/errors.ts";
import {
  encodeProvisioning,
  type ProvisioningDocument,
  thumbprintOf,
} from "../../../protocols/mde2/provisioning-document.ts";
import { decodeProvisioning } from "../../../protocols/mde2/read-provisioning.ts";

const ROOT = new Uint8Array([48, 1, 1]);
const OWN = new Uint8Array([48, 1, 2]);

const DOCUMENT: ProvisioningDocument = {
  providerId: "Outpost",
  store: "User",
  rootCertificate: ROOT,
  clientCertificate: OWN,
  first: {
    renewal: { automatic: true, periodDays: 60, retryDays: 4 },
    account: {
      name: "Branch Prague & co",
      address: "https://branch.example/syncml",
      encoding: "application/vnd.syncml.dm+xml",
      connectionRetries: 6,
      backOffMsMin: 30_000,
      backOffMsMax: 120_000,
      certificateSubject: "CN=Device-42",
      device: { userName: "device-42", password: "one", nonce: "AAAA" },
      server: { userName: "Outpost", password: "two", nonce: "BBBB" },
    },
    poll: { firstCount: 10, firstMinutes: 3, minutes: 30, onLogin: true },
    deviceName: "DESKTOP-EVA",
    deviceId: "device-42",
    userName: "eva@branch.example",
  },
};

describe("the provisioning document", () => {
  test("is read as it was written", () => {
    expect(decodeProvisioning(encodeProvisioning(DOCUMENT))).toEqual(DOCUMENT);
    const device: ProvisioningDocument = { ...DOCUMENT, store: "System" };
    expect(decodeProvisioning(encodeProvisioning(device))).toEqual(device);
  });

  test("after a renewal holds the certificate and whose it is, and nothing else", () => {
    const renewed: ProvisioningDocument = { ...DOCUMENT, first: undefined };
    const xml = encodeProvisioning(renewed);
    expect(decodeProvisioning(xml)).toEqual(renewed);
    expect(xml).not.toContain("APPAUTH");
    expect(xml).not.toContain("DMClient");
  });

  test("has the form that was published", () => {
    const xml = encodeProvisioning(DOCUMENT);
    const root = `<characteristic type="${thumbprintOf(ROOT)}"><parm name="EncodedCertificate" value="MAEB"/></characteristic>`;
    const own = `<characteristic type="${thumbprintOf(OWN)}"><parm name="EncodedCertificate" value="MAEC"/></characteristic>`;
    for (const part of [
      '<wap-provisioningdoc version="1.1"><characteristic type="CertificateStore">',
      `<characteristic type="Root"><characteristic type="System">${root}</characteristic></characteristic>`,
      `<characteristic type="My"><characteristic type="User">${own}<characteristic type="PrivateKeyContainer"/></characteristic>`,
      '<characteristic type="WSTEP"><characteristic type="Renew"><parm name="ROBOSupport" value="true" datatype="boolean"/>',
      '<parm name="APPID" value="w7"/><parm name="PROVIDER-ID" value="Outpost"/>',
      '<parm name="BACKCOMPATRETRYDISABLED"/>',
      '<parm name="SSLCLIENTCERTSEARCHCRITERIA" value="Subject=CN%3DDevice-42&amp;Stores=My%5CUser"/>',
      '<parm name="AAUTHLEVEL" value="CLIENT"/><parm name="AAUTHTYPE" value="DIGEST"/>',
      '<parm name="AAUTHLEVEL" value="APPSRV"/><parm name="AAUTHTYPE" value="DIGEST"/>',
      '<characteristic type="DMClient"><characteristic type="Provider"><characteristic type="Outpost"><characteristic type="Poll">',
      '<parm name="NumberOfRemainingScheduledRetries" value="0" datatype="integer"/>',
      '<parm name="SyncApplicationVersion" value="2.0" datatype="string"/>',
    ]) {
      expect(xml).toContain(part);
    }
  });

  test("that is not whole is refused by the device", () => {
    const xml = encodeProvisioning(DOCUMENT);
    for (const broken of [
      xml.replaceAll("APPLICATION", "OTHER"),
      xml.replaceAll('value="APPSRV"', 'value="OTHER"'),
      xml.replace(thumbprintOf(OWN), thumbprintOf(ROOT)),
      xml.replaceAll("ADDR", "OTHER"),
      "<other/>",
    ]) {
      expect(() => decodeProvisioning(broken)).toThrow(ProtocolError);
    }
  });
});
