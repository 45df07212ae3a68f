import { BlockList, isIP } from "node:net";

/** Whom we believe when they say for whom they speak. */
export interface TrustedProxies {
  includes(address: string): boolean;
}

/** @param networks addresses and CIDR networks, checked by the configuration */
export function trustedProxies(networks: readonly string[]): TrustedProxies {
  const list = new BlockList();
  for (const network of networks) {
    const [address = "", prefix] = network.split("/");
    const family = isIP(address) === 6 ? "ipv6" : "ipv4";
    if (prefix === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(prefix), family);
  }
  return {
    includes: (address) => {
      const plain = plainAddress(address);
      return isIP(plain) !== 0 && list.check(plain, isIP(plain) === 6 ? "ipv6" : "ipv4");
    },
  };
}

export interface Forwarded {
  readonly address: string;
  readonly isHttps: boolean;
}

/**
 * Who the client is. `X-Forwarded-…` is believed as far as trusted proxies wrote it: the last address
 * in the chain that is not one of theirs is the client's.
 *
 * @param peer address of the connection
 */
export function clientOf(
  peer: string,
  headers: { readonly forwardedFor: string | undefined; readonly proto: string | undefined },
  proxies: TrustedProxies,
): Forwarded {
  if (!proxies.includes(peer)) return { address: plainAddress(peer), isHttps: false };
  const chain = (headers.forwardedFor ?? "").split(",").map((entry) => entry.trim());
  const client = chain.reverse().find((address) => isIP(address) && !proxies.includes(address));
  return {
    address: plainAddress(client ?? peer),
    isHttps: headers.proto?.split(",").at(-1)?.trim().toLowerCase() === "https",
  };
}

/** IPv4 addresses of a socket that takes both families look like `::ffff:10.0.0.1`. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}
