import { describe, expect, test } from "bun:test";
import { ProtocolError } from "../../../protocols/errors.ts";
import { printXml } from "../../../protocols/syncml/print-xml.ts";
import {
  instructionsResponse,
  locationResponse,
  pollResponse,
} from "../../../protocols/wince/answers.ts";
import { decodeBody } from "../../../protocols/wince/decode-body.ts";
import {
  canonicalUuid,
  HEADER_CHARACTERS_MAX,
  readHeaders,
  UUID_CHARACTERS_MAX,
} from "../../../protocols/wince/headers.ts";
import { cpuOf, factsOf, osPlatformOf } from "../../../protocols/wince/machine.ts";
import {
  CE_LIMITS,
  MESSAGES_MAX,
  PACKAGES_MAX,
  PARAMETERS_MAX,
  readRequest,
} from "../../../protocols/wince/requests.ts";
import { scriptBytes, scriptText } from "../../../protocols/wince/script.ts";
import { dateText, SPAN_SECONDS_MAX, spanText } from "../../../protocols/wince/time-text.ts";

const PACKAGE = "0A1B2C3D-0000-8111-A222-0123456789AB";

function ruleOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (error instanceof ProtocolError) return error.rule;
    throw error;
  }
  return "none";
}

describe("readRequest()", () => {
  test("tells documents apart by their root, with the namespace or without", () => {
    const xmlns = 'xmlns="http://www.microsoft.com/DeviceManagement.xsd"';
    expect(
      readRequest(
        `<InstructionsRequest ${xmlns}><Package ID="{${PACKAGE.toLowerCase()}}"/></InstructionsRequest>`,
      ),
    ).toEqual({
      kind: "instructions",
      packages: [PACKAGE],
    });
    expect(
      readRequest(
        `<PackageLocationRequest><PackageID>${PACKAGE}</PackageID></PackageLocationRequest>`,
      ),
    ).toEqual({ kind: "location", package: PACKAGE });
    expect(
      readRequest(
        `<Status><StatusMessage packageID="${PACKAGE}" messageID="11036" timestamp="t"><Parameter name="Code">5</Parameter></StatusMessage></Status>`,
      ),
    ).toEqual({
      kind: "status",
      messages: [
        {
          packageId: PACKAGE,
          messageId: "11036",
          timestamp: "t",
          parameters: [{ name: "Code", value: "5" }],
        },
      ],
    });
  });

  test("reads a poll, in which a device that was given nothing writes 0", () => {
    const poll = readRequest(
      "<DevicePoll><Identification><ID>0a-1b</ID><Processor>2336</Processor></Identification><Connection><AuthorizationToken>0</AuthorizationToken></Connection></DevicePoll>",
    );
    expect(poll).toEqual({
      kind: "poll",
      uuid: "0A-1B",
      deviceName: null,
      platform: null,
      processor: "2336",
      said: [{ name: "Processor", value: "2336" }],
      authorizationToken: null,
    });
  });

  test("counts the file systems of an inventory", () => {
    const item = (name: string) =>
      `<InventoryItem name="Device_FileSystem"><Property name="Name">${name}</Property></InventoryItem>`;
    expect(
      readRequest(`<Inventory type="machine">${item("root")}${item("card")}</Inventory>`),
    ).toEqual({
      kind: "inventory",
      properties: [
        { name: "Device_FileSystem.Name", value: "root" },
        { name: "Device_FileSystem2.Name", value: "card" },
      ],
    });
  });

  const many = (text: string, count: number) => text.repeat(count);
  test.each([
    ["ce-unknown-document", "<Other/>"],
    ["ce-unknown-document", "<toString/>"],
    ["ce-namespace", '<Status xmlns="urn:other"/>'],
    ["ce-bad-package", '<InstructionsRequest><Package ID="x"/></InstructionsRequest>'],
    ["ce-bad-package", "<InstructionsRequest><Package/></InstructionsRequest>"],
    ["ce-bad-package", "<PackageLocationRequest/>"],
    ["ce-bad-message", `<Status><StatusMessage packageID="${PACKAGE}" messageID="x"/></Status>`],
    ["ce-bad-uuid", "<DevicePoll><Identification><ID>../x</ID></Identification></DevicePoll>"],
    ["ce-unknown-inventory", '<Inventory type="software"/>'],
    [
      "ce-too-many",
      `<InstructionsRequest>${many(`<Package ID="${PACKAGE}"/>`, PACKAGES_MAX + 1)}</InstructionsRequest>`,
    ],
    [
      "ce-too-many",
      `<Status>${many(`<StatusMessage packageID="${PACKAGE}" messageID="1"/>`, MESSAGES_MAX + 1)}</Status>`,
    ],
    [
      "ce-too-many",
      `<Status><StatusMessage packageID="${PACKAGE}" messageID="1">${many("<Parameter/>", PARAMETERS_MAX + 1)}</StatusMessage></Status>`,
    ],
    ["xml-doctype", '<!DOCTYPE x [<!ENTITY a "b">]><Status>&a;</Status>'],
    ["xml-malformed", "<Status>"],
    [
      "xml-too-deep",
      `${many("<a>", CE_LIMITS.depthMax + 1)}${many("</a>", CE_LIMITS.depthMax + 1)}`,
    ],
    ["xml-too-many-elements", `<Status>${many("<a/>", CE_LIMITS.elementsMax)}</Status>`],
    ["xml-text-too-long", `<Status>${many("a", CE_LIMITS.textMax + 1)}</Status>`],
    ["xml-too-large", `<Status>${many(" ", CE_LIMITS.bytesMax)}</Status>`],
  ])("refuses by the rule %s", (rule, document) => {
    expect(ruleOf(() => readRequest(document))).toBe(rule);
  });
});

describe("decodeBody()", () => {
  const none = { contentType: null, codePage: null };
  const inPage = (declaration: string, bytes: readonly number[]) =>
    Buffer.concat([Buffer.from(`${declaration}<a>`), Buffer.from(bytes), Buffer.from("</a>")]);

  test("reads the code page that the document declares", () => {
    const bytes = [0x8a, 0xa0, 0xe1, 0xe1, 0xa0];
    expect(decodeBody(inPage('<?xml version="1.0" encoding="866"?>', bytes), none)).toBe(
      "<a>Касса</a>",
    );
    expect(decodeBody(inPage('<?xml version="1.0" encoding="cp1252"?>', [0xfc]), none)).toBe(
      "<a>ü</a>",
    );
  });

  test("falls back on the code page of the device when nothing is declared", () => {
    const bytes = inPage("", [0x8a, 0xa0]);
    expect(decodeBody(bytes, { contentType: null, codePage: "866" })).toBe("<a>Ка</a>");
    const poll = Buffer.concat([Buffer.from("<CodePage>866</CodePage>"), bytes]);
    expect(decodeBody(poll, none)).toContain("<a>Ка</a>");
    expect(decodeBody(Buffer.from("<a>Ка</a>"), { contentType: null, codePage: "1252" })).toBe(
      "<a>Ка</a>",
    );
  });

  test("reads two bytes a character, with a mark or without", () => {
    expect(decodeBody(Buffer.from("\uFEFF<a>К</a>", "utf16le"), none)).toBe("<a>К</a>");
    expect(decodeBody(Buffer.from("<a>К</a>", "utf16le"), none)).toBe("<a>К</a>");
  });

  test.each([
    ["an encoding that nobody knows", inPage('<?xml version="1.0" encoding="ebcdic"?>', [])],
    ["bytes that are not UTF-8", inPage("", [0x8a])],
    [
      "bytes that are not what is declared",
      inPage('<?xml version="1.0" encoding="utf-8"?>', [0x8a]),
    ],
  ])("refuses %s", (_, bytes) => {
    expect(ruleOf(() => decodeBody(bytes, none))).toBe("ce-encoding");
  });
});

describe("readHeaders()", () => {
  const headers = (given: Readonly<Record<string, string>>) => () =>
    readHeaders((name) => given[name] ?? null);

  test("takes a UUID in any form for the same, and nothing for nothing", () => {
    expect(headers({ "x-device-uuid": "{0a1b-ff}", "x-device-auth": "0" })()).toEqual({
      uuid: "0A1B-FF",
      auth: null,
      timestamp: null,
      clientVersion: null,
    });
    expect(canonicalUuid("0a1bff")).toBe("0A1BFF");
  });

  test.each([
    ["ce-no-uuid", {}],
    ["ce-bad-uuid", { "x-device-uuid": "a b" }],
    ["ce-bad-uuid", { "x-device-uuid": "a".repeat(UUID_CHARACTERS_MAX + 1) }],
    [
      "ce-header-too-long",
      { "x-device-uuid": "a", "x-device-auth": "a".repeat(HEADER_CHARACTERS_MAX + 1) },
    ],
  ])("refuses by the rule %s", (rule, given) => {
    expect(ruleOf(headers(given))).toBe(rule);
  });
});

describe("answers", () => {
  test("a poll is answered with settings and the packages", () => {
    const settings = {
      pollServer: "http://edge.test",
      pollSeconds: 3600,
      failureRetryCount: 5,
      failureRetrySeconds: 180,
      machineInventorySeconds: null,
    };
    const text = printXml(pollResponse(settings, [PACKAGE]));
    expect(text).toContain('<PollResponse xmlns="http://www.microsoft.com/DeviceManagement.xsd">');
    expect(text).toContain(
      '<ClientSettings version="1.0"><PollServer>http://edge.test</PollServer><PollInterval>0000-00-00 01:00:00</PollInterval><FailureRetryCount>5</FailureRetryCount><FailureRetryInterval>0000-00-00 00:03:00</FailureRetryInterval></ClientSettings>',
    );
    expect(text).toContain(
      '<MachineInventorySettings version="1.0"><Enabled>false</Enabled><Interval>0000-00-01 00:00:00</Interval>',
    );
    expect(text).toContain(`<ApplicablePackages><Package ID="${PACKAGE}"/></ApplicablePackages>`);
  });

  test("instructions say when, where and what is run", () => {
    const text = printXml(
      instructionsResponse([
        {
          id: PACKAGE,
          name: "Till & scale",
          shortDescription: "short",
          longDescription: "",
          bytes: 9,
          startMs: Date.parse("2026-11-21T22:10:05Z"),
          localDestination: "\\Temp",
          commandLine: 'wceload.exe "\\Temp\\a.cab"',
        },
      ]),
    );
    expect(text).toContain("<Name>Till &amp; scale</Name>");
    expect(text).toContain("<StartTime>2026-11-21 22:10:05</StartTime>");
    expect(text).toContain("<PackageSize>9</PackageSize><Flags>03 00 00 00</Flags>");
    expect(text).toContain("<LocalDestination>\\Temp</LocalDestination>");
  });

  test("locations are told best first", () => {
    expect(printXml(locationResponse(PACKAGE, ["http://a/1", "http://b/1"]))).toContain(
      '<Location metric="1"><HTTP><URL>http://a/1</URL></HTTP></Location><Location metric="2">',
    );
  });

  test("spans and dates have the client's form", () => {
    expect(spanText(60)).toBe("0000-00-00 00:01:00");
    expect(spanText(90_061)).toBe("0000-00-01 01:01:01");
    expect(spanText(SPAN_SECONDS_MAX * 9)).toBe("0000-00-27 00:00:00");
    expect(spanText(-5)).toBe("0000-00-00 00:00:00");
    expect(dateText(0)).toBe("1970-01-01 00:00:00");
  });
});

describe("factsOf()", () => {
  test("knows the processor, the version and the platform", () => {
    const facts = factsOf([
      { name: "Device_System.ProcessorType", value: "2577" },
      { name: "Device_System.ProcessorArchitecture", value: "5" },
      { name: "Device_System.PlatformType", value: "PocketPC" },
      { name: "Device_System.OEMInfo", value: "Scanner 9" },
      { name: "Device_OS.MajorVersion", value: "5" },
      { name: "Device_OS.MinorVersion", value: "2" },
      { name: "Device_OS.BuildNumber", value: "1235" },
    ]);
    expect(facts).toEqual({
      cpu: "ARM",
      osMajor: 5,
      osVersion: "5.2.1235",
      osPlatform: "PocketPC",
      model: "Scanner 9",
    });
  });

  test("makes nothing up", () => {
    expect(factsOf([])).toEqual({});
    expect(factsOf([{ name: "Device_OS.MajorVersion", value: "five" }])).toEqual({});
    expect(cpuOf("31337")).toBe("31337");
    expect(cpuOf("31337", "1")).toBe("MIPS");
    expect(osPlatformOf("Test Terminal")).toBe("WinCE");
  });
});

describe("scriptText()", () => {
  const step = (
    command: string,
    critical: Parameters<typeof scriptText>[1][number]["critical"],
  ) => ({
    commands: [command],
    critical,
    restarts: false,
  });

  test("an error leads where Critical says", () => {
    const text = scriptText("app 1", [
      step("mkdir \\a", "continue only on success"),
      step("delete \\b", "continue"),
      step("copy \\c \\d", "continue only on error"),
    ]);
    expect(text.split("\r\n")).toEqual([
      "; app 1",
      "onerror failed",
      "mkdir \\a",
      "onerror next2",
      "delete \\b",
      ":next2",
      "onerror next3",
      "copy \\c \\d",
      "goto done",
      ":next3",
      ":done",
      "quit",
      ":failed",
      "abort",
      "",
    ]);
  });

  test("a restart that is owed comes at the end, however it ends", () => {
    const text = scriptText("app 1", [
      { commands: [], critical: "continue", restarts: true },
      step("mkdir \\a", "continue only on success"),
    ]);
    expect(text).toContain(
      "onerror failedrestart\r\nmkdir \\a\r\n:restart\r\nreboot\r\n:done\r\nquit",
    );
    expect(text).toContain(":failedrestart\r\nreboot\r\n:failed\r\nabort");
  });

  test("is one command a line, and Unicode", () => {
    const text = scriptText("a\r\nreboot", [step("mkdir \\a\nreboot", "continue only on success")]);
    expect(text).toContain("; a reboot\r\n");
    expect(text).toContain("mkdir \\a reboot\r\n");
    expect([...scriptBytes("a").subarray(0, 4)]).toEqual([0xff, 0xfe, 0x61, 0]);
  });
});
