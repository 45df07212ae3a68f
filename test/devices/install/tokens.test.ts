import { describe, expect, test } from "bun:test";
import {
  defaultCommand,
  familyOf,
  hasDefaultCommand,
  installCommand,
} from "../../../devices/install/default-command.ts";
import {
  fillInFacts,
  fillInFolders,
  namesFile,
  type SiteToken,
  TOKENS,
  unknownTokens,
  withFile,
} from "../../../devices/install/tokens.ts";

const FACTS: Readonly<Record<SiteToken, string | null>> = {
  DEVICENAME: "scanner 17",
  DEVICEID: "0f".repeat(16),
  CPU: "ARM",
  OSMAJOR: "6",
  OSMINOR: null,
  OSPLATFORM: "PocketPC",
  PACKAGE: "pos",
  VERSION: "2.0",
};
const FOLDERS = {
  PROGRAMFILES: "\\Program Files",
  WINDOWS: "\\Windows",
  STORAGECARD: null,
  TEMP: "\\Temp",
};

describe("tokens", () => {
  test("what the site knows is filled in there, in any letter case; folders on the device", () => {
    const text = '%ProgramFiles%\\%package%\\%VERSION%\\run.exe /name "%DeviceName%"';
    const atSite = fillInFacts(text, FACTS);
    expect(atSite).toEqual({ text: '%ProgramFiles%\\pos\\2.0\\run.exe /name "scanner 17"' });
    expect("text" in atSite && fillInFolders(atSite.text, FOLDERS)).toEqual({
      text: '\\Program Files\\pos\\2.0\\run.exe /name "scanner 17"',
    });
  });

  test("every token is filled in on one of the two", () => {
    for (const [name, { where }] of Object.entries(TOKENS)) {
      const all = { ...FACTS, OSMINOR: "5" };
      const atSite = fillInFacts(`a%${name}%b`, all);
      expect("text" in atSite && atSite.text.includes("%")).toBe(where === "device");
    }
  });

  test("percent signs that begin no token stand for themselves", () => {
    for (const text of ["100%", "50% of it", "%20a%20", "a % b % c", "%-x%"]) {
      expect(unknownTokens(text)).toEqual([]);
      expect(fillInFolders(text, FOLDERS)).toEqual({ text });
    }
    expect(unknownTokens("%%APPDATA%%\\x")).toEqual([]);
    expect(fillInFolders("%%APPDATA%%\\x", FOLDERS)).toEqual({ text: "%APPDATA%\\x" });
  });

  test("an unknown one is a problem, at the site and on the device", () => {
    expect(unknownTokens("%APPDATA%\\%TEMP%\\%What_2%")).toEqual(["APPDATA", "What_2"]);
    expect(fillInFacts("%APPDATA%\\x", FACTS)).toEqual({
      problem: expect.stringContaining("there is no token %APPDATA%: use one of %DEVICENAME%, "),
    });
    expect(fillInFolders("%APPDATA%\\x", FOLDERS)).toEqual({
      problem: expect.stringContaining("there is no token %APPDATA%"),
    });
  });

  test("what is not known never becomes an empty text", () => {
    expect(fillInFacts("\\%OSMINOR%\\a", FACTS)).toEqual({
      problem: "it is not known what %OSMINOR% is for this device",
    });
    expect(fillInFolders("%StorageCard%\\a", FOLDERS)).toEqual({
      problem: "this device has no storagecard folder",
    });
    expect(fillInFolders("\\%CPU%\\a", FOLDERS)).toEqual({ problem: "%CPU% was not filled in" });
  });

  test("a value cannot lead elsewhere, nor be taken for a token by the device", () => {
    for (const name of ["..", "", "a\\b", "a/b", 'x" & del', "a\nb"]) {
      expect(fillInFacts("\\%DEVICENAME%\\a", { ...FACTS, DEVICENAME: name })).toEqual({
        problem: expect.stringContaining("which no path can hold"),
      });
    }
    const atSite = fillInFacts("\\%DEVICENAME%", { ...FACTS, DEVICENAME: "%TEMP%" });
    expect("text" in atSite && fillInFolders(atSite.text, FOLDERS)).toEqual({ text: "\\%TEMP%" });
  });

  test("%1 is the file", () => {
    expect(withFile('wceload.exe "%1" /%1', "\\a b.cab")).toBe(
      'wceload.exe "\\a b.cab" /\\a b.cab',
    );
    expect(withFile("x %%1 %TEMP%", "\\a")).toBe("x %%1 %TEMP%");
    expect([namesFile('a "%1"'), namesFile("a %%1"), namesFile("a")]).toEqual([true, false, false]);
  });
});

describe("the command of an Install", () => {
  const file = "\\Storage Card\\My App\\whatever.cab";

  test("is wceload for a CAB, said or not said [S-16]", () => {
    const line = { text: 'wceload.exe "\\Storage Card\\My App\\whatever.cab"' };
    expect(installCommand({ file, command: null }, "ce")).toEqual(line);
    expect(installCommand({ file, command: 'wceload.exe "%1"' }, "ce")).toEqual(line);
    expect(installCommand({ file: "\\A.CPF", command: null }, "ce")).toEqual({
      text: 'wceload.exe "\\A.CPF"',
    });
  });

  test.each([
    ["\\a\\b.dll", "ce", 'regsvrce.exe "\\a\\b.dll"'],
    ["C:\\b.dll", "windows", 'regsvr32.exe /s "C:\\b.dll"'],
    ["C:\\b.REG", "windows", 'reg.exe import "C:\\b.REG"'],
    ["\\b.xml", "ce", 'provxml.exe "\\b.xml"'],
    ["C:\\b.msi", "windows", 'msiexec.exe /i "C:\\b.msi" /quiet /norestart'],
    ["C:\\b.exe", "windows", '"C:\\b.exe"'],
    ["/tmp/b.deb", "linux", 'dpkg --install "/tmp/b.deb"'],
    ["/opt/b.AppImage", "linux", 'chmod 0755 "/opt/b.AppImage"'],
    ["/opt/b.tar.zst", "linux", 'tar --extract --no-same-owner --file "/opt/b.tar.zst"'],
    ["/opt/b.tgz", "linux", 'tar --extract --no-same-owner --file "/opt/b.tgz"'],
    ["/tmp/b.sh", "linux", 'sh "/tmp/b.sh"'],
  ] as const)("%s on %s", (path, family, text) => {
    expect(installCommand({ file: path, command: null }, family)).toEqual({ text });
  });

  test("of another kind has to be said, and so has one that a system does not install", () => {
    expect(hasDefaultCommand("x.zip")).toBe(false);
    expect(hasDefaultCommand("cab")).toBe(false);
    expect(defaultCommand("b.deb", "windows")).toBeUndefined();
    expect(installCommand({ file: "b.deb", command: null }, "windows")).toEqual({
      problem: "Windows has no usual way to install b.deb: name a command",
    });
    expect(installCommand({ file: "b.zip", command: "unzip %1 %HOME%" }, "linux")).toEqual({
      problem: expect.stringContaining("no token %HOME%"),
    });
  });

  test("which system it is follows from what the device says", () => {
    const family = (osPlatform: string | null, protocol: "agent" | "ce" = "agent") =>
      familyOf({ protocol, osPlatform });
    expect(["PocketPC", "WinCE", "Windows CE 5.0", "SmartPhone"].map((one) => family(one))).toEqual(
      ["ce", "ce", "ce", "ce"],
    );
    expect([family(null, "ce"), family("Windows 11 Pro"), family("Linux"), family(null)]).toEqual([
      "ce",
      "windows",
      "linux",
      "linux",
    ]);
  });
});
