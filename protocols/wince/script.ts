/** One step of a script: its commands, and what follows from how they end. */
export interface ScriptStep {
  /** Lines in the language of the client's script engine. */
  readonly commands: readonly string[];
  readonly critical: "continue only on success" | "continue" | "continue only on error";
  /** Restarts the device once the script is over, however it ends. */
  readonly restarts: boolean;
}

/**
 * A `.dms` script for the script engine of the client: like a batch file, its labels begin with a colon and
 * `onerror` says where an error leads. [agents 5]
 *
 *   continue only on success   an error leads to the end, which is an error
 *   continue                   an error leads to the next step
 *   continue only on error     no error ends the script, and that is success
 */
export function scriptText(title: string, steps: readonly ScriptStep[]): string {
  const lines = [`; ${oneLine(title)}`];
  let isOwed = false;
  steps.forEach((step, index) => {
    if (step.restarts) isOwed = true;
    if (step.commands.length === 0) return;
    const next = `next${index + 1}`;
    const failed = isOwed ? "failedrestart" : "failed";
    const isStrict = step.critical === "continue only on success";
    lines.push(`onerror ${isStrict ? failed : next}`, ...step.commands.map(oneLine));
    if (step.critical === "continue only on error")
      lines.push(`goto ${isOwed ? "restart" : "done"}`);
    if (!isStrict) lines.push(`:${next}`);
  });
  lines.push(
    ...(isOwed ? [":restart", "reboot"] : []),
    ":done",
    "quit",
    ...(isOwed ? [":failedrestart", "reboot"] : []),
    ":failed",
    "abort",
  );
  return `${lines.join("\r\n")}\r\n`;
}

/** As the client reads it: Unicode, which is UTF-16 with a byte order mark here. */
export function scriptBytes(text: string): Uint8Array {
  return Buffer.from(`\uFEFF${text}`, "utf16le");
}

/** A line end in a value would be a command of its own. */
function oneLine(text: string): string {
  return text.replace(/[\r\n]+/g, " ");
}
