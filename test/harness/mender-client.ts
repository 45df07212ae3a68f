/** The real client of Mender as a process that cannot touch the machine, and artifacts for it. [D29] */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Why the real client cannot run here; undefined when it can. */
export function missingForMender(): string | undefined {
  const hasTools = Bun.which("mender") !== null && Bun.which("mender-artifact") !== null;
  if (!hasTools) {
    return "needs Mender's client: apt-get install --no-install-recommends mender-client mender-artifact";
  }
  const tried = Bun.spawnSync(["unshare", "-m", "true"]);
  return tried.exitCode === 0
    ? undefined
    : "needs root and `unshare -m`, so that the client has folders of its own; run as root on Linux";
}

export class MenderClient implements AsyncDisposable {
  readonly folder: string;
  /** Where its artifacts put their file. */
  readonly root: string;
  #child: Bun.Subprocess | undefined;

  constructor(mac: string) {
    this.folder = mkdtempSync(join(tmpdir(), "outpost-mender-"));
    this.root = join(this.folder, "root");
    for (const name of ["root", "etc", "data", "identity"]) mkdirSync(join(this.folder, name));
    writeFileSync(join(this.folder, "etc", "artifact_info"), "artifact_name=base-0\n");
    writeFileSync(join(this.folder, "device_type"), "device_type=edge-test\n");
    const identity = join(this.folder, "identity", "mender-device-identity");
    writeFileSync(identity, `#!/bin/sh\necho mac=${mac}\n`);
    chmodSync(identity, 0o755);
  }

  get log(): string {
    const path = join(this.folder, "log");
    return existsSync(path) ? readFileSync(path, "utf8") : "";
  }

  /** Starts the daemon against a server. What it has in the system's folders is its own. */
  start(serverUrl: string): void {
    const config = join(this.folder, "mender.conf");
    writeFileSync(
      config,
      JSON.stringify({
        ServerURL: serverUrl,
        UpdatePollIntervalSeconds: 1,
        InventoryPollIntervalSeconds: 2,
        RetryPollIntervalSeconds: 1,
        DBus: { Enabled: false },
        DeviceTypeFile: join(this.folder, "device_type"),
      }),
    );
    const script = [
      'mount --bind "$0/etc" /etc/mender',
      'mount --bind "$0/identity" /usr/share/mender/identity',
      'exec mender -c "$0/mender.conf" -b "$0/none.conf" -d "$0/data" --no-syslog -l info daemon',
    ].join(" && ");
    this.#child = Bun.spawn(["unshare", "-m", "sh", "-c", script, this.folder], {
      stdout: "ignore",
      stderr: Bun.file(join(this.folder, "log")),
    });
  }

  /** An artifact that puts a file of so many random bytes at `root`/`name`. */
  artifact(
    artifactName: string,
    name: string,
    bytes: number,
  ): { path: string; content: Uint8Array<ArrayBuffer> } {
    const work = mkdtempSync(join(this.folder, "artifact-"));
    const content = Uint8Array.from(randomBytes(bytes));
    writeFileSync(join(work, name), content);
    const facts = { dest_dir: this.root, filename: name, permissions: "644" };
    for (const [fact, text] of Object.entries(facts)) writeFileSync(join(work, fact), `${text}\n`);
    const path = join(this.folder, `${artifactName}.mender`);
    const files = [...Object.keys(facts), name].flatMap((file) => ["-f", join(work, file)]);
    const made = Bun.spawnSync([
      "mender-artifact",
      "write",
      "module-image",
      "-T",
      "single-file",
      "--device-type",
      "edge-test",
      "-o",
      path,
      "-n",
      artifactName,
      "--compression",
      "none",
      ...files,
    ]);
    if (made.exitCode !== 0) throw new Error(made.stderr.toString());
    return { path, content };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child?.kill("SIGKILL");
    await this.#child?.exited;
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** The line between a client and a site: sees requests of content, holds them up, and breaks them off. */
export class ContentLine implements AsyncDisposable {
  /** Heads of the requests of content, in order. */
  readonly requests: string[] = [];
  /** Awaited before such a request reaches the site. */
  onRequest: () => Promise<void> = async () => undefined;
  /** The next answer with content breaks off after so many bytes. */
  cutAfterBytes: number | undefined;
  readonly #server: Server;
  readonly port: number;

  private constructor(server: Server, port: number) {
    this.#server = server;
    this.port = port;
  }

  static async open(siteUrl: string, port: number): Promise<ContentLine> {
    const server = createServer();
    const line = new ContentLine(server, port);
    server.on("connection", (client) => {
      const site = connect(Number(new URL(siteUrl).port), "127.0.0.1");
      let left = Number.POSITIVE_INFINITY;
      let order = Promise.resolve();
      client.on("data", (chunk: Buffer) => {
        const text = chunk.toString("latin1");
        const isContent = text.startsWith("GET /content/");
        if (isContent) line.requests.push(text.split("\r\n\r\n")[0] ?? "");
        order = order.then(async () => {
          if (isContent) {
            await line.onRequest();
            left = line.cutAfterBytes ?? Number.POSITIVE_INFINITY;
            line.cutAfterBytes = undefined;
          }
          site.write(chunk);
        });
      });
      site.on("data", (chunk: Buffer) => {
        const part = chunk.subarray(0, Math.min(chunk.length, left));
        left -= part.length;
        if (left > 0) return client.write(part);
        client.end(part);
        site.destroy();
        return undefined;
      });
      for (const [one, other] of [
        [client, site],
        [site, client],
      ] as const) {
        one.on("close", () => other.end());
        one.on("error", () => other.destroy());
      }
    });
    await new Promise<void>((resolve) => server.listen(port, "127.0.0.1", resolve));
    return line;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.close();
  }
}
