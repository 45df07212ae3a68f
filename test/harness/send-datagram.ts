/** A program of an administrator's that brings notifications: `send-datagram HOST:PORT HEX`. */
import { createSocket } from "node:dgram";

const [address = "", hex = ""] = process.argv.slice(2);
const [host = "", port] = address.split(":");
const socket = createSocket("udp4");
socket.send(Buffer.from(hex, "hex"), Number(port), host, (error) => {
  socket.close();
  if (error === null) return;
  console.error(error.message);
  process.exitCode = 1;
});
