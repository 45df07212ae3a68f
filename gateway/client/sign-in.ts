import { z } from "zod";
import { ApiClient, ApiError, type Fetch } from "./api-client.ts";

const Who = z.object({ csrfToken: z.string() });
const IssuedToken = z.object({ token: z.string() });

/**
 * Logs an administrator in and gets an API token that lasts until `expiresAt`, so that the session
 * and its password are needed only once. `baseUrl` ends with `/hub` for a hub. Throws ApiError 401 for
 * a wrong name or password.
 */
export async function signIn(
  baseUrl: string,
  administrator: { readonly name: string; readonly password: string },
  token: { readonly name: string; readonly expiresAt: string },
  fetch: Fetch = globalThis.fetch,
): Promise<ApiClient> {
  const open = new ApiClient(baseUrl, undefined, fetch);
  const login = await open.send("/api/v1/session", { method: "POST", json: administrator });
  const { csrfToken } = Who.parse(await login.json());
  const headers = { cookie: cookieOf(login), "x-csrf-token": csrfToken };
  const issued = await open.request("/api/v1/tokens", IssuedToken, {
    method: "POST",
    json: { ...token, role: "admin" },
    headers,
  });
  await open.send("/api/v1/session", { method: "DELETE", headers });
  return new ApiClient(baseUrl, issued.token, fetch);
}

function cookieOf(response: Response): string {
  const cookies = response.headers.getSetCookie().map((cookie) => cookie.split(";")[0]);
  if (cookies.length === 0) throw new ApiError(response.status, "the login gave no session", []);
  return cookies.join("; ");
}
