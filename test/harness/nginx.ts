import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "../../gateway/demo/child-gateway.ts";
import { nginxPath } from "./skip.ts";

const README = join(import.meta.dir, "..", "..", "README.md");
const READY_MS = 20_000;

/** The nginx configuration that README.md recommends, for a site and files of a test. */
export async function readmeServer(wanted: {
  readonly port: number;
  readonly siteUrl: string;
  readonly folder: string;
}): Promise<string> {
  const readme = await readFile(README, "utf8");
  const [, block] = /```nginx\n(.*?)```/s.exec(readme) ?? [];
  if (block === undefined) throw new Error("README.md has no nginx block");
  return block
    .replace("listen 443 ssl", `listen 127.0.0.1:${wanted.port} ssl`)
    .replace(/server_name .*;/, "server_name localhost;")
    .replace("http://127.0.0.1:8080", wanted.siteUrl)
    .replaceAll("/etc/outpost/", `${wanted.folder}/`);
}

/** nginx in the foreground, in a folder of its own; it ends with the test. */
export class Nginx implements AsyncDisposable {
  readonly folder: string;
  readonly port: number;
  #child: ReturnType<typeof Bun.spawn> | undefined;

  private constructor(folder: string, port: number) {
    this.folder = folder;
    this.port = port;
  }

  /** A folder and a port; files are to be put into the folder before `start`. */
  static async prepare(): Promise<Nginx> {
    const folder = await mkdtemp(join(tmpdir(), "outpost-nginx-"));
    return new Nginx(folder, await freePort());
  }

  get url(): string {
    return `https://localhost:${this.port}`;
  }

  async start(server: string): Promise<void> {
    const temporary = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
      .map((name) => `${name}_temp_path ${this.folder}/${name};`)
      .join(" ");
    const path = join(this.folder, "nginx.conf");
    await writeFile(
      path,
      `daemon off; master_process on; pid ${this.folder}/nginx.pid; error_log ${this.folder}/error.log;
       events {} http { access_log off; ${temporary} ${server} }`,
    );
    const nginx = nginxPath() ?? "nginx";
    const command = [nginx, "-p", this.folder, "-c", path, "-e", `${this.folder}/error.log`];
    const child = Bun.spawn(command, { stdout: "ignore", stderr: "pipe" });
    this.#child = child;
    const deadlineMs = performance.now() + READY_MS;
    while (!(await this.#answers())) {
      if (child.exitCode !== null || performance.now() > deadlineMs) {
        throw new Error(`nginx does not start: ${await new Response(child.stderr).text()}`);
      }
      await Bun.sleep(50);
    }
  }

  /** Reads its files again; what was revoked counts from the next connection on. */
  async restart(server: string): Promise<void> {
    await this.#stop();
    await this.start(server);
  }

  async #answers(): Promise<boolean> {
    try {
      const socket = await Bun.connect({
        hostname: "127.0.0.1",
        port: this.port,
        socket: { data() {} },
      });
      socket.end();
      return true;
    } catch {
      return false; // Not yet.
    }
  }

  async #stop(): Promise<void> {
    this.#child?.kill("SIGTERM");
    await this.#child?.exited;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
    await rm(this.folder, { recursive: true, force: true });
  }
}
