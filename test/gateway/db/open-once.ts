/** A child process that opens the database named by its argument, says how that went, and ends. */
import { openFile } from "./temporary.ts";

try {
  const database = await openFile(Bun.argv[2] ?? "");
  await database.close();
  await Bun.write(Bun.stdout, "opened");
} catch (error) {
  await Bun.write(Bun.stdout, error instanceof Error ? error.message : String(error));
}
