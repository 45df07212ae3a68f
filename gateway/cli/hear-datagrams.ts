import { createSocket } from "node:dgram";
import { isIPv6 } from "node:net";
import { CommandError } from "./command.ts";
import { EXIT } from "./exit-codes.ts";

/** Datagrams that wait to be read; more are lost, as they are anywhere. */
const WAITING_MAX = 1_000;

export interface Datagrams extends Disposable {
  /** Where they come in, as it is written down: `127.0.0.1:2948`. */
  readonly address: string;
  /** What has come since the last call, in order. */
  take(): readonly Uint8Array[];
}

/**
 * Listens for notifications.
 *
 * @param at `HOST:PORT`; port 0 takes one that is free
 * @throws CommandError when it cannot listen there
 */
export async function hearDatagrams(at: string): Promise<Datagrams> {
  const [, inBrackets, plain, port] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(at) ?? [];
  const host = inBrackets ?? plain;
  if (host === undefined || Number(port) > 65_535) {
    throw new CommandError(
      `--listen is "${at}": write HOST:PORT as the site reaches this machine, such as 127.0.0.1:2948.`,
      EXIT.usage,
    );
  }
  const socket = createSocket(isIPv6(host) ? "udp6" : "udp4");
  const waiting: Uint8Array[] = [];
  socket.on("message", (bytes) => {
    if (waiting.length < WAITING_MAX) waiting.push(bytes);
  });
  await new Promise<void>((resolve, reject) => {
    socket.once("error", ({ message }) => {
      socket.close();
      reject(new CommandError(`It cannot be listened at ${at}: ${message}.`));
    });
    socket.bind(Number(port), host, resolve);
  });
  const bound = socket.address().port;
  return {
    address: inBrackets === undefined ? `${host}:${bound}` : `[${host}]:${bound}`,
    take: () => waiting.splice(0),
    [Symbol.dispose]: () => void socket.close(),
  };
}
