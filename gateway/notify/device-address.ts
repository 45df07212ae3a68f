import { isIPv6 } from "node:net";

/** Where a datagram goes. */
export interface DeviceAddress {
  readonly host: string;
  readonly port: number;
}

/**
 * Reads `10.1.2.3`, `10.1.2.3:2948`, `till-7.lan`, `fd00::7` or `[fd00::7]:2948`; undefined for
 * anything else.
 */
export function readDeviceAddress(text: string, portDefault: number): DeviceAddress | undefined {
  if (isIPv6(text)) return { host: text, port: portDefault };
  const parts = /^(?:\[([^\]]+)\]|([^:[\]@+]+))(?::(\d{1,5}))?$/.exec(text);
  const [, inBrackets, plain, portText] = parts ?? [];
  const host = inBrackets ?? plain;
  const port = portText === undefined ? portDefault : Number(portText);
  const isHost = inBrackets === undefined ? host !== undefined : isIPv6(inBrackets);
  return host !== undefined && isHost && port >= 1 && port <= 65_535 ? { host, port } : undefined;
}
