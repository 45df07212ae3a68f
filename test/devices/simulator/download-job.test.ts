import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import {
  type AppState,
  EMPTY_APP_STATE,
  withoutExpired,
} from "../../../devices/simulator/app-state.ts";
import {
  type Course,
  drawCourse,
  FIELD,
  SEVEN_DAYS_MS,
} from "../../../devices/simulator/behaviour.ts";
import {
  advanceJob,
  BREAKS_MAX,
  type JobContext,
  startJob,
} from "../../../devices/simulator/download-job.ts";
import { FAILURES } from "../../../devices/simulator/download-status.ts";
import type { Fetch } from "../../../devices/simulator/fetch-content.ts";
import { Random } from "../../../devices/simulator/random.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000);
const P1 = "{B316008A-141D-4A79-810F-8B764C4CFDFB}";
const FILE = new Uint8Array(200_000).map((_, index) =>
  index < 2 ? ([0x50, 0x4b][index] ?? 0) : index,
);
const SHA = createHash("sha256").update(FILE).digest("hex");
const SMOOTH: Course = {
  user: "not-asked",
  userAnswersAfterMs: 1000,
  queuedMs: 1000,
  downloadMs: 1000,
  downloadedMs: 1000,
  installMs: 1000,
  failure: undefined,
  breaks: 0,
};

/** A server that knows Range and If-Range, and counts what it sent. */
function fileServer(etag = '"1"') {
  const requests: (string | null)[] = [];
  const fetch: Fetch = async (_url, init) => {
    const headers = new Headers(init.headers);
    const range = headers.get("range");
    requests.push(range);
    const start = Number(/^bytes=(\d+)-$/.exec(range ?? "")?.[1] ?? 0);
    if (start > 0 && headers.get("if-range") === etag) {
      return new Response(FILE.slice(start), {
        status: 206,
        headers: { etag, "content-range": `bytes ${start}-${FILE.length - 1}/${FILE.length}` },
      });
    }
    return new Response(FILE, { headers: { etag, "content-length": String(FILE.length) } });
  };
  return { fetch, requests };
}

function enrolled(url = `http://site/content/${SHA}/a.xap`, installed?: string): AppState {
  return {
    ...EMPTY_APP_STATE,
    enterprise: {
      id: "1",
      token: "T",
      criteria: null,
      crlCheck: null,
      storeProductId: null,
      storeUri: null,
      status: 0,
    },
    inventory: new Map(
      installed === undefined
        ? []
        : [
            [
              P1,
              {
                version: installed,
                title: "A",
                publisher: "P",
                installedAtMs: 0,
                origin: "enterprise" as const,
              },
            ],
          ],
    ),
    downloads: new Map([
      [
        P1,
        {
          version: "2.0.0.0",
          name: "A",
          url,
          armed: true,
          status: 1,
          lastError: 0,
          lastErrorText: "",
          changedAtMs: 0,
        },
      ],
    ]),
  };
}

async function play(state: AppState, course: Course, fetch: Fetch) {
  const context: JobContext = {
    fetch,
    random: new Random(SEED),
    checksFormat: true,
  };
  let { state: current, job } = startJob(state, P1, course, 0);
  const statuses = [current.downloads.get(P1)?.status];
  for (let step = 0; job !== undefined && step < 100; step++) {
    ({ state: current, job } = await advanceJob(current, job, context));
    statuses.push(current.downloads.get(P1)?.status);
  }
  return { state: current, download: current.downloads.get(P1), statuses };
}

describe(`a download job (TEST_SEED=${SEED})`, () => {
  test("goes through QUEUED, DOWNLOADING, DOWNLOADED, INSTALLING to INSTALLED", async () => {
    const { state, statuses } = await play(enrolled(), SMOOTH, fileServer().fetch);
    expect(statuses).toEqual([1, 2, 3, 4, 5]);
    expect(state.inventory.get(P1)).toMatchObject({ version: "2.0.0.0", installedAtMs: 4000 });
  });

  test("asks the user first when its course says so", async () => {
    const course = { ...SMOOTH, user: "accepts" } as const;
    const { statuses } = await play(enrolled(), course, fileServer().fetch);
    expect(statuses).toEqual([0, 1, 2, 3, 4, 5]);
  });

  test("asks again after 'later'", async () => {
    const course = { ...SMOOTH, user: "later" } as const;
    const { statuses } = await play(enrolled(), course, fileServer().fetch);
    expect(statuses).toEqual([0, 0, 0, 1, 2, 3, 4, 5]);
  });

  test("ends FAILED when the user refuses, and the old version stays", async () => {
    const course = { ...SMOOTH, user: "refuses" } as const;
    const { state, download } = await play(
      enrolled(undefined, "1.0.0.0"),
      course,
      fileServer().fetch,
    );
    expect(download).toMatchObject({ status: 6, lastError: -2147009288 });
    expect(state.inventory.get(P1)?.version).toBe("1.0.0.0");
  });

  test("resumes a broken download by range, and the digest is right", async () => {
    const server = fileServer();
    const { download } = await play(enrolled(), { ...SMOOTH, breaks: 3 }, server.fetch);
    expect(download?.status).toBe(5);
    expect(server.requests).toHaveLength(4);
    expect(server.requests[0]).toBeNull();
    expect(server.requests.slice(1).every((range) => /^bytes=[1-9]\d*-$/.test(range ?? ""))).toBe(
      true,
    );
  });

  test("begins anew when the file changed in between", async () => {
    let version = 0;
    const fetch: Fetch = (url, init) => fileServer(`"${version++}"`).fetch(url, init);
    const { download } = await play(enrolled(), { ...SMOOTH, breaks: 2 }, fetch);
    expect(download?.status).toBe(5);
  });

  test("ends DOWNLOAD_FAILED after BREAKS_MAX broken attempts, not before", async () => {
    const attempts = (breaks: number) => {
      let left = breaks;
      const server = fileServer();
      const fetch: Fetch = (url, init) =>
        left-- > 0 ? Promise.reject(new Error("refused")) : server.fetch(url, init);
      return play(enrolled(), SMOOTH, fetch);
    };
    expect((await attempts(BREAKS_MAX)).download?.status).toBe(5);
    expect((await attempts(BREAKS_MAX + 1)).download).toMatchObject({
      status: 7,
      lastError: FAILURES.unreachable.lastError,
    });
  });

  test.each([
    [404, -2145844844],
    [403, -2145844845],
    [500, -2145844748],
  ])("an HTTP status %d ends DOWNLOAD_FAILED with %d", async (status, lastError) => {
    const { download } = await play(enrolled(), SMOOTH, async () => new Response("", { status }));
    expect(download).toMatchObject({ status: 7, lastError });
  });

  test("tries again while the server says 503", async () => {
    let busy = 2;
    const server = fileServer();
    const fetch: Fetch = async (url, init) =>
      busy-- > 0 ? new Response("", { status: 503 }) : server.fetch(url, init);
    expect((await play(enrolled(), SMOOTH, fetch)).download?.status).toBe(5);
  });

  test("refuses bytes that do not match the digest in the address", async () => {
    const url = `http://site/content/${"0".repeat(64)}/a.xap`;
    const { download } = await play(enrolled(url), SMOOTH, fileServer().fetch);
    expect(download).toMatchObject({ status: 6, lastError: FAILURES.checksum.lastError });
  });

  test("refuses a file that is no package", async () => {
    const { download } = await play(
      enrolled("http://site/a.txt"),
      SMOOTH,
      async () => new Response("hello"),
    );
    expect(download).toMatchObject({ status: 6, lastError: FAILURES.badFormat.lastError });
  });

  test("refuses to go back to a lower version", async () => {
    const { download } = await play(enrolled(undefined, "10.0.0.0"), SMOOTH, fileServer().fetch);
    expect(download).toMatchObject({ status: 6, lastError: FAILURES.downgrade.lastError });
  });

  test.each([1, 2, 3] as const)("an enrolment with status %d lets nothing in", async (status) => {
    const state = enrolled();
    const enterprise = state.enterprise && { ...state.enterprise, status };
    const { download } = await play({ ...state, enterprise }, SMOOTH, fileServer().fetch);
    expect(download).toMatchObject({ status: 6, lastError: FAILURES.policy.lastError });
  });

  test("the same seed draws the same courses", () => {
    const draw = () => {
      const random = new Random(SEED);
      return Array.from({ length: 20 }, () => drawCourse(FIELD, random));
    };
    expect(draw()).toEqual(draw());
  });
});

describe("withoutExpired()", () => {
  test("keeps a finished node for seven days to the millisecond, an unfinished one for ever", () => {
    const ended = (status: 2 | 5): AppState => {
      const state = enrolled();
      const downloads = new Map([...state.downloads].map(([id, d]) => [id, { ...d, status }]));
      return { ...state, downloads };
    };
    expect(withoutExpired(ended(5), SEVEN_DAYS_MS - 1, SEVEN_DAYS_MS).downloads.size).toBe(1);
    expect(withoutExpired(ended(5), SEVEN_DAYS_MS, SEVEN_DAYS_MS).downloads.size).toBe(0);
    expect(withoutExpired(ended(2), SEVEN_DAYS_MS * 9, SEVEN_DAYS_MS).downloads.size).toBe(1);
  });
});
