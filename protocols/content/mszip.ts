import { inflateRawSync } from "node:zlib";
import { ProtocolError } from "../errors.ts";

/** A block unpacks to so much at most, and may refer to so much before it. [MS-MCI] */
export const MSZIP_BLOCK_BYTES = 32 * 1024;

/**
 * Unpacks one block of MSZIP. `before` is what was unpacked last in the same folder, up to 32 KiB.
 *
 * @throws ProtocolError `cab-malformed`
 */
export function unpackMszip(block: Uint8Array, before: Uint8Array, bytes: number): Uint8Array {
  if (block[0] !== 0x43 || block[1] !== 0x4b) throw broken("it does not begin with CK");
  let unpacked: Uint8Array;
  try {
    unpacked = inflateRawSync(block.subarray(2), {
      maxOutputLength: MSZIP_BLOCK_BYTES,
      ...(before.length > 0 && { dictionary: before }),
    });
  } catch (error) {
    throw broken(error instanceof Error ? error.message : String(error));
  }
  if (unpacked.length !== bytes) {
    throw broken(`it unpacks to ${unpacked.length} bytes, not to ${bytes}`);
  }
  return unpacked;
}

function broken(why: string): ProtocolError {
  return new ProtocolError("cab-malformed", `a compressed block cannot be unpacked: ${why}`);
}
