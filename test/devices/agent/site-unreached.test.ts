import { describe, expect, test } from "bun:test";
import { SiteClient } from "../../../devices/agent/site-client.ts";
import { SiteUnreached } from "../../../devices/agent/site-unreached.ts";

const SITE = "http://site.example:8080";

function failing(code: string, name = "TypeError"): Error {
  return Object.assign(new Error("it went wrong."), { code, name });
}

/** What somebody before the machine reads when the first request fails so. */
async function said(fetching: () => Promise<Response>): Promise<Error> {
  const client = new SiteClient(SITE, fetching as never, () => ({ device: "d", token: "t" }));
  const asked = client.catalogue(new AbortController().signal);
  return asked.then(
    () => new Error("it was reached"),
    (error) => error,
  );
}

describe("a site that is not reached", () => {
  test.each([
    ["ECONNREFUSED", `nothing answers at ${SITE}: is the site running there?`],
    ["ENOTFOUND", "there is no host site.example: is the address right?"],
    ["EAI_AGAIN", "the name site.example cannot be looked up now: is there a network?"],
    ["UnexpectedRedirect", `${SITE} leads to another address: give that one with --server`],
    [
      "DEPTH_ZERO_SELF_SIGNED_CERT",
      `the certificate of ${SITE} is not trusted on this machine (DEPTH_ZERO_SELF_SIGNED_CERT)`,
    ],
    ["EWHATEVER", `${SITE} was not reached: it went wrong`],
  ])("%s is said in a sentence with what to do", async (code, sentence) => {
    const error = await said(() => Promise.reject(failing(code)));
    expect(error).toBeInstanceOf(SiteUnreached);
    expect(error.message).toBe(sentence);
  });

  test.each(["CERT_NOT_YET_VALID", "CERT_HAS_EXPIRED"])("%s asks about the clock", async (code) => {
    const { message } = await said(() => Promise.reject(failing(code)));
    expect(message).toEndWith("the time of this machine: is its clock right?");
  });

  test("a slow one did not answer in time", async () => {
    const error = await said(() => Promise.reject(failing("23", "TimeoutError")));
    expect(error.message).toBe(`${SITE} did not answer in time`);
  });

  test("whoever answers and is no site is not taken for one", async () => {
    const page = await said(async () => new Response("<h1>nope</h1>", { status: 404 }));
    expect(page.message).toBe(
      `${SITE} answers, but is no site of Outpost (404): is the address right?`,
    );
    const problem = await said(async () =>
      Response.json({ detail: "this enrolment code is used" }, { status: 403 }),
    );
    expect(problem.message).toBe("the site answered 403: this enrolment code is used");
  });

  test("who is told to end is not told that the site is away", async () => {
    const stop = new AbortController();
    const reason = new Error("stop");
    const client = new SiteClient(
      SITE,
      (() => {
        stop.abort(reason);
        return Promise.reject(reason);
      }) as never,
      () => ({ device: "d", token: "t" }),
    );
    await expect(client.catalogue(stop.signal)).rejects.toBe(reason);
  });
});
