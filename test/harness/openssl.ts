import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Files for openssl in a folder of their own, gone at the end. */
export class OpensslFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async open(): Promise<OpensslFolder> {
    return new OpensslFolder(await mkdtemp(join(tmpdir(), "outpost-openssl-")));
  }

  /** The path of a new file with this content. */
  async file(name: string, content: string | Uint8Array): Promise<string> {
    const path = join(this.path, name);
    await writeFile(path, content);
    return path;
  }

  /** Runs `openssl WORDS…` in the folder. */
  run(...words: readonly string[]): { code: number; text: string; out: Uint8Array } {
    const ran = Bun.spawnSync(["openssl", ...words], {
      cwd: this.path,
      stdout: "pipe",
      stderr: "pipe",
    });
    return {
      code: ran.exitCode,
      text: `${ran.stdout.toString()}${ran.stderr.toString()}`,
      out: new Uint8Array(ran.stdout),
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
