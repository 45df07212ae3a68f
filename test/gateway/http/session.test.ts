import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { FREE_FAILURES, WAIT_MS_MIN } from "../../../gateway/access/login-backoff.ts";
import { ApiHarness, PASSWORD } from "./api-harness.ts";
import { jsonOf } from "./scenario-kit.ts";

let harness: ApiHarness;
beforeEach(async () => {
  harness = await ApiHarness.open();
});
afterEach(() => harness[Symbol.asyncDispose]());

async function login(): Promise<{ cookie: string; csrf: string }> {
  const json = { name: "admin", password: PASSWORD };
  const answer = await harness.ask("POST", "/session", { json });
  const cookie = (answer.headers.get("Set-Cookie") ?? "").split(";")[0] ?? "";
  const { csrfToken } = await jsonOf(answer);
  return { cookie, csrf: csrfToken };
}

describe("CSRF", () => {
  const group = { members: { kind: "list", devices: [] } };

  test("a session's unsafe request without the token is refused, reading is not", async () => {
    const { cookie } = await login();
    const refused = await harness.ask("PUT", "/groups/G", { headers: { cookie }, json: group });
    expect(refused.status).toBe(403);
    expect(await jsonOf(refused)).toMatchObject({ code: "forbidden" });
    expect((await harness.ask("GET", "/groups", { headers: { cookie } })).status).toBe(200);
  });

  test("the token in the header lets it through, another one does not", async () => {
    const { cookie, csrf } = await login();
    const put = (token: string) =>
      harness.ask("PUT", "/groups/G", {
        headers: { cookie, "X-CSRF-Token": token },
        json: group,
      });
    expect((await put("x".repeat(csrf.length))).status).toBe(403);
    expect((await put("")).status).toBe(403);
    expect((await put(csrf)).status).toBe(201);
  });

  test("another site's page is refused even with the token", async () => {
    const { cookie, csrf } = await login();
    const foreign = [
      { Origin: "https://evil.example" },
      { Origin: "null" },
      { "Sec-Fetch-Site": "cross-site" },
      { "Sec-Fetch-Site": "same-site" },
    ];
    for (const extra of foreign) {
      const headers: Record<string, string> = { cookie, "X-CSRF-Token": csrf, ...extra };
      const answer = await harness.ask("PUT", "/groups/G", { headers, json: group });
      expect([extra, answer.status]).toEqual([extra, 403]);
    }
    const own = { cookie, "X-CSRF-Token": csrf, Origin: "http://localhost" };
    const answer = await harness.ask("PUT", "/groups/G", { headers: own, json: group });
    expect(answer.status).toBe(201);
  });

  test("a plain form may carry the token in a field; a file's form needs the browser's word", async () => {
    const { cookie, csrf } = await login();
    const post = (body: string | FormData, headers: Record<string, string>) =>
      harness.ask("POST", "/files?name=a.txt", { headers: { cookie, ...headers }, body });
    const type = "application/x-www-form-urlencoded";
    const withField = `_csrf=${csrf}`;
    const length = String(withField.length);
    const urlencoded = { "Content-Type": type, "Content-Length": length };
    expect((await post(withField, urlencoded)).status).not.toBe(403);
    expect((await post("_csrf=wrong", urlencoded)).status).toBe(403);
    // Without a length nobody knows how much would be read before it is known who asks.
    expect((await post(withField, { "Content-Type": type })).status).toBe(403);
    const form = new FormData();
    form.append("file", new Blob(["hello"]), "a.txt");
    expect((await post(form, {})).status).toBe(403);
    expect((await post(form, { Origin: "http://localhost" })).status).toBe(201);
  });

  test("a login that another site's page sends is refused", async () => {
    const json = { name: "admin", password: PASSWORD };
    const headers = { Origin: "https://evil.example" };
    expect((await harness.ask("POST", "/session", { headers, json })).status).toBe(403);
  });

  test("tokens need no CSRF token, whatever cookie comes along", async () => {
    const { cookie } = await login();
    const headers = { ...(await harness.token("operator")), cookie };
    expect((await harness.ask("PUT", "/groups/G", { headers, json: group })).status).toBe(201);
  });
});

describe("the login", () => {
  test("slows down after some wrong passwords, and says for how long", async () => {
    const attempt = (password: string) =>
      harness.ask("POST", "/session", { json: { name: "admin", password } });
    for (let index = 0; index < FREE_FAILURES; index++) {
      expect((await attempt("wrong password")).status).toBe(401);
    }
    const refused = await attempt(PASSWORD);
    expect(refused.status).toBe(429);
    expect(refused.headers.get("Retry-After")).toBe("1");
    expect(await jsonOf(refused)).toMatchObject({ code: "too-many" });
    harness.nowMs += WAIT_MS_MIN;
    expect((await attempt(PASSWORD)).status).toBe(201);
  });

  test("does not tell whether the name exists", async () => {
    const attempt = (name: string) =>
      harness.ask("POST", "/session", { json: { name, password: "wrong password" } });
    const [known, unknown] = await Promise.all([attempt("admin"), attempt("nobody")]);
    const withoutId = async (answer: Response) => ({ ...(await jsonOf(answer)), requestId: "" });
    expect(await withoutId(known)).toEqual(await withoutId(unknown));
  });

  test("is in the audit log, also when it fails; what is slowed down is not", async () => {
    harness.peer = "198.51.100.9";
    for (let index = 0; index <= FREE_FAILURES; index++) {
      await harness.ask("POST", "/session", { json: { name: "admin", password: "wrong" } });
    }
    const headers = await harness.token("admin");
    const answer = await harness.ask("GET", "/audit?action=login.failed", { headers });
    const { rows } = await jsonOf(answer);
    expect(rows).toHaveLength(FREE_FAILURES);
    expect(rows[0]).toMatchObject({ subject: "admin", by: "system", address: "198.51.100.9" });
  });

  test("with a one-time password allows nothing but changing it", async () => {
    const admin = await harness.token("admin");
    const json = { name: "zoe", role: "admin" };
    const made = await harness.ask("POST", "/administrators", { headers: admin, json });
    const { oneTimePassword } = await jsonOf(made);
    const answer = await harness.ask("POST", "/session", {
      json: { name: "zoe", password: oneTimePassword },
    });
    const { csrfToken, mustChange } = await jsonOf(answer);
    expect(mustChange).toBe(true);
    const cookie = (answer.headers.get("Set-Cookie") ?? "").split(";")[0] ?? "";
    const headers = { cookie, "X-CSRF-Token": csrfToken };
    const refused = await harness.ask("GET", "/devices", { headers });
    expect(refused.status).toBe(403);
    expect((await jsonOf(refused)).detail).toContain("change your one-time password");
    const change = (newPassword: string) =>
      harness.ask("PUT", "/session/password", {
        headers,
        json: { currentPassword: oneTimePassword, newPassword },
      });
    expect((await change("short")).status).toBe(422);
    expect((await change(oneTimePassword)).status).toBe(422);
    expect((await change("a much better password")).status).toBe(204);
    expect((await harness.ask("GET", "/devices", { headers })).status).toBe(200);
  });

  test("sets a cookie that only TLS carries when the trusted proxy spoke TLS", async () => {
    await using behindProxy = await ApiHarness.open({ proxies: ["10.1.0.0/16"] });
    behindProxy.peer = "10.1.2.3";
    const headers = {
      "X-Forwarded-Proto": "https",
      "X-Forwarded-For": "203.0.113.5",
      "X-Forwarded-Host": "outpost.example",
      Origin: "https://outpost.example",
    };
    const json = { name: "admin", password: PASSWORD };
    const answer = await behindProxy.ask("POST", "/session", { headers, json });
    expect(answer.status).toBe(201);
    expect(answer.headers.get("Set-Cookie")).toContain("Secure");
    expect(answer.headers.get("Strict-Transport-Security")).toBe("max-age=31536000");
    const audit = await behindProxy.ask("GET", "/audit", {
      headers: await behindProxy.token("admin"),
    });
    expect((await jsonOf(audit)).rows[0]).toMatchObject({ address: "203.0.113.5" });
  });

  test("logging out ends the session", async () => {
    const { cookie, csrf } = await login();
    const headers = { cookie, "X-CSRF-Token": csrf };
    const answer = await harness.ask("DELETE", "/session", { headers });
    expect(answer.status).toBe(204);
    expect(answer.headers.get("Set-Cookie")).toContain("Max-Age=0");
    expect((await harness.ask("GET", "/session", { headers: { cookie } })).status).toBe(401);
  });

  test.each(["Bearer", "Bearer wrong", "Basic YWRtaW46YWRtaW4=", "bearer  outpost_x y", ""])(
    "the Authorization %p is refused, not ignored",
    async (Authorization) => {
      const answer = await harness.ask("GET", "/matrix", { headers: { Authorization } });
      expect(answer.status).toBe(401);
      expect(answer.headers.get("WWW-Authenticate")).toStartWith("Bearer");
    },
  );
});

describe("administrative actions", () => {
  test("are in the audit log, without secrets", async () => {
    const headers = await harness.token("admin");
    const device = { stableId: "IMEI:1", platform: "Windows", password: "very secret thing" };
    await harness.ask("POST", "/devices", { headers, json: device });
    await harness.ask("PATCH", "/settings/enterprise", {
      headers,
      json: { enterpriseId: "4000000001", enrollmentToken: "U2VjcmV0VG9rZW4=" },
    });
    await harness.ask("POST", "/tokens", { headers, json: { name: "ci" } });
    await harness.ask("PATCH", "/settings", { headers, json: { siteName: "Prague 1" } });
    const answer = await harness.ask("GET", "/audit", { headers });
    const text = await answer.text();
    expect(text).not.toContain("very secret thing");
    expect(text).not.toContain("U2VjcmV0VG9rZW4=");
    expect(text).not.toMatch(/outpost_[a-z2-9]{40}/);
    const { rows } = JSON.parse(text);
    expect(rows.map((row: { action: string }) => row.action)).toEqual([
      "settings.change",
      "token.create",
      "settings.enterprise",
      "device.register",
    ]);
    expect(rows[0]).toMatchObject({ by: "token:admin-token", details: { siteName: "Prague 1" } });
  });

  test("are cut to their length, never in the middle of a character", async () => {
    const headers = await harness.token("admin");
    const filter = `state:"${"x".repeat(492)}🚚"`;
    const answer = await harness.ask("POST", "/installations/retry", { headers, json: { filter } });
    expect(answer.status).toBe(200);
    const { rows } = await jsonOf(await harness.ask("GET", "/audit?limit=1", { headers }));
    expect(rows[0].subject).toBe(filter.slice(0, 499));
  });

  test("are read page by page", async () => {
    const headers = await harness.token("admin");
    for (let index = 0; index < 5; index++) {
      await harness.ask("PATCH", "/settings", { headers, json: { factRetentionDays: 10 + index } });
    }
    const seen: number[] = [];
    let cursor = "";
    do {
      const answer = await harness.ask("GET", `/audit?limit=2${cursor}`, { headers });
      const { rows, next } = await jsonOf(answer);
      seen.push(
        ...rows.map(
          (row: { details: { factRetentionDays: number } }) => row.details.factRetentionDays,
        ),
      );
      cursor = next === null ? "" : `&cursor=${next}`;
    } while (cursor !== "");
    expect(seen).toEqual([14, 13, 12, 11, 10]);
  });
});
