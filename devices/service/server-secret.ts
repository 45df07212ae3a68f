import { secretHashOf } from "../../protocols/oma-dm/credentials.ts";
import type { DeviceCredential } from "../model/credential.ts";
import { randomName, type SiteContext } from "./site-context.ts";

/** Characters of a generated password, towards a device as of a device; five bits each. */
export const PASSWORD_CHARACTERS = 26;

/** The site's name and password as a device has to know them. */
export interface ServerAccount {
  readonly serverId: string;
  /** Shown once; only its hash is kept. */
  readonly password: string;
}

type StoredSecret = Pick<
  DeviceCredential,
  "serverId" | "serverSecretHash" | "serverScheme" | "serverNonce" | "serverProblem"
>;

export interface ServerSecret {
  readonly stored: StoredSecret;
  readonly account: ServerAccount | null;
}

/** Towards a device that does not ask who we are. */
export const NO_SERVER_SECRET: ServerSecret = {
  stored: {
    serverId: null,
    serverSecretHash: null,
    serverScheme: null,
    serverNonce: null,
    serverProblem: null,
  },
  account: null,
};

/**
 * A password of the site towards one device: every device gets another one, so that none of them can
 * pose as the site towards the others. Its first nonce is empty. [syncml 1, 3.4]
 */
export function newServerSecret(context: SiteContext): ServerSecret {
  const { serverId } = context.omaDm();
  const password = randomName(context, PASSWORD_CHARACTERS);
  return {
    stored: {
      ...NO_SERVER_SECRET.stored,
      serverId,
      serverSecretHash: secretHashOf(serverId, password),
    },
    account: { serverId, password },
  };
}
