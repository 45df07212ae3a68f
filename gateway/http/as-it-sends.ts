import { AppError } from "../../devices/model/errors.ts";
import type { NewDevice } from "../../devices/service/register-device.ts";
import { ProtocolError } from "../../protocols/errors.ts";
import { readIdentity, readKeyText } from "../../protocols/mender/auth-request.ts";
import { canonicalUuid } from "../../protocols/wince/headers.ts";

/** Where what is wrong was said. */
interface Pointers {
  readonly name: string;
  readonly token: string;
}

/** A longer identity goes by its hash. */
const HASHED = /^sha256:[0-9a-f]{64}$/;

/**
 * A device as its client will name it: people write an identity or a UUID in one of many ways, and under any
 * other than the client's own nobody would ever come. That is its `externalId` where one is given, else its
 * stable id.
 *
 * @throws AppError "unprocessable" for what no client can send
 */
export function asItSends(wanted: NewDevice, pointers?: Pointers): NewDevice {
  const { protocol, token } = wanted;
  const field = wanted.externalId === undefined ? "stableId" : "externalId";
  const named = wanted[field] ?? wanted.stableId;
  const at = pointers ?? { name: `/${field}`, token: "/token" };
  if (protocol === "ce") {
    const uuid = canonicalUuid(named);
    if (uuid !== undefined) return { ...wanted, [field]: uuid };
    throw wrong(at.name, "a UUID: letters, digits and hyphens, with or without braces");
  }
  if (protocol !== "mender") return wanted;
  const how = 'an identity as JSON, such as {"mac":"02:00:5e:00:53:01"}';
  const known = HASHED.test(named)
    ? {}
    : reading(at.name, how, () => {
        const { identity, name } = readIdentity(named);
        return { [field]: identity, name: wanted.name ?? name };
      });
  const key = token?.trimStart().startsWith("-----")
    ? reading(at.token, "a public key of RSA, ECDSA or Ed25519 in PEM", () => readKeyText(token))
    : token;
  return { ...wanted, ...known, token: key };
}

function reading<T>(pointer: string, how: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) throw wrong(pointer, how, error);
    throw error;
  }
}

function wrong(pointer: string, message: string, cause?: ProtocolError): AppError {
  return new AppError("unprocessable", message, { fields: [{ pointer, message }], cause });
}
