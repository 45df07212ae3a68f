import { BlockList, isIP } from "node:net";

/** Whom we believe when they say for whom they speak. */
export interface TrustedProxies {
  includes(address: string): boolean;
}

/** @param networks addresses and CIDR networks, checked by the configuration */
export function trustedProxies(networks: readonly string[]): TrustedProxies {
  if (networks.length === 0) return { includes: () => false };
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

export interface Client {
  readonly address: string;
  readonly isHttps: boolean;
  /** The host that the client asked for, when a trusted proxy says so; else the Host header counts. */
  readonly host: string | undefined;
}

export interface ForwardedHeaders {
  readonly forwardedFor: string | undefined;
  readonly proto: string | undefined;
  readonly host: string | undefined;
}

/**
 * Who the client is. `X-Forwarded-…` is believed as far as trusted proxies wrote it: the last address
 * in the chain that is not one of theirs is the client's.
 *
 * @param peer address of the connection
 */
export function clientOf(peer: string, headers: ForwardedHeaders, proxies: TrustedProxies): Client {
  if (!proxies.includes(peer)) {
    return { address: plainAddress(peer), isHttps: false, host: undefined };
  }
  const chain = (headers.forwardedFor ?? "").split(",").map((entry) => entry.trim());
  const client = chain.reverse().find((address) => isIP(address) && !proxies.includes(address));
  return {
    address: plainAddress(client ?? peer),
    isHttps: lastOf(headers.proto)?.toLowerCase() === "https",
    host: lastOf(headers.host),
  };
}

/** The proxy next to us wrote the last of them. */
function lastOf(list: string | undefined): string | undefined {
  return list?.split(",").at(-1)?.trim();
}

/** IPv4 addresses of a socket that takes both families look like `::ffff:10.0.0.1`. */
function plainAddress(address: string): string {
  return address.replace(/^::ffff:(?=\d+\.)/i, "");
}
