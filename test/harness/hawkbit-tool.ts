import { z } from "zod";
import { ADMIN } from "./process.ts";

const Made = z.array(z.looseObject({ id: z.int() })).min(1);
const One = z.looseObject({ id: z.int() });
const Assigned = z.looseObject({ assignedActions: z.array(One) });
export const ToolAction = z.looseObject({ type: z.string(), status: z.string() });
const Statuses = z.looseObject({
  content: z.array(z.looseObject({ type: z.string(), messages: z.array(z.string()) })),
});

/** A tool that knows hawkBit and nothing of Outpost: it is given an address, a name and a password. */
export class HawkbitTool {
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  async ask(method: string, path: string, body?: object): Promise<Response> {
    const basic = Buffer.from(`${ADMIN.name}:${ADMIN.password}`).toString("base64");
    const isForm = body instanceof FormData;
    return fetch(`${this.#url}/rest/v1/${path}`, {
      method,
      headers: {
        authorization: `Basic ${basic}`,
        ...(body && !isForm ? { "content-type": "application/json;charset=UTF-8" } : {}),
      },
      ...(body ? { body: isForm ? body : JSON.stringify(body) } : {}),
    });
  }

  /** As such tools do: whatever is no success ends them. */
  async want<T>(schema: z.ZodType<T>, method: string, path: string, body?: object): Promise<T> {
    const answer = await this.ask(method, path, body);
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`);
    return schema.parse(text === "" ? undefined : JSON.parse(text));
  }

  async configure(values: Readonly<Record<string, unknown>>): Promise<void> {
    for (const [key, value] of Object.entries(values)) {
      await this.want(z.unknown(), "PUT", `system/configs/${key}`, { value });
    }
  }

  async addTarget(controllerId: string, securityToken: string): Promise<void> {
    const wanted = [{ controllerId, name: controllerId, securityToken }];
    await this.want(z.unknown(), "POST", "targets", wanted);
  }

  async addModule(name: string): Promise<number> {
    const wanted = [{ name, version: "1.0", type: "os" }];
    return idOf(await this.want(Made, "POST", "softwaremodules", wanted));
  }

  async addArtifact(module: number, name: string, bytes: Uint8Array<ArrayBuffer>): Promise<number> {
    const form = new FormData();
    form.set("file", new File([bytes], name));
    return (await this.want(One, "POST", `softwaremodules/${module}/artifacts`, form)).id;
  }

  async addSet(name: string, module: number): Promise<number> {
    const wanted = [
      {
        name,
        description: "Test distribution",
        version: "1.0",
        modules: [{ id: module }],
        type: "os",
      },
    ];
    return idOf(await this.want(Made, "POST", "distributionsets", wanted));
  }

  async assign(set: number, target: string, terms: object = {}): Promise<number> {
    const path = `distributionsets/${set}/assignedTargets`;
    const answer = await this.want(Assigned, "POST", path, [{ id: target, ...terms }]);
    return answer.assignedActions.at(-1)?.id ?? 0;
  }

  action(target: string, action: number): Promise<z.infer<typeof ToolAction>> {
    return this.want(ToolAction, "GET", `targets/${target}/actions/${action}`);
  }

  /** The newest first. */
  async statuses(target: string, action: number) {
    const query = "offset=0&limit=50&sort=id:DESC";
    const path = `targets/${target}/actions/${action}/status?${query}`;
    return (await this.want(Statuses, "GET", path)).content;
  }
}

function idOf([first]: z.infer<typeof Made>): number {
  return first?.id ?? 0;
}
