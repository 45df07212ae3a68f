import { describe, expect, test } from "bun:test";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { Connection } from "../../gateway/db/driver/connection.ts";
import { sessionsPathIn } from "../../gateway/db/maintenance/data-folder.ts";
import { ENCODINGS, parseDocument } from "../../protocols/syncml/encoding.ts";
import { outpost } from "../harness/outpost.ts";
import { type PhoneState, phone } from "../harness/phone.ts";
import { ADMIN } from "../harness/process.ts";
import { RawDevice } from "../harness/raw-device.ts";
import { wbxmlOf } from "../harness/raw-wbxml.ts";
import { Scenario } from "../harness/scenario.ts";

const DAY_MS = 24 * 3_600_000;

const Session = z.looseObject({
  id: z.string(),
  outcome: z.string(),
  reason: z.string().nullable(),
  messages: z.number(),
  encoding: z.string(),
  scheme: z.string().nullable(),
  failedAttempts: z.number(),
  commands: z.array(
    z.looseObject({ command: z.string(), about: z.string(), status: z.number().nullable() }),
  ),
});
type Session = z.infer<typeof Session>;
const Sessions = z.looseObject({ rows: z.array(Session), total: z.number() });
const Messages = z.looseObject({
  rows: z.array(
    z.looseObject({ form: z.string(), text: z.string(), problem: z.string().nullable() }),
  ),
});
const Token = z.looseObject({ id: z.string(), token: z.string() });

const newPhone = (): PhoneState => ({ seen: [], installed: null, download: null });

/** One story: each step finds what the ones before have left. */
describe("recorded sessions", () => {
  test.each(ENCODINGS)(
    "tell what was said in %s, whatever became of it, and no secret",
    async (encoding) => {
      await using site = await Scenario.start({ role: "site" });
      await site.prepare();
      const { id: device, raw } = await site.device("till-1", {}, { encoding, auth: "md5" });
      const distribution = await site.distribute("1.0.0.0");
      await site.request(device, distribution);
      /** Texts that must be nowhere in what is kept or shown. */
      const secrets = new Set<string>(["VG9rZW4x"]);

      const list = async (query = ""): Promise<readonly Session[]> =>
        (await site.api.request(`/api/v1/devices/${device}/sessions${query}`, Sessions)).rows;
      const only = async (outcome: string): Promise<Session> => {
        const rows = await list(`?outcome=${outcome}`);
        expect([outcome, rows.length]).toEqual([outcome, 1]);
        return rows[0] as Session;
      };
      const login = await site.api.send("/api/v1/session", { method: "POST", json: ADMIN });
      const cookie = login.headers
        .getSetCookie()
        .map((one) => one.split(";")[0])
        .join("; ");
      /** A page, as an administrator sees it. */
      const page = (path: string) =>
        fetch(site.url + path, { headers: { cookie, accept: "text/html" }, redirect: "manual" });
      const textOf = async (path: string) => {
        const answer = await page(path);
        expect([path, answer.status]).toEqual([path, 200]);
        return answer.text();
      };

      /** Everything that passed over the line in this session that could let somebody in. */
      const remember = () => {
        const { user, password } = raw.options;
        secrets.add(password);
        secrets.add(Buffer.from(`${user}:${password}`).toString("base64"));
        for (const answer of raw.answers) {
          for (const { nextNonce } of answer.statuses) if (nextNonce) secrets.add(nextNonce);
          for (const [, signature] of answer.xml.matchAll(/sig=([\w-]{20,})/g)) {
            if (signature !== undefined) secrets.add(signature);
          }
        }
        for (const [, digest] of raw.lastSent.matchAll(/<Cred>.*?<Data>([^<]+)</g)) {
          if (digest !== undefined) secrets.add(digest);
        }
      };

      // A session in which an app was ordered tells what was sent and what came back.
      {
        await raw.session(phone(newPhone()));
        remember();
        const session = await only("finished");
        expect(session).toMatchObject({ encoding, scheme: "syncml:auth-md5", reason: null });
        expect(session.failedAttempts).toBe(1);
        const exec = session.commands.find(({ command }) => command === "Exec");
        expect(exec).toMatchObject({ status: 200 });
        expect(exec?.about).toEndWith("/DownloadInstall");
        const { rows } = await site.api.request(
          `/api/v1/device-sessions/${session.id}/messages`,
          Messages,
        );
        expect(rows.length).toBe(session.messages);
        const all = rows.map(({ text }) => text).join("\n");
        expect(all).toContain("212 Authentication accepted");
        expect(all).toContain("sig=[masked]");
        const [first] = [...secrets].filter((secret) => all.includes(secret));
        expect(first).toBeUndefined();
        const bytes = await site.api.send(`/api/v1/device-sessions/${session.id}/messages/1/raw`);
        const root = parseDocument(new Uint8Array(await bytes.arrayBuffer()), encoding);
        expect(root.name).toBe("SyncML");
        // From the history of the installation to its session.
        const { id } = await site.row(device, distribution);
        const history = await textOf(`/installations/${id}`);
        const link = /href="(\/devices\/[^"]*\/sessions\?at=\d+)"/.exec(history)?.[1] ?? "";
        const there = await page(link);
        expect(there.headers.get("location")).toStartWith(`/sessions/${session.id}`);
      }

      // One that was not let in says why.
      {
        const { options } = raw;
        const stranger = new RawDevice({
          ...options,
          auth: "basic",
          password: "not-its-password",
        });
        await stranger.open();
        secrets.add(Buffer.from(`${options.user}:not-its-password`).toString("base64"));
        const [session] = await list("?limit=1");
        expect(session).toMatchObject({ failedAttempts: 1, scheme: "syncml:auth-basic" });
        expect(session?.reason).toContain("does not fit");
      }

      // A body that cannot be read is outlined, with the rule that it breaks.
      {
        const whole = raw.envelope("<Alert><CmdID>1</CmdID><Data>1201</Data></Alert><Final/>");
        remember();
        const bytes = encoding === "xml" ? Buffer.from(whole) : wbxmlOf(whole);
        const answer = await raw.send(bytes.subarray(0, bytes.length - 12));
        expect(answer.status).toBe(400);
        const session = await only("unreadable");
        expect(session.reason).toStartWith(encoding);
        const { rows } = await site.api.request(
          `/api/v1/device-sessions/${session.id}/messages`,
          Messages,
        );
        expect(rows).toMatchObject([{ form: "outline" }]);
        expect(rows[0]?.text).toContain("<LocURI>urn:uuid:till-1</LocURI>");
      }

      // A session goes on where it was when the site was killed in the middle.
      {
        await site.request(device, await site.distribute("2.0.0.0"));
        const answer = await raw.open();
        remember();
        const [before] = await list("?limit=1");
        expect(before).toMatchObject({ outcome: "running" });
        await site.gateway.kill();
        expectNoSecrets(site.gateway.dataDir, secrets);
        await site.gateway.restart();
        let next = answer;
        for (let turn = 0; turn < 20 && next.commands.length > 0; turn++) {
          next = await raw.reply(next, phone(newPhone()));
        }
        const [after] = await list("?limit=1");
        expect(after).toMatchObject({ id: before?.id, outcome: "finished" });
        expect(after?.messages).toBeGreaterThan(before?.messages ?? 0);
      }

      // Pages, transcript and command show it all, and no secret.
      {
        remember();
        const shown = [await textOf("/sessions"), await textOf(`/devices/${device}/sessions`)];
        const rows = await list();
        expect(rows.length).toBeGreaterThan(3);
        for (const { id } of rows) {
          shown.push(await textOf(`/sessions/${id}`));
          shown.push(await textOf(`/api/v1/device-sessions/${id}/transcript`));
        }
        const { token } = await site.api.request("/api/v1/tokens", Token, {
          method: "POST",
          json: { name: "cli", role: "operator", scopes: [], expiresAt: null },
        });
        const run = (...words: readonly string[]) =>
          outpost(["sessions", ...words, "--url", site.url, "--no-color"], {
            OUTPOST_TOKEN: token,
          });
        const listed = await run("till-1");
        expect([listed.err, listed.code]).toEqual(["", 0]);
        expect(listed.out).toContain("unreadable");
        const printed = await run(device, "--show", "latest");
        expect(printed.out).toContain("Outcome: finished");
        expect(printed.out).toContain("<!-- 1201 Client-initiated -->");
        shown.push(listed.out, printed.out);
        const found = [...secrets].filter((secret) => shown.some((text) => text.includes(secret)));
        expect(found).toEqual([]);
      }
      await site.gateway.advance(13 * DAY_MS);
      expect((await list()).length).toBeGreaterThan(3);
      await site.gateway.advance(2 * DAY_MS);
      expect(await list()).toEqual([]);
    },
    60_000,
  );
});

/** Neither in the bytes of the file and its log, nor in what is packed in them. */
function expectNoSecrets(dataDir: string, secrets: ReadonlySet<string>): void {
  const folder = mkdtempSync(join(tmpdir(), "outpost-sight-"));
  try {
    const path = sessionsPathIn(folder);
    for (const name of readdirSync(dataDir).filter((one) => one.startsWith("site-sessions.db"))) {
      cpSync(join(dataDir, name), join(folder, name));
    }
    const texts = readdirSync(folder).map((name) => readFileSync(join(folder, name), "latin1"));
    const connection = new Connection(path, { fileMustExist: true });
    const packed = connection
      .prepare("SELECT summary FROM sessions UNION ALL SELECT body FROM messages")
      .rows();
    connection.close();
    expect(packed.length).toBeGreaterThan(4);
    for (const [bytes] of packed) {
      if (!(bytes instanceof Uint8Array)) throw new Error("a record is bytes");
      texts.push(Buffer.from(Bun.zstdDecompressSync(bytes)).toString("utf8"));
    }
    const found = [...secrets].filter((secret) => texts.some((text) => text.includes(secret)));
    expect(found).toEqual([]);
    expect(secrets.size).toBeGreaterThan(5);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
