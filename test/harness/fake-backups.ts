import { AppError } from "../../devices/model/errors.ts";
import type { BackupSummary, Backups } from "../../gateway/http/use-cases.ts";

/** Backups that take no time and no disk. */
export function fakeBackups(now: () => number): Backups {
  const made: BackupSummary[] = [];
  const kept = 7;
  return {
    kept,
    list: async () => made,
    make: async (wanted) => {
      const name = wanted ?? `backup-${made.length + 1}`;
      if (made.some((one) => one.name === name)) {
        throw new AppError("conflict", `There is a backup ${name} already.`);
      }
      const databases = [{ name: "site", bytes: 4_300_000, isEncrypted: true, files: 3 }];
      const folder = `/var/lib/outpost/data/backups/${name}`;
      const backup = { name, folder, madeAtMs: now(), databases };
      made.unshift(backup);
      made.splice(kept);
      return backup;
    },
    remove: async (name) => {
      const index = made.findIndex((one) => one.name === name);
      if (index >= 0) made.splice(index, 1);
      return index >= 0;
    },
  };
}
