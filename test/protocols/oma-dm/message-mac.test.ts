import { describe, expect, test } from "bun:test";
import { secretHashOf } from "../../../protocols/oma-dm/credentials.ts";
import { macHeader, receivedMac, verifyMac } from "../../../protocols/oma-dm/message-mac.ts";
import { nonce, PASSWORD, SECRET_HASH, USER } from "./device-messages.ts";

const BODY = Buffer.from("<SyncML/>");
const NONCE = nonce("Nonce");
const MAC = "urdCeS3JUmjFgi8SX3webw==";
const HEADER = `algorithm=MD5, username="${USER}", mac=${MAC}`;

const isRight = (header: string, body: Uint8Array = BODY, secretHash = SECRET_HASH) => {
  const received = receivedMac(header, body);
  return received !== undefined && verifyMac(received, secretHash, NONCE);
};

describe("the MAC of a message", () => {
  test("is the one of the reference", () => {
    expect(macHeader({ userName: USER, secretHash: SECRET_HASH, nonce: NONCE }, BODY)).toBe(HEADER);
    expect(receivedMac(HEADER, BODY)).toEqual({
      userName: USER,
      mac: MAC,
      bodyHash: "p7fHQr43AfxW0tZLC6QiAA==",
    });
    expect(isRight(HEADER)).toBe(true);
  });

  test("is over the exact bytes, the secret and the nonce", () => {
    expect(isRight(HEADER, Buffer.from("<SyncML />"))).toBe(false);
    expect(isRight(HEADER, Buffer.from("<SyncML/>\n"))).toBe(false);
    expect(isRight(HEADER, BODY, secretHashOf(USER, `${PASSWORD}.`))).toBe(false);
    const received = receivedMac(HEADER, BODY);
    expect(received && verifyMac(received, SECRET_HASH, nonce("Nonce2"))).toBe(false);
  });

  test.each([
    ["without the algorithm", `username="${USER}", mac=${MAC}`],
    ["in another order", `mac=${MAC},algorithm=MD5,username="${USER}"`],
    ["in capitals", `ALGORITHM=md5, UserName="${USER}", MAC=${MAC}`],
    ["with blanks", `  algorithm = MD5 ,  username = "${USER}"  ,mac = ${MAC} `],
    ["folded over lines", `algorithm=MD5,\r\n username="${USER}",\r\n\tmac=${MAC}`],
    ["with a quoted MAC", `algorithm="MD5", username="${USER}", mac="${MAC}"`],
    ["with an unquoted name", `algorithm=MD5, username=${USER}, mac=${MAC}`],
    ["without padding", `username="${USER}", mac=${MAC.replaceAll("=", "")}`],
  ])("is read %s", (_, header) => {
    expect(isRight(header)).toBe(true);
  });

  test.each([
    ["is empty", ""],
    ["has no name", `algorithm=MD5, mac=${MAC}`],
    ["has no MAC", `algorithm=MD5, username="${USER}"`],
    ["names another algorithm", `algorithm=SHA-1, username="${USER}", mac=${MAC}`],
    ["is no list", "Bearer abc"],
  ])("fits nothing when the header %s", (_, header) => {
    expect(isRight(header)).toBe(false);
    expect(receivedMac(header, BODY)).toMatchObject({ userName: "", mac: "" });
  });

  test("is not there without the header", () => {
    expect(receivedMac(undefined, BODY)).toBeUndefined();
    expect(receivedMac(null, BODY)).toBeUndefined();
  });

  test("takes names with quotes, commas and backslashes", () => {
    const userName = String.raw`o"neil, \site`;
    const secretHash = secretHashOf(userName, "x");
    const header = macHeader({ userName, secretHash, nonce: NONCE }, BODY);
    expect(receivedMac(header, BODY)?.userName).toBe(userName);
    expect(isRight(header, BODY, secretHash)).toBe(true);
  });
});
