import { test } from "bun:test";

/**
 * `test`, or, when something is missing on this machine, `test.skip` with the reason in its name:
 * `scripts/test.mjs` lists the skipped tests at the end, so nothing is left out in silence.
 * `missing` says what is missing and which command would enable it; undefined runs the test.
 */
export function testUnless(missing: string | undefined) {
  return (name: string, body: () => void | Promise<void>, timeoutMs?: number): void => {
    if (missing === undefined) test(name, body, timeoutMs);
    else test.skip(`${name} [skipped: ${missing}]`, body);
  };
}

/** Why no small disk of its own can be given to a child here; undefined when it can. */
export function missingForSmallDisk(): string | undefined {
  const tried = Bun.spawnSync([
    "sh",
    "-c",
    'd=$(mktemp -d) && unshare -m mount -t tmpfs -o size=1m tmpfs "$d"; s=$?; rmdir "$d"; exit $s',
  ]);
  return tried.exitCode === 0
    ? undefined
    : "needs root and `unshare -m` for a small disk of its own; run as root on Linux";
}

/** Why nothing can be started here where it meets no process of others; undefined when it can. [D30] */
export function missingForOwnProcesses(): string | undefined {
  const tried = Bun.spawnSync(["unshare", "--pid", "--fork", "--mount-proc", "true"]);
  return tried.exitCode === 0
    ? undefined
    : "needs root and `unshare --pid --mount-proc`; run as root on Linux: apt-get install util-linux";
}

/** Why openssl cannot be asked here; undefined when it can. */
export function missingForOpenssl(): string | undefined {
  return Bun.which("openssl") === null
    ? "needs openssl as an independent judge: apt-get install openssl"
    : undefined;
}

/** Why nginx cannot stand in front of a gateway here; undefined when it can. */
export function missingForNginx(): string | undefined {
  return nginxPath() === null
    ? "needs nginx as the TLS proxy: apt-get install nginx-light"
    : undefined;
}

/** Debian keeps it where only root looks. */
export function nginxPath(): string | null {
  return Bun.which("nginx", { PATH: `${Bun.env.PATH ?? ""}:/usr/sbin` });
}
