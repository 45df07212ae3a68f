import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";

export const MENDER_DEPLOYMENTS = "/api/devices/v1/deployments/device/deployments";

interface MenderDeviceOptions {
  readonly identity?: Readonly<Record<string, string>>;
  readonly keys?: MenderKeys;
}

export interface MenderKeys {
  readonly publicKey: KeyObject;
  readonly privateKey: KeyObject;
}

export interface NextAnswer {
  readonly id: string;
  readonly artifact: {
    readonly id: string;
    readonly artifact_name: string;
    readonly device_types_compatible: readonly string[];
    readonly source: { readonly uri: string; readonly expire: string };
  };
}

/** Speaks Mender's device API as a client does, one request at a time, and keeps its token. */
export class MenderDevice {
  readonly identity: Readonly<Record<string, string>>;
  readonly keys: MenderKeys;
  readonly #fetch: (path: string, init: RequestInit) => Promise<Response>;
  token = "";
  /** What it has; it says so when it asks for work. */
  artifact = "base-0";
  deviceType = "edge-test";

  constructor(
    fetch: (path: string, init: RequestInit) => Promise<Response>,
    options: MenderDeviceOptions = {},
  ) {
    this.#fetch = fetch;
    this.identity = options.identity ?? { mac: "02:00:00:00:00:01" };
    this.keys = options.keys ?? generateKeyPairSync("ed25519");
  }

  /** Asks to be let in. @returns the status of the answer */
  async authenticate(): Promise<number> {
    const body = this.authBody();
    const response = await this.authRequest(body, this.signatureOf(body));
    if (response.status === 200) this.token = await response.text();
    return response.status;
  }

  authBody(): string {
    const { publicKey } = this.keys;
    return JSON.stringify({
      id_data: JSON.stringify(this.identity),
      pubkey: publicKey.export({ type: "spki", format: "pem" }),
      tenant_token: "",
    });
  }

  signatureOf(body: string): string {
    const { privateKey } = this.keys;
    const hash = privateKey.asymmetricKeyType === "ed25519" ? null : "sha256";
    return sign(hash, Buffer.from(body), privateKey).toString("base64");
  }

  authRequest(body: string, signature: string): Promise<Response> {
    return this.#fetch("/api/devices/v1/authentication/auth_requests", {
      method: "POST",
      headers: { "content-type": "application/json", "x-men-signature": signature },
      body,
    });
  }

  send(method: string, path: string, body?: unknown): Promise<Response> {
    return this.#fetch(path, {
      method,
      headers: { authorization: `Bearer ${this.token}`, "content-type": "application/json" },
      ...(body === undefined
        ? {}
        : { body: typeof body === "string" ? body : JSON.stringify(body) }),
    });
  }

  async next(): Promise<NextAnswer | undefined> {
    const response = await this.send(
      "POST",
      "/api/devices/v2/deployments/device/deployments/next",
      {
        device_provides: { device_type: this.deviceType, artifact_name: this.artifact },
        update_control_map: true,
      },
    );
    if (response.status === 204) return undefined;
    if (response.status !== 200) throw new Error(`next: ${response.status}`);
    return (await response.json()) as NextAnswer;
  }

  async says(deployment: string, status: string, substate?: string): Promise<number> {
    const path = `${MENDER_DEPLOYMENTS}/${deployment}/status`;
    return (await this.send("PUT", path, { status, substate })).status;
  }

  async sendsLog(deployment: string, messages: readonly object[]): Promise<number> {
    const path = `${MENDER_DEPLOYMENTS}/${deployment}/log`;
    return (await this.send("PUT", path, { messages })).status;
  }

  async tells(method: "PUT" | "PATCH", attributes: readonly object[]): Promise<number> {
    const path = "/api/devices/v1/inventory/device/attributes";
    return (await this.send(method, path, attributes)).status;
  }
}
