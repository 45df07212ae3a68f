import { describe, expect, test } from "bun:test";
import {
  maskMessage,
  maskSecrets,
  UNKNOWN_OBJECT,
} from "../../../protocols/syncml/mask-secrets.ts";
import { parseXml } from "../../../protocols/syncml/parse-xml.ts";
import { printXml } from "../../../protocols/syncml/print-xml.ts";
import { MASK } from "../../../protocols/syncml/secret-text.ts";

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
    ["a link's key", "<Data>https://a/b?key=SECRET&amp;x=1</Data>"],
    ["a link's code", "<Data>https://a/b?x=1&amp;code=SECRET</Data>"],
    ["a parm, its value first", '<Data>&lt;parm value="SECRET" name="AAuthSecret"/&gt;</Data>'],
    ["a parm in single quotes", "<Data>&lt;parm name='AAuthSecret' value='SECRET'/&gt;</Data>"],
    [
      "a parm in single quotes, its value first",
      "<Data>&lt;w:parm value='SECRET \"SECRET\"' x='1' name='AAuthSecret'/&gt;</Data>",
    ],
    ["a parm as an element", '<Data><parm name="AAuthSecret" value="SECRET"/></Data>'],
    ["an element with a prefix", "<Data>&lt;w:keyMaterial&gt;SECRET&lt;/w:keyMaterial&gt;</Data>"],
    [
      "an element of any secret",
      "<Data>&lt;PresharedKey x='1'&gt;SECRET&lt;/PresharedKey&gt;</Data>",
    ],
    ["an element as an element", "<Data><PresharedKey>SECRET</PresharedKey></Data>"],
    [
      "characters as they are",
      "<Data>&lt;password&gt;&lt;![CDATA[SECRET]]&gt;&lt;/password&gt;</Data>",
    ],
    [
      "XML that is escaped twice",
      "<Data>&amp;lt;w:keyMaterial&amp;gt;SECRET&amp;amp;SECRET&amp;lt;/w:keyMaterial&amp;gt;</Data>",
    ],
    [
      "a parm that is escaped twice",
      "<Data>&amp;lt;parm name=&amp;quot;AAuthSecret&amp;quot; value=&amp;quot;SECRET&amp;quot;/&amp;gt;</Data>",
    ],
    [
      "a node that is escaped twice",
      "<Data>&amp;lt;NodeName&amp;gt;AAuthSecret&amp;lt;/NodeName&amp;gt;&amp;lt;Value&amp;gt;SECRET&amp;lt;/Value&amp;gt;</Data>",
    ],
    [
      "a parm that is escaped three times",
      '<Data>&amp;amp;lt;parm value="SECRET" name="AAuthSecret"/&amp;amp;gt;</Data>',
    ],
    [
      "a password of a program",
      "<CommandLine>/quiet DB_PASSWORD=SECRET&amp;SECRET X=1</CommandLine>",
    ],
    [
      "a password of a program in a document",
      "<Data>&lt;CommandLine&gt;/quiet Password=SECRET&lt;/CommandLine&gt;</Data>",
    ],
    [
      "a password of a program in quotes",
      '<CommandLine>/quiet PASSWORD="SECRET ""SECRET"" SECRET" X=1</CommandLine>',
    ],
    [
      "a password of a program in escaped quotes",
      "<Data>&amp;lt;CommandLine&amp;gt;PASSWORD=&amp;quot;SECRET SECRET&amp;quot;&amp;lt;/CommandLine&amp;gt;</Data>",
    ],
    [
      "what an alert of a token says",
      "<Alert><Data>1226</Data><Meta><Type>com.microsoft/MDM/AADUserToken</Type></Meta><Item><Data>SECRET</Data></Item></Alert>",
    ],
    [
      "the result of a secret that only the command names",
      "<Results><SourceRef>./SyncML/DMAcc/x/AppAuth/1/AAuthSecret</SourceRef><Item><Data>SECRET</Data></Item></Results>",
    ],
    [
      "a node with a slash at its end",
      "<Item><Target><LocURI>./SyncML/DMAcc/x/AAuthSecret//</LocURI></Target><Data>SECRET</Data></Item>",
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

  test.each([
    "<Alert><CmdID>1</CmdID><Data>1226</Data><Meta><Type>com.microsoft/MDM/AADUserToken</Type></Meta></Alert>",
    "<Status><CmdID>2</CmdID><Cmd>Replace</Cmd><TargetRef>./x/AAuthSecret</TargetRef><Data>200</Data></Status>",
    "<Data>&lt;parm name='ADDR' value='https://site/a'/&gt;&lt;parm name='NAME' value='x'/&gt;</Data>",
    "<CommandLine>/quiet INSTALLDIR=C:\\Apps PASSWORDFILE=C:\\p.txt</CommandLine>",
    "<Data>Contoso, Version=1.0.0.0, Culture=neutral, PublicKeyToken=31bf3856ad364e35</Data>",
  ])("%s is no secret", (xml) => {
    expect(masked(xml)).toBe(xml);
  });

  test("where nobody saw the message before, every item of the next one is masked", () => {
    const item = "<Item><Target><LocURI>./a</LocURI></Target><Data>SECRET</Data></Item>";
    const answer = `<Status><Data>200</Data><Item><Data>AN-ANSWER</Data></Item></Status>`;
    const root = parseXml(`<SyncBody>${answer}<Replace>${item}${item}</Replace></SyncBody>`);
    const first = maskMessage(root, UNKNOWN_OBJECT);
    expect(printXml(first.masked)).not.toContain("SECRET");
    expect(printXml(first.masked)).toContain("AN-ANSWER");
    expect(printXml(maskMessage(root, first.open).masked)).toContain("SECRET");
    // A message without any item is not where it goes on.
    const empty = parseXml(`<SyncBody>${answer}<Final/></SyncBody>`);
    expect(maskMessage(empty, UNKNOWN_OBJECT).open).toBe(UNKNOWN_OBJECT);
  });

  test("what is no secret stays as it is", () => {
    const xml =
      "<SyncBody><Item><Target><LocURI>./DevInfo/DevId</LocURI></Target><Data>id</Data></Item><Final/></SyncBody>";
    expect(masked(xml)).toBe(xml);
    expect(masked("<Cred><Data/></Cred>")).toBe("<Cred><Data/></Cred>");
  });
});
