import { describe, expect, test } from "bun:test";
import { MASK, maskSecrets } from "../../../protocols/syncml/mask-secrets.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";
import { printXml } from "../../../protocols/syncml/print-xml.ts";

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

  test("what is no secret stays as it is", () => {
    const xml =
      "<SyncBody><Item><Target><LocURI>./DevInfo/DevId</LocURI></Target><Data>id</Data></Item><Final/></SyncBody>";
    expect(masked(xml)).toBe(xml);
    expect(masked("<Cred><Data/></Cred>")).toBe("<Cred><Data/></Cred>");
  });
});
