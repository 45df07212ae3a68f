/**
 * A site on a small disk of its own (TMPDIR is it), played by a child process of the test: fills the
 * disk, looks at what still works, frees it, looks again. Prints what happened as a line of JSON.
 */
import { rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { AutoPhone } from "../harness/auto-phone.ts";
import { FactRow, Rows, Scenario } from "../harness/scenario.ts";

const WRITES_MAX = 5_000;
const MIB = 1024 ** 2;
const Problem = z.looseObject({ detail: z.string() });
const Ready = z.looseObject({
  checks: z.array(z.looseObject({ name: z.string(), reason: z.string().optional() })),
});

const site = await Scenario.start({ role: "site", settings: { freeDiskBytesMin: "4MiB" } });
try {
  const outcome = await play();
  await Bun.write(Bun.stdout, `${JSON.stringify(outcome)}\n`);
} finally {
  await site[Symbol.asyncDispose]();
}

async function play() {
  await site.api.send("/api/v1/settings/enterprise", {
    method: "PATCH",
    json: { enterpriseId: "4000000001", enrollmentToken: "VG9rZW4x" },
  });
  await site.api.send("/api/v1/packages", {
    method: "POST",
    json: {
      id: "contoso-app",
      name: "ContosoApp1",
      platform: "Windows",
      productId: "{B316008A-141D-4A79-810F-8B764C4CFDFB}",
    },
  });
  const distribution = await site.distribute("1.0.0.0");
  const { id, raw } = await site.device("phone");
  const phone = new AutoPhone(id, raw);

  const tooLarge = await upload(60 * MIB);
  const readyBefore = (await fetch(`${site.url}/readyz`)).status;

  const ballast = join(tmpdir(), "ballast");
  fill(ballast);
  let acknowledged = 0;
  let refused: Response | undefined;
  while (!refused && acknowledged < WRITES_MAX) {
    const answer = await fact(id, distribution, acknowledged + 1);
    if (answer.ok) acknowledged += 1;
    else refused = answer;
  }
  const ready = await fetch(`${site.url}/readyz`);
  const full = {
    fact: refused?.status,
    factSays: Problem.parse(await refused?.json()).detail,
    upload: (await upload(1000)).status,
    ready: ready.status,
    reasons: Ready.parse(await ready.json()).checks.flatMap(({ reason }) => reason ?? []),
    device: (await raw.send(raw.envelope("<Final/>").replace("<MsgID>0", "<MsgID>1"))).status,
    rows: (await site.rows("")).length,
    page: (await fetch(`${site.url}/login`)).status,
    files: (await site.api.raw("/api/v1/files", {})).status,
  };

  rmSync(ballast);
  const readyAgain = (await fetch(`${site.url}/readyz`)).status;
  const again = (await fact(id, distribution, acknowledged + 1)).status;
  if (again === 200) acknowledged += 1;
  const uploadAgain = (await upload(1000)).status;
  await site.request(id, distribution);
  const pushed: string[] = [];
  for (let contact = 0; contact < 4; contact++) {
    await site.gateway.advance(60_000);
    pushed.push(...(await phone.contact()));
  }
  const row = await site.row(id, distribution);
  const history = await site.api.request(
    `/api/v1/installations/${row.id}/history`,
    z.array(FactRow),
  );
  const kept = new Set(history.map(({ text }) => text));
  const lost = Array.from({ length: acknowledged }, (_, n) => `fact ${n + 1}`).filter(
    (text) => !kept.has(text),
  );
  const { rows } = await site.api.request("/api/v1/installations", Rows);
  return {
    tooLarge,
    readyBefore,
    acknowledged,
    full,
    readyAgain,
    again,
    uploadAgain,
    pushed,
    status: rows[0]?.status,
    lost,
  };
}

async function upload(bytes: number): Promise<{ status: number; says: string }> {
  const answer = await site.api.raw("/api/v1/files?name=large.bin", {
    method: "POST",
    bytes: new Uint8Array(bytes).fill(bytes % 251),
    headers: { "content-type": "application/octet-stream" },
  });
  return { status: answer.status, says: (await answer.text()).slice(0, 400) };
}

function fact(device: string, distribution: string, n: number): Promise<Response> {
  return site.api.raw(`/api/v1/devices/${device}/facts`, {
    method: "POST",
    json: [
      {
        distribution,
        source: "windows-csp",
        value: n % 2 === 0 ? "2" : "3",
        text: `fact ${n}`,
      },
    ],
  });
}

/** Takes all room that there is. */
function fill(path: string): void {
  for (let bytes = MIB; bytes >= 4096; bytes /= 2) {
    try {
      for (;;) writeFileSync(path, new Uint8Array(bytes), { flag: "a" });
    } catch {
      // No room for so much at once: smaller pieces may still fit.
    }
  }
}
