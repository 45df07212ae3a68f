import { expect, test } from "bun:test";
import { CALM } from "../../../devices/simulator/behaviour.ts";
import { SimulatedDevice } from "../../../devices/simulator/device.ts";
import { ApiClient } from "../../../gateway/client/api-client.ts";
import { enrolFleet } from "../../../gateway/demo/branch.ts";

test("of a fleet that listens, only the handhelds' address is told: PCs hear no calls", async () => {
  const registered: { name: string; mutual: boolean }[] = [];
  const told: string[] = [];
  const client = new ApiClient("http://site.test", "a token", async (url, init) => {
    const json = JSON.parse(String(init.body));
    const of = /devices\/(.+)\/oma-dm$/.exec(url)?.[1];
    if (of !== undefined) {
      told.push(`${of} ${json.notifyAddress}`);
      return Response.json({});
    }
    registered.push(json);
    return Response.json({
      device: { id: json.name },
      userName: "user",
      password: "secret",
      serverId: null,
      serverPassword: null,
    });
  });
  const fleet = await enrolFleet(
    { client, url: "http://site.test" },
    {
      ...{ count: 4, seed: 1, prefix: "fleet", startMs: 0, behaviour: CALM },
      mix: { standard: 1, windows11: 1 },
      listensAt: "127.0.0.1:2948",
      fetch: async () => new Response(null, { status: 500 }),
    },
  );
  const handhelds = fleet.devices.filter((one) => one instanceof SimulatedDevice);
  expect(handhelds).toHaveLength(2);
  const names = handhelds.map(({ plan }) => plan.name);
  expect(told.sort()).toEqual(names.map((name) => `${name} 127.0.0.1:2948`).sort());
  const mutual = registered.filter((one) => one.mutual).map(({ name }) => name);
  expect(mutual.sort()).toEqual([...names].sort());
});
