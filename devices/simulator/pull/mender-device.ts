import { createHash, createPrivateKey, createPublicKey, type KeyObject, sign } from "node:crypto";
import { z } from "zod";
import type { DeviceIdentity } from "../fleet.ts";
import { jsonOf } from "./line.ts";
import { type Job, type JobEvent, Puller, type PullerOptions } from "./puller.ts";

const Deployment = z.object({
  id: z.string(),
  artifact: z.object({ artifact_name: z.string(), source: z.object({ uri: z.string() }) }),
});

/** What artifacts have to be made for. */
export const MENDER_DEVICE_TYPE = "outpost-simulated";
/** Of PKCS #8 for Ed25519, in front of the 32 bytes of the key. */
const ED25519 = Buffer.from("302e020100300506032b657004220420", "hex");

/** Who a device of Mender's is: its identity is what it is known by, its key how it proves it. */
export interface MenderIdentity {
  /** JSON, with its parts in order of name. */
  readonly identity: string;
  /** SubjectPublicKeyInfo in base64. */
  readonly publicKey: string;
  readonly key: KeyObject;
}

/** The same for the same device. */
export function menderIdentity({ stableId, seed }: DeviceIdentity): MenderIdentity {
  const secret = createHash("sha256").update(`${seed} ${stableId}`).digest();
  const key = createPrivateKey({
    key: Buffer.concat([ED25519, secret]),
    format: "der",
    type: "pkcs8",
  });
  const publicKey = createPublicKey(key).export({ type: "spki", format: "der" }).toString("base64");
  return { identity: JSON.stringify({ serial: stableId }), publicKey, key };
}

/** A device that runs Mender's client. [agents 3] */
export class MenderDevice extends Puller {
  readonly #identity: MenderIdentity;
  #bearer: string | undefined;
  #artifact = "base-0";
  #hasToldInventory = false;

  constructor(plan: DeviceIdentity, options: PullerOptions) {
    super(plan, options);
    this.#identity = menderIdentity(plan);
  }

  protected override headers() {
    const bearer = this.#bearer;
    return bearer === undefined ? {} : { authorization: `Bearer ${bearer}` };
  }

  protected override get restarts(): boolean {
    return true;
  }

  protected override async poll(nowMs: number): Promise<void> {
    if (this.#bearer === undefined && !(await this.#authenticate())) return;
    if (!this.#hasToldInventory) await this.#tellInventory();
    const next = `${this.serverUrl}/api/devices/v2/deployments/device/deployments/next`;
    const answer = await this.line.sendJson(next, "POST", {
      device_provides: { device_type: MENDER_DEVICE_TYPE, artifact_name: this.#artifact },
    });
    if (answer.status === 401) this.#bearer = undefined; // It asks for a new one at its next poll.
    if (answer.status !== 200) return;
    const { id, artifact } = Deployment.parse(jsonOf(answer));
    if (artifact.artifact_name === this.#artifact && !this.knows(id)) {
      await this.#say(id, "already-installed");
      return;
    }
    const { artifact_name: name, source } = artifact;
    this.begin(
      { key: id, product: name, version: name, files: [{ url: source.uri, sha256: null }] },
      nowMs,
    );
  }

  async #authenticate(): Promise<boolean> {
    const { identity, publicKey, key } = this.#identity;
    const pubkey = `-----BEGIN PUBLIC KEY-----\n${publicKey}\n-----END PUBLIC KEY-----\n`;
    const body = JSON.stringify({ id_data: identity, pubkey, tenant_token: "" });
    const url = `${this.serverUrl}/api/devices/v1/authentication/auth_requests`;
    const answer = await this.line.send(url, "POST", body, {
      "content-type": "application/json",
      "x-men-signature": sign(null, Buffer.from(body), key).toString("base64"),
    });
    if (answer.status !== 200) return false;
    this.#bearer = new TextDecoder().decode(answer.body);
    return true;
  }

  async #tellInventory(): Promise<void> {
    const { manufacturer, model } = this.plan;
    const url = `${this.serverUrl}/api/devices/v1/inventory/device/attributes`;
    const attributes = { device_type: MENDER_DEVICE_TYPE, manufacturer, model, os: "Linux" };
    const list = Object.entries(attributes).map(([name, value]) => ({ name, value }));
    const answer = await this.line.sendJson(url, "PATCH", list);
    this.#hasToldInventory = answer.status === 200;
  }

  protected override async tell({ key, version }: Job, event: JobEvent): Promise<void> {
    switch (event.kind) {
      case "began":
        return this.#say(key, "downloading");
      case "downloaded":
        return;
      case "installing":
        return this.#say(key, "installing");
      case "restarting":
        return this.#say(key, "rebooting");
      case "installed":
        this.#artifact = version;
        return this.#say(key, "success");
      case "failed": {
        await this.#say(key, "failure");
        const url = `${this.serverUrl}/api/devices/v1/deployments/device/deployments/${key}/log`;
        const messages = [
          { timestamp: "1970-01-01T00:00:00Z", level: "error", message: event.failure.text },
        ];
        await this.line.sendJson(url, "PUT", { messages });
      }
    }
  }

  async #say(id: string, status: string): Promise<void> {
    const url = `${this.serverUrl}/api/devices/v1/deployments/device/deployments/${id}/status`;
    const put = () => this.line.sendJson(url, "PUT", { status });
    let answer = await put();
    if (answer.status === 401 && (await this.#authenticate())) answer = await put();
    // The deployment was called off: it stops, and rolls back what it began.
    if (answer.status === 409) this.drop(id);
  }
}
