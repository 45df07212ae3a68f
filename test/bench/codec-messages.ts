import { startSession } from "../../protocols/oma-dm/client-session.ts";
import { ALERT } from "../../protocols/syncml/alerts.ts";
import type { Element } from "../../protocols/syncml/element.ts";
import { encodeMessage } from "../../protocols/syncml/encode-message.ts";
import type { Command, Header, Item } from "../../protocols/syncml/message.ts";
import { EAM } from "../harness/site-core.ts";

/** Messages as they are exchanged in an update, by name. */
export function codecMessages(): Readonly<Record<"check_in" | "order" | "inventory", Element>> {
  return { check_in: checkIn(), order: order(), inventory: inventory(20) };
}

/** What a device says first: 3.4 KB in XML, most of it a user's token. */
function checkIn(): Element {
  const { message } = startSession({
    sessionId: "1",
    device: "urn:uuid:bench-0001",
    server: "/syncml",
    userName: "bench-0001",
    password: "a password",
    scheme: "syncml:auth-basic",
    nonce: null,
    waitsForChallenge: false,
    startAlert: ALERT.clientInitiated,
    alerts: [
      {
        code: ALERT.clientEvent,
        items: [{ meta: { type: "com.microsoft/MDM/AADUserToken" }, data: "t".repeat(1_800) }],
      },
    ],
    devInfo: [
      ["./DevInfo/DevId", "urn:uuid:bench-0001"],
      ["./DevInfo/Man", "Contoso"],
      ["./DevInfo/Mod", "Handheld 1"],
      ["./DevInfo/DmV", "1.2"],
      ["./DevInfo/Lang", "en-us"],
    ],
    demands: null,
    maxMsgSize: null,
    maxObjSize: null,
    largeObjects: false,
    sendBytesMax: null,
    answersMax: 100,
  });
  if (message === undefined) throw new Error("a session begins with a message");
  return encodeMessage(message);
}

const HEADER: Header = {
  verDtd: "1.2",
  verProto: "DM/1.2",
  sessionId: "1",
  messageId: 2,
  target: { uri: "urn:uuid:bench-0001" },
  source: { uri: "http://127.0.0.1:8080/syncml" },
};

/** What a server sends to have an app installed. */
function order(): Element {
  const download = `${EAM}/EnterpriseApps/Download/%7BB316008A-141D-4A79-810F-8B764C4CFDFB%7D`;
  const leaf = (name: string, data: string, format = "chr"): Item => ({
    target: `${download}/${name}`,
    meta: { format },
    data,
  });
  const url = `http://127.0.0.1:8080/content/${"ab".repeat(32)}/App.xap?device=1&exp=2&sig=${"s".repeat(43)}`;
  const commands: Command[] = [
    ...["SyncHdr", "Alert", "Replace"].map(
      (cmd, index): Command => ({
        name: "Status",
        cmdId: String(index + 1),
        msgRef: "1",
        cmdRef: String(index),
        cmd,
        targetRefs: [],
        sourceRefs: [],
        code: 200,
        items: [],
      }),
    ),
    {
      name: "Atomic",
      cmdId: "4",
      commands: [
        {
          name: "Add",
          cmdId: "5",
          items: [
            leaf("Name", "ContosoApp1"),
            leaf("URL", url),
            leaf("Version", "2.0.0.0"),
            leaf("DownloadInstall", "1", "int"),
          ],
        },
        { name: "Exec", cmdId: "6", items: [leaf("DownloadInstall", "0", "int")] },
      ],
    },
  ];
  return encodeMessage({ header: HEADER, commands, final: true });
}

/** What a device with so many apps answers to StructData: 20 apps are 24 KB in XML. */
export function inventory(apps: number): Element {
  const items = Array.from({ length: apps }, (_, app): readonly Item[] => {
    const id = String(app).padStart(12, "0");
    const base = `${EAM}/EnterpriseApps/Inventory/%7BB316008A-141D-4A79-810F-${id}%7D`;
    return [
      { source: base, meta: { format: "node" } },
      { source: `${base}/Version`, data: `1.0.0.${app}` },
      { source: `${base}/Title`, data: `Contoso & Co. ${app}` },
      { source: `${base}/Publisher`, data: "ExamplePublisher" },
      { source: `${base}/InstallDate`, data: "2012-10-31T21:23:31Z" },
    ];
  }).flat();
  const results: Command = { name: "Results", cmdId: "2", msgRef: "1", cmdRef: "2", items };
  return encodeMessage({ header: HEADER, commands: [results], final: true });
}
