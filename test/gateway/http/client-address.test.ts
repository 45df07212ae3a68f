import { describe, expect, test } from "bun:test";
import { clientOf, trustedProxies } from "../../../gateway/http/client-address.ts";

const NOTHING = { forwardedFor: undefined, proto: undefined, host: undefined };

describe("clientOf()", () => {
  const proxies = trustedProxies(["10.0.0.0/8", "2001:db8::/32", "192.0.2.1"]);

  test.each([
    ["203.0.113.9", "198.51.100.1", "203.0.113.9"],
    ["10.0.0.1", "198.51.100.1", "198.51.100.1"],
    ["::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"],
    ["10.0.0.1", "1.1.1.1, 198.51.100.1", "198.51.100.1"],
    ["10.0.0.1", "198.51.100.1, 10.9.9.9, 192.0.2.1", "198.51.100.1"],
    ["2001:db8::5", "2001:db9::1", "2001:db9::1"],
    ["10.0.0.1", "", "10.0.0.1"],
    ["10.0.0.1", "unknown, <script>", "10.0.0.1"],
    ["192.0.2.2", "198.51.100.1", "192.0.2.2"],
    ["", "198.51.100.1", ""],
  ])("%p with X-Forwarded-For %p is %p", (peer, forwardedFor, expected) => {
    expect(clientOf(peer, { ...NOTHING, forwardedFor }, proxies).address).toBe(expected);
  });

  test("scheme and host are believed of a trusted proxy only, and its own word counts", () => {
    const headers = { ...NOTHING, proto: "http, https", host: "evil.example, outpost.example" };
    expect(clientOf("10.0.0.1", headers, proxies)).toMatchObject({
      isHttps: true,
      host: "outpost.example",
    });
    expect(clientOf("203.0.113.9", headers, proxies)).toMatchObject({
      isHttps: false,
      host: undefined,
    });
  });
});
