import { describe, expect, test } from "bun:test";
import { z } from "zod";
import {
  ApiClient,
  ApiError,
  type Fetch,
  UnreachableError,
} from "../../../gateway/client/api-client.ts";
import { allInstallations } from "../../../gateway/client/rows.ts";

const Ok = z.object({ ok: z.boolean() });

function clientOf(answer: (() => Response) | Error, token?: string) {
  const seen: { url: string; init: RequestInit }[] = [];
  const fetch: Fetch = async (url, init) => {
    seen.push({ url, init });
    if (answer instanceof Error) throw answer;
    return answer();
  };
  return { client: new ApiClient("http://gateway.test/", token, fetch), seen };
}

async function errorOf(answer: (() => Response) | Error): Promise<unknown> {
  return clientOf(answer)
    .client.request("/x", Ok)
    .catch((error: unknown) => error);
}

describe("ApiClient", () => {
  test("sends the token and JSON, and reads the answer", async () => {
    const { client, seen } = clientOf(() => Response.json({ ok: true }), "secret");
    expect(await client.request("/api/v1/x", Ok, { method: "POST", json: { a: 1 } })).toEqual({
      ok: true,
    });
    expect(seen[0]?.url).toBe("http://gateway.test/api/v1/x");
    const headers = new Headers(seen[0]?.init.headers);
    expect(headers.get("authorization")).toBe("Bearer secret");
    expect(headers.get("content-type")).toBe("application/json");
    expect(seen[0]?.init.body).toBe('{"a":1}');
  });

  test("turns a problem into an error with its fields", async () => {
    const problem = {
      title: "wrong",
      detail: "a field is wrong",
      errors: [{ pointer: "/name", message: "is empty" }],
    };
    const error = await errorOf(() => Response.json(problem, { status: 422 }));
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ status: 422, message: "a field is wrong: /name is empty" });
  });

  test("copes with a refusal that is no problem document", async () => {
    const error = await errorOf(
      () => new Response("<html>", { status: 502, statusText: "Bad Gateway" }),
    );
    expect(error).toMatchObject({ status: 502, message: "502 Bad Gateway" });
  });

  test("says that nobody answers", async () => {
    expect(await errorOf(new Error("refused"))).toBeInstanceOf(UnreachableError);
  });

  test("refuses an answer of another shape", async () => {
    expect(await errorOf(() => Response.json({ ok: "yes" }))).toMatchObject({
      message: expect.stringContaining("/x answered something unexpected"),
    });
  });
});

describe("allInstallations()", () => {
  test("follows the cursor to the last page", async () => {
    const asked: string[] = [];
    const fetch: Fetch = async (url) => {
      asked.push(url);
      return Response.json({ rows: [], next: asked.length < 3 ? `page ${asked.length}` : null });
    };
    await allInstallations(new ApiClient("http://g", "t", fetch), "status:failed");
    expect(asked.map((url) => new URL(url).searchParams.get("cursor"))).toEqual([
      null,
      "page 1",
      "page 2",
    ]);
    expect(new URL(asked[0] ?? "").searchParams.get("filter")).toBe("status:failed");
  });
});
