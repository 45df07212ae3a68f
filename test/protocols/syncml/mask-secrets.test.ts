import { describe, expect, test } from "bun:test";
import { maskMessage, maskSecrets } from "../../../protocols/syncml/mask-secrets.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";
import { printXml } from "../../../protocols/syncml/print-xml.ts";
import { MASK, maskText } from "../../../protocols/syncml/secret-text.ts";

const masked = (xml: string) => printXml(maskSecrets(parseXml(xml))).replace(/^<\?.*?\?>/, "");

describe("maskSecrets()", () => {
  test.each([
    ["a credential", "<Cred><Meta><Format>b64</Format></Meta><Data>SECRET</Data></Cred>"],
    [
      "a nonce",
      "<Chal><Meta><Type>syncml:auth-md5</Type><NextNonce>SECRET</NextNonce></Meta></Chal>",
    ],
    [
      "an account's secret",
      "<Item><Target><LocURI>./SyncML/DMAcc/x/AppAuth/1/AAuthSecret</LocURI></Target><Data>SECRET</Data></Item>",
    ],
    [
      "one that is asked with a query",
      "<Item><Source><LocURI> ./a/AAUTHDATA?list=StructData </LocURI></Source><Data>SECRET</Data></Item>",
    ],
    [
      "a token of enrolment",
      "<Item><Target><LocURI>./Vendor/MSFT/EnterpriseAppManagement/4/EnrollmentToken</LocURI></Target><Data>SECRET</Data></Item>",
    ],
    [
      "a token of the user",
      "<Item><Meta><Type>com.microsoft/MDM/AADUserToken</Type></Meta><Data>SECRET</Data></Item>",
    ],
    [
      "a token of the user, its Type outside of Meta",
      "<Item><Type>com.microsoft/MDM/AADUserToken</Type><Data>SECRET</Data></Item>",
    ],
    [
      "a secret in a device tree",
      "<Data><MgmtTree><Node><NodeName>AAuthSecret</NodeName><Value>SECRET</Value></Node></MgmtTree></Data>",
    ],
    [
      "a secret as elements",
      "<Item><Target><LocURI>./x/AAuthData</LocURI></Target><Data><Job>SECRET</Job></Data></Item>",
    ],
  ])("%s is masked, and nothing else", (_, xml) => {
    const shown = masked(xml);
    expect(shown).not.toContain("SECRET");
    const withElements = xml.replace("<Job>SECRET</Job>", "");
    expect(shown.replaceAll(MASK, "SECRET")).toBe(
      withElements === xml ? xml : withElements.replace("<Data></Data>", "<Data/>"),
    );
  });

  test("the signature of a link is masked where it stands", () => {
    const link = "http://site/content/ab/App.xap?device=1&amp;exp=2&amp;sig=SECRET";
    expect(masked(`<Data>${link}</Data>`)).toBe(
      "<Data>http://site/content/ab/App.xap?device=1&amp;exp=2&amp;sig=[masked]</Data>",
    );
    const job = `<Data>&lt;ContentURL&gt;http://s/a?sig=SECRET&amp;amp;exp=1&lt;/ContentURL&gt;</Data>`;
    expect(masked(job)).toContain("sig=[masked]&amp;amp;exp=1&lt;/ContentURL&gt;");
  });

  test.each([
    ["a vendor's signature", "<Data>https://a/b?X-Amz-Signature=SECRET&amp;x=1</Data>"],
    ["a password in a link", "<Data>https://user:SECRET@host/b</Data>"],
    [
      "a device tree as text",
      "<Data>&lt;NodeName&gt;AAuthSecret&lt;/NodeName&gt;&lt;Value&gt;SECRET&lt;/Value&gt;</Data>",
    ],
    ["a provisioning document", '<Data>&lt;parm name="AAuthSecret" value="SECRET"/&gt;</Data>'],
    ["a Wi-Fi profile", "<Data>&lt;keyMaterial&gt;SECRET&lt;/keyMaterial&gt;</Data>"],
    [
      "a private key",
      "<Item><Target><LocURI>./V/ClientCertificateInstall/PFXCertInstall/1/PFXCertBlob</LocURI></Target><Data>SECRET</Data></Item>",
    ],
  ])("%s is masked", (_, xml) => {
    const shown = masked(xml);
    expect(shown).not.toContain("SECRET");
    expect(shown).toContain(MASK);
  });

  test("a tree without secrets is the very same tree", () => {
    const root = parseXml("<SyncBody><Item><Data>a=b</Data></Item><Final/></SyncBody>");
    expect(maskSecrets(root)).toBe(root);
  });

  const link = "http://site/content/ab?device=1&exp=2&sig=SECRET-OF-THE-LINK&x=1";
  test.each(Array.from({ length: link.length - 1 }, (_, index) => index + 1))(
    "a link that is cut in two after %p characters shows nothing of its signature",
    (cut) => {
      const piece = (data: string, more: string) =>
        parseXml(
          `<SyncBody><Add><Item><Target><LocURI>./a</LocURI></Target><Data>${data.replaceAll("&", "&amp;")}</Data>${more}</Item></Add></SyncBody>`,
        );
      const first = maskMessage(piece(link.slice(0, cut), "<MoreData/>"), undefined);
      const second = maskMessage(piece(link.slice(cut), ""), first.open);
      const shown = printXml(first.masked) + printXml(second.masked);
      for (const part of ["SECRET", "LINK", "OF-"]) expect(shown).not.toContain(part);
      expect(second.open).toBeUndefined();
      expect(shown).toContain("http:/".slice(0, Math.min(cut, 6)));
    },
  );

  test("the rest of a secret that is sent in pieces is one, whatever it says of itself", () => {
    const piece = (target: string, more: string) =>
      parseXml(`<Add><Item>${target}<Data>SECRET</Data>${more}</Item></Add>`);
    const target = "<Target><LocURI>./x/AAuthSecret</LocURI></Target>";
    const first = maskMessage(piece(target, "<MoreData/>"), undefined);
    const second = maskMessage(piece("", ""), first.open);
    expect(printXml(first.masked) + printXml(second.masked)).not.toContain("SECRET");
    expect(printXml(maskMessage(piece("", ""), second.open).masked)).toContain("SECRET");
  });

  test("hostile text takes no longer than other text", () => {
    // Where a pattern looked as far as it could, this would not end within the test's time.
    const text = "<NodeName>password</NodeName>".repeat(15_000);
    expect(maskText(text)).toBe(text);
  });

  test("what is no secret stays as it is", () => {
    const xml =
      "<SyncBody><Item><Target><LocURI>./DevInfo/DevId</LocURI></Target><Data>id</Data></Item><Final/></SyncBody>";
    expect(masked(xml)).toBe(xml);
    expect(masked("<Cred><Data/></Cred>")).toBe("<Cred><Data/></Cred>");
  });
});
