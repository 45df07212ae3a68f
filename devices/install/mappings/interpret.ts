import type { Platform } from "../../model/device.ts";
import type { FactSource } from "../../model/fact.ts";
import { readAgent } from "./agent.ts";
import { readAndroid } from "./android.ts";
import { readApple } from "./apple.ts";
import { readDdi } from "./ddi.ts";
import { readDownloadStatus } from "./enterprise-app-management.ts";
import { readMsi } from "./enterprise-desktop-app-management.ts";
import { readPackagedApp } from "./enterprise-modern-app-management.ts";
import type { Meaning, MeaningContext } from "./interpretation.ts";
import { readMender } from "./mender.ts";

type Reader = (value: string, context: MeaningContext) => Meaning;

/** One reader per vocabulary; a new source does not compile until it has one. */
const READERS: Readonly<Record<Exclude<FactSource, "site">, Reader>> = {
  "windows-csp": readDownloadStatus,
  "windows-msi": readMsi,
  "windows-msix": readPackagedApp,
  apple: readApple,
  android: readAndroid,
  agent: readAgent,
  ddi: readDdi,
  mender: readMender,
};

/**
 * What a native value of a source means for a row of this platform.
 *
 * @returns undefined for a value that the source's vocabulary does not have on this platform
 */
export function interpret(
  source: FactSource,
  platform: Platform,
  value: string,
  context: Omit<MeaningContext, "platform">,
): Meaning {
  if (source === "site") return undefined;
  return READERS[source](value.trim(), { ...context, platform });
}
