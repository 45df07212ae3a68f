import type { ActionStatusAnswer } from "../../../../protocols/ddi/management/answers.ts";
import { CANCEL_REFUSED, CANCELLED, FORCE_CANCELLED } from "../../../install/waiting.ts";
import type { DeviceJob } from "../../../model/agent-device.ts";
import type { Device } from "../../../model/device.ts";
import type { Fact } from "../../../model/fact.ts";
import { CANCEL_WORD } from "../feedback.ts";
import type { ManagementContext } from "./management-context.ts";

/** How hawkBit marks what it said itself. */
const OURS = "Update Server: ";

/** What happened to an action, the oldest first: what the device said, and what was decided here. */
export async function actionStatusesOf(
  { history }: ManagementContext,
  device: Device,
  job: DeviceJob,
): Promise<readonly ActionStatusAnswer[]> {
  const facts = await history(device, job.distribution);
  return facts
    .filter(
      ({ attempt, incarnation }) => attempt === job.attempt && incarnation === device.incarnation,
    )
    .flatMap((fact) => {
      const type = fact.kind === "report" ? typeOfReport(fact) : typeOfDecision(fact);
      return type === undefined ? [] : [statusOf(fact, type)];
    });
}

function statusOf(fact: Fact, type: string): ActionStatusAnswer {
  const { seq, atMs } = fact;
  if (fact.kind === "decision") {
    return { id: seq, type, atMs, code: null, messages: [`${OURS}${wordsOf(fact)}`] };
  }
  const lines = (fact.text ?? "").split("\n").filter((line) => line !== "");
  const codes = lines.flatMap((line) => /^code (-?\d+)$/.exec(line)?.[1] ?? []);
  const messages = lines.filter(
    (line) => !line.startsWith(CANCEL_WORD) && !/^code -?\d+$/.test(line),
  );
  const code = codes[0] === undefined ? null : Number(codes[0]);
  return { id: seq, type, atMs, code, messages };
}

function typeOfReport({ source, value, text }: Fact): string | undefined {
  if (source !== "ddi") return undefined;
  if (value === CANCELLED) return "canceled";
  if (value === CANCEL_REFUSED) return "cancel_rejected";
  // It says that it is about to drop it.
  if (text?.startsWith(CANCEL_WORD)) return "running";
  const [execution = "", finished] = value.split("/");
  if (execution === "closed") return finished === "failure" ? "error" : "finished";
  return REPORTED[execution] ?? "running";
}

const REPORTED: Readonly<Record<string, string>> = {
  canceled: "canceled",
  download: "download",
  downloaded: "downloaded",
  rejected: "warning",
};

function typeOfDecision({ value }: Fact): string | undefined {
  return DECIDED[value];
}

/** By the words of `devices/install`; what is of no interest to a tool is left out. */
const DECIDED: Readonly<Record<string, string>> = {
  born: "running",
  offered: "retrieved",
  stopped: "canceling",
  superseded: "canceling",
  [FORCE_CANCELLED]: "canceled",
};

function wordsOf({ value, by, text }: Fact): string {
  switch (value) {
    case "born":
      return "assignment initiated";
    case "offered":
      return "the target was told of the action";
    case FORCE_CANCELLED:
      return `${by} closed the action without waiting for the target`;
    default:
      return text ?? value;
  }
}
