import { BlockList, isIP } from "node:net";

/**
 * What an IP address is: `public`: on the internet; `private`: of some organisation's own network;
 * `loopback`: this machine; `never`: nothing that a file can come from (link-local and with it the
 * metadata service of clouds, multicast, unspecified, reserved).
 */
export type AddressKind = "public" | "private" | "loopback" | "never";

const PRIVATE = listOf([
  ["10.0.0.0", 8],
  ["172.16.0.0", 12],
  ["192.168.0.0", 16],
  ["100.64.0.0", 10], // Between a provider and its customers.
  ["198.18.0.0", 15], // Between devices under test.
  ["fc00::", 7],
]);
const LOOPBACK = listOf([
  ["127.0.0.0", 8],
  ["::1", 128],
]);
const NEVER = listOf([
  ["0.0.0.0", 8],
  ["169.254.0.0", 16],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 3],
  ["::", 128],
  ["64:ff9b::", 96], // Stands for an IPv4 address that would have to be looked at.
  ["64:ff9b:1::", 48],
  ["100::", 64],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["fe80::", 10],
  ["fec0::", 10],
  ["ff00::", 8],
]);

/** An IPv4 address inside an IPv6 one counts as what it is. Text that is no address is `never`. */
export function addressKindOf(address: string): AddressKind {
  const bare = address.replace(/^\[|\]$/g, "").replace(/%.*$/, "");
  const version = isIP(bare);
  if (version === 0) return "never";
  const family = version === 4 ? "ipv4" : "ipv6";
  if (LOOPBACK.check(bare, family)) return "loopback";
  if (PRIVATE.check(bare, family)) return "private";
  return NEVER.check(bare, family) ? "never" : "public";
}

function listOf(subnets: readonly (readonly [string, number])[]): BlockList {
  const list = new BlockList();
  for (const [net, prefix] of subnets) {
    list.addSubnet(net, prefix, net.includes(":") ? "ipv6" : "ipv4");
  }
  return list;
}
