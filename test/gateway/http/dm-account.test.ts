import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { AppError } from "../../../devices/model/errors.ts";
import type { Parcel } from "../../../devices/ports/device-trigger.ts";
import { ApiHarness } from "./api-harness.ts";
import { ScenarioKit } from "./scenario-kit.ts";

let harness: ApiHarness;
let kit: ScenarioKit;
beforeEach(async () => {
  harness = await ApiHarness.open();
  kit = await ScenarioKit.of(harness);
});
afterEach(() => harness[Symbol.asyncDispose]());

describe("the OMA DM account of a device", () => {
  test("says how it proves who it is, and no secret", async () => {
    const made = await kit.want(201, "POST", "/devices", {
      stableId: "mutual-1",
      platform: "Windows",
      scheme: "syncml:auth-MAC",
      mutual: true,
    });
    expect(made.serverId).toBe("outpost");
    expect(made.serverPassword.length).toBeGreaterThanOrEqual(26);
    const account = await kit.want(200, "GET", `/devices/${made.device.id}/oma-dm`);
    expect(account).toEqual({
      userName: "mutual-1",
      scheme: "syncml:auth-MAC",
      requiredProof: "syncml:auth-MAC",
      certificateSubject: null,
      failures: [],
      usualAddresses: [],
      serverId: "outpost",
      serverProblem: null,
      notifyAddress: null,
      notifyAddresses: [],
      notifyProblem: expect.stringContaining("OUTPOST_NOTIFY_BY"),
      notifiedAt: null,
      notifiedSession: null,
    });
    await kit.want(404, "GET", `/devices/${"0".repeat(32)}/oma-dm`);
  });

  test("follows the site's setting until it gets a rule of its own", async () => {
    const id = await kit.device("follows", "Windows");
    await kit.want(200, "PATCH", "/settings/oma-dm", { requiredProof: "syncml:auth-md5" });
    const path = `/devices/${id}/oma-dm`;
    const read = () => kit.want(200, "GET", path);
    expect(await read()).toMatchObject({ scheme: "site", requiredProof: "syncml:auth-md5" });
    const wanted = { scheme: "any", certificateSubject: "cn=Till-1, O=Contoso" };
    expect(await kit.want(200, "PATCH", path, wanted)).toMatchObject({
      scheme: "any",
      requiredProof: "any",
      certificateSubject: "CN=Till-1,O=Contoso",
    });
    const other = await kit.device("other", "Windows");
    const taken = { certificateSubject: "O=Contoso,CN=Till-1" };
    await kit.want(409, "PATCH", `/devices/${other}/oma-dm`, taken);
    const wrong = await kit.want(422, "PATCH", path, { certificateSubject: "Till-1" });
    expect(wrong.errors[0].pointer).toBe("/certificateSubject");
    const unknown = await kit.want(422, "PATCH", path, { scheme: "syncml:auth-x509" });
    expect(unknown.errors[0].pointer).toBe("/scheme");
  });

  test("gets a new server password that is shown once and audited", async () => {
    const id = await kit.device("renewed", "Windows");
    const path = `/devices/${id}/oma-dm/server-password`;
    const first = await kit.want(200, "POST", path);
    const second = await kit.want(200, "POST", path);
    expect(first.serverId).toBe("outpost");
    expect(first.password).not.toBe(second.password);
    const audit = JSON.stringify(await kit.want(200, "GET", "/audit"));
    expect(audit).toContain("device.server-password");
    expect(audit).not.toContain(first.password);
  });

  test("calls a device where it listens, on record", async () => {
    const id = await kit.device("called", "Windows");
    const path = `/devices/${id}/oma-dm`;
    expect((await kit.want(409, "POST", `/devices/${id}/notify`)).detail).toContain("configured");
    const sent: Parcel[] = [];
    harness.trigger = { needsAddress: true, send: async (parcel) => void sent.push(parcel) };
    expect((await kit.want(409, "POST", `/devices/${id}/notify`)).detail).toContain("password");
    await kit.want(200, "POST", `${path}/server-password`);
    expect((await kit.want(409, "POST", `/devices/${id}/notify`)).detail).toContain("address");
    const wrong = await kit.want(422, "PATCH", path, { notifyAddress: "--all" });
    expect(wrong.errors[0].pointer).toBe("/notifyAddress");
    const account = await kit.want(200, "PATCH", path, { notifyAddress: "10.1.2.3:2948" });
    expect(account).toMatchObject({ notifyAddresses: ["10.1.2.3:2948"], notifyProblem: null });

    const called = await kit.want(202, "POST", `/devices/${id}/notify`);
    expect(called.addresses).toEqual(["10.1.2.3:2948"]);
    expect(sent.map(({ device }) => device as string)).toEqual([id]);
    expect(await kit.want(200, "GET", path)).toMatchObject({
      notifiedAt: called.at,
      notifiedSession: called.sessionId,
    });
    const audit = JSON.stringify(await kit.want(200, "GET", "/audit"));
    expect(audit).toContain("device.notify");

    harness.trigger.send = async () => {
      throw new AppError("unavailable", "no modem");
    };
    expect((await kit.want(503, "POST", `/devices/${id}/notify`)).detail).toContain("no modem");
    await kit.want(404, "POST", `/devices/${"0".repeat(32)}/notify`);
  });

  test("the server's name has to fit a header and a notification", async () => {
    for (const serverId of ["", "a b", 'a"b', "ž", "x".repeat(65)]) {
      const problem = await kit.want(422, "PATCH", "/settings/oma-dm", { serverId });
      expect(problem.errors[0].pointer).toBe("/serverId");
    }
    await kit.want(200, "PATCH", "/settings/oma-dm", { serverId: "com.contoso.Outpost-1" });
    const id = await kit.device("named", "Windows");
    const { serverId } = await kit.want(200, "POST", `/devices/${id}/oma-dm/server-password`);
    expect(serverId).toBe("com.contoso.Outpost-1");
  });
});
