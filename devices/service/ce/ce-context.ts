import type { DeviceId } from "../../model/ids.ts";
import type { PackageFile } from "../../model/package.ts";
import type { SiteContext } from "../site-context.ts";
import type { CeSettings } from "./settings.ts";

export const CE = "ce" as const;

/** What the use-cases of this protocol work with. Made once, in gateway/roles. */
export interface CeContext {
  readonly site: SiteContext;
  readonly settings: () => CeSettings;
  /** False while the hub's policy has not arrived: nothing follows from what is not in it. */
  readonly isPolicyKnown: () => boolean;
  readonly urls: CeUrls;
}

/** Links to files, signed for one device. [D27] */
export interface CeUrls {
  /** @param base scheme, host, perhaps a path */
  urlFor(file: PackageFile, device: DeviceId, untilMs: number, base: string): string;
}

/** Under which scripts are served, beside the content route. */
export const SCRIPT_PATH = "/devicemgmt/scripts";
