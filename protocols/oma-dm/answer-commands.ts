import type { Command, Item, ResultsCommand, StatusCommand } from "../syncml/message.ts";
import type { Carried, TreeNode } from "./carry-out.ts";
import type { CommandNumbers } from "./number-commands.ts";

/**
 * The Status and Results elements for a command that was carried out: its Status, the Results of a
 * Get behind it, then the same for the members of a container.
 *
 * Items that ended differently get a Status each, with TargetRef; otherwise one Status speaks for
 * all. [syncml 3.3]
 */
export function answerCommand(
  carried: Carried,
  messageId: string,
  numbers: CommandNumbers,
): readonly Command[] {
  const { command, codes, nodes, members, answers: said = [] } = carried;
  if (command.name === "Status" || command.name === "Results") return []; // Never answered.
  const answers: Command[] = [];
  const [first] = codes;
  const differ = codes.some(({ code }) => code !== first?.code);
  const isSilent = "noResp" in command && command.noResp === true;
  for (const { target, code } of differ ? codes : codes.slice(0, 1)) {
    const refs = differ && target !== undefined ? [target] : [];
    const items = said.map((data) => ({ data }));
    if (!isSilent) answers.push(statusOf(command, messageId, { code, refs, items }, numbers));
  }
  if (nodes.length > 0) answers.push(resultsOf(command.cmdId, messageId, nodes, numbers));
  for (const member of members) answers.push(...answerCommand(member, messageId, numbers));
  return answers;
}

function statusOf(
  command: Command,
  msgRef: string,
  said: {
    readonly code: number;
    readonly refs: readonly string[];
    readonly items: readonly Item[];
  },
  numbers: CommandNumbers,
): StatusCommand {
  return {
    name: "Status",
    cmdId: numbers.next(),
    msgRef,
    cmdRef: command.cmdId,
    cmd: command.name === "Unknown" ? command.element : command.name,
    targetRefs: said.refs,
    sourceRefs: [],
    code: said.code,
    items: said.items,
  };
}

function resultsOf(
  cmdRef: string,
  msgRef: string,
  nodes: readonly TreeNode[],
  numbers: CommandNumbers,
): ResultsCommand {
  return { name: "Results", cmdId: numbers.next(), msgRef, cmdRef, items: nodes.map(itemOf) };
}

/** Meta only where the format is not the default. [syncml 3.9] */
function itemOf({ uri, format, data }: TreeNode): Item {
  const source = uri;
  return format === "chr" ? { source, data } : { source, meta: { format }, data };
}
