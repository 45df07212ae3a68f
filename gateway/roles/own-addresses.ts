import { networkInterfaces } from "node:os";

let known: ReadonlySet<string> = new Set();

/** Is this an address of this machine? Addresses come and go: an unknown one is looked up again. */
export function isOwnAddress(address: string): boolean {
  if (known.has(address)) return true;
  known = new Set(interfaces().map((one) => one.address));
  return known.has(address);
}

/** An address under which others reach this machine; the loopback one when it has no other. */
export function ownAddress(): string {
  const outward = interfaces().filter(({ family, internal }) => family === "IPv4" && !internal);
  return outward[0]?.address ?? "127.0.0.1";
}

function interfaces() {
  return Object.values(networkInterfaces()).flatMap((list) => list ?? []);
}
