/** A site that has joined, and what its keys are. */
import { expect } from "bun:test";
import type { SiteId } from "../../devices/model/ids.ts";
import { readFrame } from "../../sync/frame/envelope.ts";
import { report, type Wanderer } from "./simulation/devices.ts";
import type { SiteHost } from "./simulation/hosts.ts";
import { World } from "./simulation/world.ts";

export const PRAGUE = "prague" as SiteId;
export const TILL: Wanderer = { name: "till", isAgent: false, enrolments: 0, sequence: 0 };

export async function joined(seed: number) {
  const world = await World.start(seed);
  const site = await world.addSite("prague");
  const kinds: string[] = [];
  world.intercept = (request, send) => {
    if (request.operation === "frame") kinds.push(readFrame(request.body).header.content.kind);
    return send(request);
  };
  return { world, site, kinds };
}

export function contact(world: World, site: SiteHost): void {
  world.nowMs += 1000;
  report(site, TILL, world.random);
}

export function keysAt(site: SiteHost): string {
  return site.disk.keyring?.current.signingPublic ?? "none";
}

/** Both sides have the same keys, and nothing of a change is left over. */
export function expectSameKeys(world: World, site: SiteHost): void {
  const { current } = site.keyring.ring;
  expect(world.hub.disk.sites.get(site.name)).toMatchObject({
    publicKey: current.signingPublic,
    sealingKey: current.sealingPublic,
    nextPublicKey: null,
    nextSealingKey: null,
  });
  expect(site.disk.keyring?.next).toBeNull();
}
