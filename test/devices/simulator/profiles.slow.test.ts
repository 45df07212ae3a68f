import { describe, expect, test } from "bun:test";
import { requestInstallation } from "../../../devices/service/installations.ts";
import { PROFILES, type ProfileName } from "../../../devices/simulator/profiles.ts";
import { ENCODINGS } from "../../../protocols/syncml/encoding.ts";
import type { Command, Message } from "../../../protocols/syncml/message.ts";
import { distributeContent, type Simulated, simulatedAt } from "../../harness/simulated.ts";
import { SiteCore } from "../../harness/site-core.ts";

/** PCs have a tree of their own, and tests. */
const NAMES = (Object.keys(PROFILES) as ProfileName[]).filter((name) => !PROFILES[name].isPc);
const MINUTE_MS = 60_000;

/** Installs an app on one device of this kind, at a real site, and returns what went over the line. */
async function install(kind: ProfileName, encoding = PROFILES[kind].encoding): Promise<Simulated> {
  const core = await SiteCore.open();
  await using _ = core;
  const made = await simulatedAt(core, kind, { change: { encoding } });
  const { id, device } = made;
  const distribution = await distributeContent(core, "2.0.0.0");
  const key = { site: core.context.site, device: id, distribution };
  await requestInstallation(core.context, key, "test");
  for (let contact = 0; contact < 3; contact++) {
    expect((await device.contact(core.nowMs)).end).toBe("done");
    core.nowMs += 60 * MINUTE_MS;
    await device.step(core.nowMs);
  }
  expect(await core.row(id, distribution)).toMatchObject({ status: "installed", lastError: null });
  expect([...device.state.inventory.values()]).toMatchObject([{ version: "2.0.0.0" }]);
  return made;
}

describe("every kind of device installs an app at a real site", () => {
  test.each(NAMES.flatMap((name) => ENCODINGS.map((encoding) => [name, encoding] as const)))(
    "%s, in %s",
    async (name, encoding) => {
      await install(name, encoding);
    },
  );
});

const statuses = ({ commands }: Message) =>
  commands.flatMap((command) => (command.name === "Status" ? [command] : []));
const some = (made: Simulated, is: (message: Message) => boolean) =>
  made.sent.some(({ message }) => is(message));
const codesOf = ({ sent }: Simulated) =>
  new Set(sent.flatMap(({ message }) => statuses(message).map(({ code }) => code)));
const refuses = (made: Simulated) => [0, 401, 407].some((code) => codesOf(made).has(code));
const ids = ({ commands }: Message) => commands.map(({ cmdId }) => cmdId);
const isExecStatus = (command: Command) => command.name === "Status" && command.cmd === "Exec";
const isGeneric = (command: Command) => command.name === "Alert" && command.code === 1226;

/** What each clause of the reference looks like on the line, by a kind of device that has it. */
const CLAUSES: readonly (readonly [string, ProfileName, (made: Simulated) => boolean])[] = [
  [
    "Content-Type without dm",
    "thrifty",
    ({ sent }) => sent.every(({ contentType }) => contentType === "application/vnd.syncml+xml"),
  ],
  [
    "the same in WBXML",
    "embedded",
    ({ sent }) => sent.every(({ contentType }) => contentType === "application/vnd.syncml+wbxml"),
  ],
  [
    "package 1 with interior nodes of DevInfo",
    "eager",
    (made) =>
      some(made, ({ commands }) =>
        commands.some(
          (one) => one.name === "Replace" && one.items.some(({ meta }) => meta?.format === "node"),
        ),
      ),
  ],
  [
    "a MaxMsgSize of 16384",
    "thrifty",
    (made) => some(made, ({ header }) => header.maxMsgSize === 16_384),
  ],
  [
    "after a 401 the same session goes on with the next MsgID",
    "shy",
    ({ sent: [first, second] }) =>
      first?.message.header.cred === undefined &&
      second?.message.header.cred !== undefined &&
      first?.message.header.sessionId === second?.message.header.sessionId &&
      second?.message.header.messageId === 2 &&
      second.message.commands.some(({ name }) => name === "Replace"),
  ],
  [
    "a server that proves itself by the empty first nonce is listened to",
    "wary",
    (made) =>
      made.answers.some(({ message }) => message.header.cred !== undefined) && !refuses(made),
  ],
  ["one that has not is refused everything: 407", "stern", (made) => codesOf(made).has(407)],
  ["or with Data 0", "signed", (made) => codesOf(made).has(0) && !codesOf(made).has(407)],
  ["every message is signed", "signed", ({ sent }) => sent.every(({ mac }) => mac !== null)],
  [
    "nonces are not of eight bytes",
    "wary",
    ({ answers }) =>
      answers.every(({ message }) =>
        statuses(message).every(
          ({ chal }) =>
            chal?.nextNonce === undefined || Buffer.from(chal.nextNonce, "base64").length === 16,
        ),
      ),
  ],
  [
    "a Status for SyncHdr without CmdRef",
    "thrifty",
    (made) =>
      some(made, (message) =>
        statuses(message).some(({ cmd, cmdRef }) => cmd === "SyncHdr" && cmdRef === undefined),
      ),
  ],
  [
    "Data before the references",
    "thrifty",
    ({ sent }) => sent.some(({ body }) => body.includes("<Status><Data>")),
  ],
  [
    "a CmdID twice in a message",
    "legacy",
    (made) => some(made, (message) => new Set(ids(message)).size < ids(message).length),
  ],
  ["Format Chr", "thrifty", ({ sent }) => sent.some(({ body }) => body.includes(">Chr</Format>"))],
  [
    "attributes in single quotes",
    "thrifty",
    ({ sent }) => sent.every(({ body }) => body.includes("='syncml:metinf'")),
  ],
  [
    "a blank in Type",
    "eager",
    ({ sent }) =>
      sent.some(({ body }) =>
        body.includes(">Reversed-Domain-Name: com.microsoft/MDM/LoginStatus<"),
      ),
  ],
  [
    "Status elements in another order",
    "silent",
    (made) =>
      some(made, (message) => {
        const refs = statuses(message).map(({ cmdRef }) => Number(cmdRef));
        return refs.some((ref, index) => index > 1 && ref < (refs[index - 1] ?? 0));
      }),
  ],
  [
    "no Status for an Atomic",
    "silent",
    (made) => !some(made, (message) => statuses(message).some(({ cmd }) => cmd === "Atomic")),
  ],
  [
    "501 for an Atomic",
    "legacy",
    (made) =>
      some(made, (message) =>
        statuses(message).some(({ cmd, code }) => cmd === "Atomic" && code === 501),
      ),
  ],
  [
    "406 for a list of structures",
    "thrifty",
    (made) =>
      some(made, (message) =>
        statuses(message).some(({ cmd, code }) => cmd === "Get" && code === 406),
      ),
  ],
  [
    "a 1226 before the Status of the Exec",
    "eager",
    (made) =>
      some(made, ({ commands }) => {
        const alert = commands.findIndex(isGeneric);
        return alert >= 0 && alert < commands.findIndex(isExecStatus);
      }),
  ],
  [
    "a hexadecimal SessionID",
    "basic",
    (made) => some(made, ({ header }) => header.sessionId === "1"),
  ],
  [
    "messages within 3000 bytes",
    "tight",
    ({ answers }) => answers.every(({ bytes }) => bytes <= 3_000),
  ],
  ["its own within 1500 bytes", "tight", ({ sent }) => sent.every(({ bytes }) => bytes <= 1_500)],
];

test("the README's table has every kind, and no other", async () => {
  const readme = await Bun.file("devices/simulator/README.md").text();
  const rows = readme
    .split("\n")
    .filter((line) => line.startsWith("| "))
    .slice(2);
  const named = new Set(rows.flatMap((row) => row.split("|")[2]?.trim().split(", ") ?? []));
  expect([...named, "standard"].sort()).toEqual(Object.keys(PROFILES).sort());
});

/** Pieces of objects that a kind of device is sent with a token that no message of 5000 bytes holds. */
async function chunksFor(kind: ProfileName): Promise<number> {
  const core = await SiteCore.open();
  await using _ = core;
  const { device, answers } = await simulatedAt(core, kind);
  await device.contact(core.nowMs); // Enrols, and says whether it takes large objects.
  const enrollmentToken = "VG9r".repeat(2_000);
  await core.change({ enterprise: { ...core.policy.enterprise, enrollmentToken } });
  core.nowMs += 60 * MINUTE_MS;
  expect((await device.contact(core.nowMs)).end).toBe("done");
  return answers.filter(({ message }) => JSON.stringify(message).includes('"moreData":true'))
    .length;
}

test("no chunk to whoever takes none: what no message holds is not sent", async () => {
  expect(await chunksFor("narrow")).toBeGreaterThan(0);
  expect(await chunksFor("plain")).toBe(0);
});

describe("what the reference says of real clients is on the line", () => {
  test.each(CLAUSES)("%s: %s", async (_, kind, isSo) => {
    expect(isSo(await install(kind))).toBe(true);
  });
});
