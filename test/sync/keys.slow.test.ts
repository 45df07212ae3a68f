import { expect, test } from "bun:test";
import { contact, expectSameKeys, joined, PRAGUE } from "./keys-world.ts";
import { expectConverged } from "./simulation/oracle.ts";

test("[1.8] whatever dies at whatever step, site and hub understand each other afterwards", async () => {
  for (const where of ["crashAtSite", "crashAtHub"] as const) {
    let calls = 0;
    for (let at = 0; at <= calls; at += 1) {
      const { world, site } = await joined(73);
      contact(world, site);
      await site.keyring.rotate(PRAGUE, site.now());
      let count = 0;
      world[where] = () => count++ === at;
      await world.runUntil(world.nowMs + 40_000);
      world[where] = () => false;
      calls = Math.max(calls, Math.min(count, 40));
      await site.revive();
      await world.converge();
      expectSameKeys(world, site);
      expectConverged(world);
      expect(world.joinedAgain).toBe(0);
    }
    expect(calls).toBeGreaterThan(20);
  }
});
