/**
 * The envelope in which a notification travels to a port: a WSP push without a connection. Devices
 * that listen on `NOTIFICATION_PORT` tell by its headers what is inside. [syncml 3.8]
 */

/** Of a push without a connection. */
const PDU_PUSH = 0x06;
/** Numbers of WAP, with the bit that says that they are numbers. */
const CONTENT_TYPE_NOTIFICATION = 0x44 | 0x80;
const HEADER_APPLICATION_ID = 0x2f | 0x80;
const APPLICATION_DEVICE_MANAGEMENT = 0x07 | 0x80;
const HEADERS = [CONTENT_TYPE_NOTIFICATION, HEADER_APPLICATION_ID, APPLICATION_DEVICE_MANAGEMENT];

/** @param transaction tells pushes apart; its lowest byte is used */
export function wrapPush(notification: Uint8Array, transaction: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.of(transaction & 0xff, PDU_PUSH, HEADERS.length, ...HEADERS, ...notification);
}

/** What is inside of a push of a notification; undefined for anything else. */
export function unwrapPush(bytes: Uint8Array): Uint8Array | undefined {
  const [, type, length = 0, contentType] = bytes;
  // Longer headers than these few would have a length of more than one byte.
  const isPush = type === PDU_PUSH && length >= 1 && length < 0x80;
  if (!isPush || contentType !== CONTENT_TYPE_NOTIFICATION) return undefined;
  return bytes.subarray(3 + length);
}
