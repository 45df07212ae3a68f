import { existsSync } from "node:fs";
import { AppError } from "../../../devices/model/errors.ts";

/** Where a restore has its copy of a database until it takes the database's place. */
export function restoringPathOf(databasePath: string): string {
  return `${databasePath}.restoring`;
}

/**
 * What is at the database's place while such a copy waits is not what anybody wanted: nothing, which a
 * start would take for a new gateway, or what was to be replaced.
 *
 * @throws AppError "unavailable" that says what to do
 */
export function refuseHalfRestored(databasePath: string): void {
  if (existsSync(restoringPathOf(databasePath))) {
    throw new AppError("unavailable", halfRestoredText(databasePath));
  }
}

export function halfRestoredText(databasePath: string): string {
  return (
    `A restore of ${databasePath} was interrupted. Run \`outpost restore --force\` again; or, to go on with the ` +
    `database that is there, delete ${restoringPathOf(databasePath)}.`
  );
}
