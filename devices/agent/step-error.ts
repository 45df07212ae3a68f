import type { EndResult } from "../../protocols/agent/words.ts";

/** Why a step failed, for the report: `result` is what the package ends with if the failure ends it. */
export class StepError extends Error {
  override readonly name = "StepError";
  readonly result: Extract<
    EndResult,
    "download-failed" | "checksum-failed" | "launch-failed" | "action-failed"
  >;
  readonly exitCode: number | undefined;

  constructor(result: StepError["result"], message: string, exitCode?: number) {
    super(message);
    this.result = result;
    this.exitCode = exitCode;
  }
}
