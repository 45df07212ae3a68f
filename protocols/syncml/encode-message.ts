import { branch, type Element, leaf, METINF_NAMESPACE } from "./element.ts";
import type {
  Challenge,
  Command,
  Credential,
  Fragment,
  Header,
  Item,
  Location,
  Message,
  Meta,
  StatusCommand,
} from "./message.ts";

/** Encodes a message strictly in the order of the SyncML 1.2 document type. */
export function encodeMessage(message: Message): Element {
  return branch("SyncML", [encodeHeader(message.header), encodeBody(message)]);
}

/** Encodes commands without a SyncHdr, as the virtual device tree answers what came without. [Q43] */
export function encodeFragment(fragment: Fragment): Element {
  return branch("SyncML", [encodeBody(fragment)]);
}

function encodeBody({ commands, final }: Fragment): Element {
  const body = commands.map(encodeCommand);
  if (final) body.push(leaf("Final", ""));
  return branch("SyncBody", body);
}

function encodeHeader(header: Header): Element {
  const children = [
    leaf("VerDTD", header.verDtd),
    leaf("VerProto", header.verProto),
    leaf("SessionID", header.sessionId),
    leaf("MsgID", String(header.messageId)),
    encodeLocation("Target", header.target),
    encodeLocation("Source", header.source),
  ];
  if (header.respUri !== undefined) children.push(leaf("RespURI", header.respUri));
  if (header.noResp) children.push(leaf("NoResp", ""));
  if (header.cred !== undefined) children.push(encodeCredential(header.cred));
  const meta: Element[] = [];
  if (header.maxMsgSize !== undefined) meta.push(metinf("MaxMsgSize", String(header.maxMsgSize)));
  if (header.maxObjSize !== undefined) meta.push(metinf("MaxObjSize", String(header.maxObjSize)));
  if (meta.length > 0) children.push(branch("Meta", meta));
  return branch("SyncHdr", children);
}

function encodeLocation(name: "Target" | "Source", location: Location): Element {
  const children = [leaf("LocURI", location.uri)];
  if (location.name !== undefined) children.push(leaf("LocName", location.name));
  return branch(name, children);
}

function encodeCredential(cred: Credential): Element {
  const meta: Element[] = [];
  if (cred.format !== undefined) meta.push(metinf("Format", cred.format));
  meta.push(metinf("Type", cred.type));
  return branch("Cred", [branch("Meta", meta), leaf("Data", cred.data)]);
}

function encodeChallenge(chal: Challenge): Element {
  const meta: Element[] = [];
  if (chal.format !== undefined) meta.push(metinf("Format", chal.format));
  meta.push(metinf("Type", chal.type));
  if (chal.nextNonce !== undefined) meta.push(metinf("NextNonce", chal.nextNonce));
  return branch("Chal", [branch("Meta", meta)]);
}

/** Encodes one command, a container with all its children. */
export function encodeCommand(command: Command): Element {
  switch (command.name) {
    case "Status":
      return encodeStatus(command);
    case "Results": {
      const children = [leaf("CmdID", command.cmdId)];
      if (command.msgRef !== undefined) children.push(leaf("MsgRef", command.msgRef));
      children.push(leaf("CmdRef", command.cmdRef));
      if (command.targetRef !== undefined) children.push(leaf("TargetRef", command.targetRef));
      if (command.sourceRef !== undefined) children.push(leaf("SourceRef", command.sourceRef));
      return branch("Results", withItems(children, command.items));
    }
    case "Alert": {
      const children = [...idAndNoResp(command), leaf("Data", String(command.code))];
      if (command.correlator !== undefined) children.push(leaf("Correlator", command.correlator));
      return branch("Alert", withItems(children, command.items));
    }
    case "Atomic":
    case "Sequence":
      return branch(command.name, [
        ...idAndNoResp(command),
        ...command.commands.map(encodeCommand),
      ]);
    case "Unknown":
      return branch(command.element, [leaf("CmdID", command.cmdId)]);
    default: {
      const children = idAndNoResp(command);
      if (command.correlator !== undefined) children.push(leaf("Correlator", command.correlator));
      return branch(command.name, withItems(children, command.items));
    }
  }
}

function idAndNoResp(command: {
  readonly cmdId: string;
  readonly noResp?: true | undefined;
}): Element[] {
  const children = [leaf("CmdID", command.cmdId)];
  if (command.noResp) children.push(leaf("NoResp", ""));
  return children;
}

function encodeStatus(status: StatusCommand): Element {
  const children = [leaf("CmdID", status.cmdId), leaf("MsgRef", status.msgRef)];
  if (status.cmdRef !== undefined) children.push(leaf("CmdRef", status.cmdRef));
  children.push(leaf("Cmd", status.cmd));
  for (const ref of status.targetRefs) children.push(leaf("TargetRef", ref));
  for (const ref of status.sourceRefs) children.push(leaf("SourceRef", ref));
  if (status.chal !== undefined) children.push(encodeChallenge(status.chal));
  children.push(leaf("Data", String(status.code)));
  return branch("Status", withItems(children, status.items));
}

function withItems(children: Element[], items: readonly Item[]): Element[] {
  for (const item of items) children.push(encodeItem(item));
  return children;
}

function encodeItem(item: Item): Element {
  const children: Element[] = [];
  if (item.target !== undefined) children.push(branch("Target", [leaf("LocURI", item.target)]));
  if (item.source !== undefined) children.push(branch("Source", [leaf("LocURI", item.source)]));
  if (item.meta !== undefined) children.push(encodeMeta(item.meta));
  if (item.data !== undefined) children.push(leaf("Data", item.data));
  if (item.moreData) children.push(leaf("MoreData", ""));
  return branch("Item", children);
}

function encodeMeta(meta: Meta): Element {
  const children: Element[] = [];
  if (meta.format !== undefined) children.push(metinf("Format", meta.format));
  if (meta.type !== undefined) children.push(metinf("Type", meta.type));
  if (meta.mark !== undefined) children.push(metinf("Mark", meta.mark));
  if (meta.size !== undefined) children.push(metinf("Size", String(meta.size)));
  return branch("Meta", children);
}

function metinf(name: string, text: string): Element {
  return leaf(name, text, METINF_NAMESPACE);
}
