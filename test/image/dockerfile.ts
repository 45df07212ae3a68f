/** One instruction of a Dockerfile, continuation lines joined. */
export interface Instruction {
  readonly name: string;
  readonly value: string;
}

export function parseDockerfile(text: string): Instruction[] {
  return text
    .replace(/\\\n/g, " ")
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => {
      const [name = "", ...rest] = line.split(/\s+/);
      return { name: name.toUpperCase(), value: rest.join(" ") };
    });
}

/** What is wrong with an image recipe, in sentences; empty when all is well. */
export function lintDockerfile(instructions: readonly Instruction[]): string[] {
  const problems: string[] = [];
  const all = (name: string) => instructions.filter((instruction) => instruction.name === name);
  const stages = all("FROM");
  for (const { value } of stages) {
    const [image = ""] = value.split(" ");
    const tag = image.split(":")[1];
    if (tag === undefined || !/\d+\.\d+/.test(tag)) {
      problems.push(`FROM ${image} is not pinned to a version`);
    }
  }
  if (stages.length < 2) problems.push("there is one stage only: build tools end up in the image");
  const lastStage = instructions.slice(instructions.findLastIndex(({ name }) => name === "FROM"));
  const user = lastStage.findLast(({ name }) => name === "USER")?.value;
  if (user === undefined || /^(root|0)(:|$)/.test(user)) problems.push("it runs as root");
  if (!lastStage.some(({ name }) => name === "HEALTHCHECK")) problems.push("no HEALTHCHECK");
  for (const { value } of all("ADD")) {
    problems.push(`ADD ${value}: use COPY, which neither downloads nor unpacks`);
  }
  for (const { value } of all("RUN")) {
    if (/\b(curl|wget)\b/.test(value)) problems.push(`RUN ${value} downloads past the lock file`);
  }
  for (const { value } of [...all("ENV"), ...all("ARG")]) {
    if (/PASSWORD|SECRET|TOKEN|KEY/i.test(value)) problems.push(`${value} bakes a secret in`);
  }
  return problems;
}
