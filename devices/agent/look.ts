import { stat } from "node:fs/promises";
import type { DeviceRoot } from "./device-root.ts";
import { digestOf } from "./download.ts";
import { versionOfFile } from "./file-version.ts";
import type { Machine } from "./machine.ts";
import type { LookAt } from "./metrics.ts";
import { filled } from "./steps.ts";

/** Looks at the files of the device for its metrics. What cannot be read is as if it were not there. */
export function lookAt(root: DeviceRoot, machine: Machine): LookAt {
  const placeOf = async (file: string) => {
    try {
      const place = await root.follow(filled(file, machine));
      return (await stat(place)).isFile() ? place : undefined;
    } catch {
      return undefined;
    }
  };
  return {
    size: async (file) => {
      const place = await placeOf(file);
      return place === undefined ? undefined : Bun.file(place).size;
    },
    hash: async (file) => {
      const place = await placeOf(file);
      return place === undefined ? undefined : await digestOf(place, "md5").catch(() => undefined);
    },
    version: async (file, field) => {
      const place = await placeOf(file);
      if (place === undefined) return undefined;
      return (await versionOfFile(place).catch(() => null))?.[field] ?? null;
    },
  };
}
