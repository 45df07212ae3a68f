/**
 * A child process that does one dangerous thing to the raw `libsql` binding; `traps.test.ts` looks at
 * how it ends. Argument: the name of the case.
 */
import Libsql from "libsql";

const database = new Libsql(":memory:");
const one = () => database.prepare("SELECT ?");

export const ABORTING: Readonly<Record<string, () => unknown>> = {
  "a boolean": () => one().get(true),
  "a Date": () => one().get(new Date(0)),
  "a plain object": () => one().get({ a: 1 }),
  "a lone Uint8Array": () => one().get(new Uint8Array(3)),
  "a lone Buffer": () => one().get(Buffer.from("abc")),
  "text that is not UTF-8": () => database.prepare("SELECT CAST(x'41ff42' AS TEXT)").get(),
};

if (import.meta.main) {
  ABORTING[Bun.argv[2] ?? ""]?.();
  await Bun.write(Bun.stdout, "still here");
}
