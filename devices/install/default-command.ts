import type { Device } from "../model/device.ts";
import type { InstallAction } from "../model/install-action.ts";
import { unknownText, unknownTokens, withFile } from "./tokens.ts";

/** Systems that install things in ways of their own. */
export const SYSTEM_FAMILIES = ["ce", "windows", "linux"] as const;
export type SystemFamily = (typeof SYSTEM_FAMILIES)[number];

interface FileKind {
  /** Ends the file's name. */
  readonly name: RegExp;
  /** A null command: this system does not install such files. */
  readonly commands: Readonly<Record<SystemFamily, string | null>>;
}

const WCELOAD = 'wceload.exe "%1"';
const MSIEXEC = 'msiexec.exe /i "%1" /quiet /norestart';
const ADD_PACKAGE =
  'dism.exe /Online /Add-ProvisionedAppxPackage /SkipLicense /PackagePath:"%1" /NoRestart';
/** No system has a program of its own for it: one of this name has to be on the device. */
const PROVISION = 'provxml.exe "%1"';

/**
 * What installs a file when the Install names no command. It runs in the folder that the file is in, so that
 * an archive is unpacked beside itself. [A-128, Q18]
 */
const KINDS: readonly FileKind[] = [
  // CABs are for Windows CE; elsewhere whatever calls itself wceload is asked.
  { name: /\.(cab|cpf)$/i, commands: { ce: WCELOAD, windows: WCELOAD, linux: WCELOAD } },
  {
    name: /\.dll$/i,
    commands: { ce: 'regsvrce.exe "%1"', windows: 'regsvr32.exe /s "%1"', linux: null },
  },
  {
    name: /\.reg$/i,
    commands: { ce: 'regedit.exe "%1"', windows: 'reg.exe import "%1"', linux: null },
  },
  { name: /\.xml$/i, commands: { ce: PROVISION, windows: PROVISION, linux: null } },
  { name: /\.msi$/i, commands: { ce: null, windows: MSIEXEC, linux: null } },
  { name: /\.(msix|appx)(bundle)?$/i, commands: { ce: null, windows: ADD_PACKAGE, linux: null } },
  { name: /\.exe$/i, commands: { ce: '"%1"', windows: '"%1"', linux: null } },
  { name: /\.deb$/i, commands: { ce: null, windows: null, linux: 'dpkg --install "%1"' } },
  { name: /\.AppImage$/i, commands: { ce: null, windows: null, linux: 'chmod 0755 "%1"' } },
  {
    name: /\.(tar|tgz|txz|tar\.(gz|xz|zst|bz2))$/i,
    commands: { ce: null, windows: null, linux: 'tar --extract --no-same-owner --file "%1"' },
  },
  { name: /\.sh$/i, commands: { ce: null, windows: null, linux: 'sh "%1"' } },
];

/** Files of this kind are installed by themselves on some system. */
export function hasDefaultCommand(file: string): boolean {
  return KINDS.some(({ name }) => name.test(file));
}

/** The command in which `%1` stands for the file; undefined where there is none. */
export function defaultCommand(file: string, family: SystemFamily): string | undefined {
  return KINDS.find(({ name }) => name.test(file))?.commands[family] ?? undefined;
}

/**
 * The command line of an Install: its own command or the usual one, with the file in the place of `%1`. Tokens
 * are filled in before or afterwards.
 */
export function installCommand(
  { file, command }: Pick<InstallAction, "file" | "command">,
  family: SystemFamily,
): { readonly text: string } | { readonly problem: string } {
  const used = command ?? defaultCommand(file, family);
  if (used === undefined) {
    return {
      problem: `${FAMILY_NAMES[family]} has no usual way to install ${file}: name a command`,
    };
  }
  const [unknown] = unknownTokens(used);
  return unknown === undefined ? { text: withFile(used, file) } : { problem: unknownText(unknown) };
}

const FAMILY_NAMES = { ce: "Windows CE", windows: "Windows", linux: "Linux" } as const;

/** By what a device says of its system. */
export function familyOf({
  protocol,
  osPlatform,
}: Pick<Device, "protocol" | "osPlatform">): SystemFamily {
  const system = osPlatform?.toLowerCase() ?? "";
  if (
    protocol === "ce" ||
    /windows\s*(ce|mobile|embedded compact)|wince|pocket\s*pc|smartphone/.test(system)
  ) {
    return "ce";
  }
  return system.startsWith("windows") ? "windows" : "linux";
}
