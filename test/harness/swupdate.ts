/** Debian's swupdate as a client of DDI, with images that it takes. [agents 1.9] */
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** It has something to tell of itself: while it has not told it, it looks at a job and begins none. */
const SETTINGS = `globals : { verbose = true; loglevel = 5; };
identify : ( { name = "hwId"; value = "kiosk-7"; } );
`;
/** Quicker to make than RSA. */
const CURVE = "ec_paramgen_curve:prime256v1";
const PROGRAMS = ["swupdate", "openssl", "cpio"];

/** Why swupdate cannot be run here; undefined when it can. */
export function missingForSwupdate(): string | undefined {
  const missing = PROGRAMS.filter(
    (name) => Bun.which(name, { PATH: `${Bun.env.PATH ?? ""}:/usr/sbin` }) === null,
  );
  return missing.length === 0
    ? undefined
    : `needs ${missing.join(", ")} as a real client: apt-get install swupdate openssl cpio`;
}

/**
 * A folder with a signer, images and clients. What an image installs is written into this folder, and
 * nothing else is; whatever still runs at the end is ended.
 */
export class Swupdate implements AsyncDisposable {
  readonly folder: string;
  readonly #clients: SwupdateClient[] = [];

  static async open(): Promise<Swupdate> {
    const made = new Swupdate(await mkdtemp(join(tmpdir(), "outpost-swupdate-")));
    made.#signer("good");
    return made;
  }

  private constructor(folder: string) {
    this.folder = folder;
  }

  /** An image that writes `content` into the file of `installed`. */
  async image(
    content: string,
    signer: "good" | "stranger" = "good",
  ): Promise<Uint8Array<ArrayBuffer>> {
    if (signer !== "good") this.#signer(signer);
    const folder = await mkdtemp(join(this.folder, "image-"));
    const sha256 = createHash("sha256").update(content).digest("hex");
    const file = `filename = "app.txt"; path = "${this.#target}"; sha256 = "${sha256}";`;
    await writeFile(join(folder, "app.txt"), content);
    await writeFile(
      join(folder, "sw-description"),
      `software = { version = "1.0"; edge: { hardware-compatibility: [ "1.0" ]; files: ( { ${file} } ); }; }\n`,
    );
    run(folder, [
      ...["openssl", "cms", "-sign", "-in", "sw-description", "-out", "sw-description.sig"],
      ...["-signer", `../${signer}.pem`, "-inkey", `../${signer}.key`],
      ...["-outform", "DER", "-nosmimecap", "-binary"],
    ]);
    const names = "sw-description\nsw-description.sig\napp.txt\n";
    return run(folder, ["cpio", "--quiet", "-o", "-H", "crc"], names);
  }

  /** What is installed; undefined: nothing. */
  async installed(): Promise<string | undefined> {
    return readFile(this.#target, "utf8").catch(() => undefined);
  }

  /** @param more further options of its connection, such as `-c 2` */
  async start(url: string, id: string, token: string, more = ""): Promise<SwupdateClient> {
    const temporary = await mkdtemp(join(this.folder, "tmp-"));
    const settings = join(temporary, "swupdate.cfg");
    await writeFile(settings, SETTINGS);
    const words = [
      "swupdate",
      "-v",
      "-f",
      settings,
      "-H",
      "edge:1.0",
      "-k",
      join(this.folder, "good.pem"),
    ];
    const client = new SwupdateClient(
      [...words, "-u", `-t DEFAULT -u ${url} -i ${id} -k ${token} -p 1 ${more}`],
      temporary,
    );
    this.#clients.push(client);
    return client;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) await client.end();
    await rm(this.folder, { recursive: true, force: true });
  }

  get #target(): string {
    return join(this.folder, "installed.txt");
  }

  #signer(name: string): void {
    run(this.folder, [
      ...[
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        CURVE,
        "-nodes",
        "-keyout",
        `${name}.key`,
      ],
      ...["-out", `${name}.pem`, "-days", "30", "-subj", `/CN=${name}`],
      ...["-addext", "extendedKeyUsage=emailProtection"],
    ]);
  }
}

export class SwupdateClient {
  readonly #child: Bun.Subprocess<"ignore", "pipe", "pipe">;
  #log = "";

  constructor(words: string[], temporary: string) {
    this.#child = Bun.spawn(words, {
      env: { ...Bun.env, TMPDIR: temporary, PATH: `${Bun.env.PATH ?? ""}:/usr/sbin` },
      cwd: temporary,
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    void this.#read(this.#child.stdout);
    void this.#read(this.#child.stderr);
  }

  get log(): string {
    return this.#log;
  }

  async end(): Promise<void> {
    this.#child.kill("SIGTERM");
    const late = setTimeout(() => this.#child.kill("SIGKILL"), 2_000);
    await this.#child.exited;
    clearTimeout(late);
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    const text = new TextDecoder();
    for await (const chunk of stream) this.#log += text.decode(chunk, { stream: true });
  }
}

function run(cwd: string, words: string[], stdin = ""): Uint8Array<ArrayBuffer> {
  const ran = Bun.spawnSync(words, {
    cwd,
    stdin: Buffer.from(stdin),
    stdout: "pipe",
    stderr: "pipe",
  });
  if (ran.exitCode !== 0) throw new Error(`${words[0]} failed: ${ran.stderr.toString()}`);
  return new Uint8Array(ran.stdout);
}
