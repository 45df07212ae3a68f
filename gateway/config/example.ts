import { namesOf, SETTING_KEYS, SETTINGS } from "./settings.ts";

const COLUMNS_MAX = 90;

/** An `outpost.toml` that names every setting, with its default, commented out. */
export function exampleFile(): string {
  const machine = { hostname: "branch-12", timeZone: "Europe/Vienna" };
  const rows = SETTING_KEYS.filter((key) => !key.startsWith("test")).map((key) => {
    const value: unknown = SETTINGS[key].default(machine);
    const about = wrap(SETTINGS[key].about).map((line) => `# ${line}\n`);
    return `${about.join("")}# ${namesOf(key).file} = ${literal(value)}\n`;
  });
  return `# Configuration of Outpost. Weaker than OUTPOST_… variables, which are weaker than flags.\n\n${rows.join("\n")}`;
}

function literal(value: unknown): string {
  return value === undefined ? '""' : JSON.stringify(value);
}

function wrap(text: string): string[] {
  const lines = [""];
  for (const word of text.split(" ")) {
    const last = lines[lines.length - 1] ?? "";
    if (last === "") lines[lines.length - 1] = word;
    else if (last.length + word.length < COLUMNS_MAX) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}
