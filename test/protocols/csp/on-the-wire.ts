import { XMLParser } from "fast-xml-parser";
import { CommandNumbers, numberCommand } from "../../../protocols/oma-dm/number-commands.ts";
import type { OutgoingCommand } from "../../../protocols/oma-dm/outgoing-command.ts";
import { encodeMessage } from "../../../protocols/syncml/encode-message.ts";
import { printXml } from "../../../protocols/syncml/print-xml.ts";

/** The bytes of a message that carries these commands. */
export function onTheWire(...commands: readonly OutgoingCommand[]): string {
  const numbers = new CommandNumbers();
  return printXml(
    encodeMessage({
      header: {
        verDtd: "1.2",
        verProto: "DM/1.2",
        sessionId: "1",
        messageId: 1,
        target: { uri: "device" },
        source: { uri: "server" },
      },
      commands: commands.map((command) => numberCommand(command, 1, numbers).command),
      final: true,
    }),
  );
}

const PARSER = new XMLParser({
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  parseAttributeValue: false,
});

/** XML as another parser than ours reads it, entities resolved once. */
export function asRead(xml: string): Record<string, unknown> {
  return PARSER.parse(xml);
}
