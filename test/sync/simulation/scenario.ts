/** What happens in the simulation, drawn from a seed: reports, restores, clones, cuts, policy. */
import { seededRandom } from "../../harness/seeded-random.ts";
import { DISTRIBUTIONS, pick, policyOf, remove, replan, report, type Wanderer } from "./devices.ts";
import type { SiteHost } from "./hosts.ts";
import type { SiteDisk } from "./memory-site.ts";
import { ALL_FAULTS, World } from "./world.ts";

const ROUND_MS_MAX = 60_000;
/** How often somebody changes a site's keys, per round. */
const NEW_KEYS = 0.05;

/** A world after `rounds` events with faults of every kind, clones turned off again, not yet settled. */
export async function worldAfter(seed: number, rounds: number): Promise<World> {
  const world = await World.start(seed);
  await live(world, seed, rounds);
  return world;
}

async function live(world: World, seed: number, rounds: number): Promise<void> {
  const random = seededRandom(seed * 7919 + 1);
  for (const distribution of DISTRIBUTIONS) await world.hub.book.write(policyOf(distribution), "a");
  await world.addSite("prague");
  await world.addSite("brno", random() < 0.3 ? 3 * 24 * 3600 * 1000 : 0);
  await world.addSite("plzen", random() < 0.3 ? -3600 * 1000 : 0);
  const wanderers = Array.from({ length: 8 }, (_, index): Wanderer => {
    return { name: `device-${index}`, isAgent: index % 2 === 0, enrolments: 0, sequence: 0 };
  });
  const backups = new Map<SiteHost, SiteDisk>();
  for (let round = 0; round < rounds; round += 1) {
    world.faults = ALL_FAULTS;
    const site = pick(world.sites, random);
    await happen(world, site, wanderers, backups, random);
    if (random() < NEW_KEYS) await changeKeys(pick(world.sites, random));
    await world.runUntil(world.nowMs + Math.floor(random() * ROUND_MS_MAX));
  }
  endClones(world, random);
}

async function happen(
  world: World,
  site: SiteHost,
  wanderers: readonly Wanderer[],
  backups: Map<SiteHost, SiteDisk>,
  random: () => number,
): Promise<void> {
  const draw = random();
  if (draw < 0.5) {
    const count = 1 + Math.floor(random() * 6);
    for (let index = 0; index < count; index += 1) report(site, pick(wanderers, random), random);
  } else if (draw < 0.58) {
    replan(site, random);
  } else if (draw < 0.61) {
    remove(site, random);
  } else if (draw < 0.67) {
    backups.set(site, structuredClone(site.disk));
  } else if (draw < 0.73) {
    const backup = backups.get(site);
    if (backup) await site.replaceDisk(backup, random() < 0.5);
  } else if (draw < 0.75) {
    if (world.hubBackup) await world.restoreHub();
  } else if (draw < 0.765) {
    world.hubBackup = structuredClone(world.hub.disk);
  } else if (draw < 0.78) {
    if (world.sites.length < 5) await world.clone(site);
  } else if (draw < 0.81) {
    endClones(world, random);
  } else if (draw < 0.86) {
    site.link.cut();
  } else if (draw < 0.94) {
    site.link.heal();
  } else {
    await changePolicy(world, site, random);
  }
}

/** Of two appliances with one identity, somebody turns one off; which one is a matter of luck. */
function endClones(world: World, random: () => number): void {
  for (const name of new Set(world.sites.map((site) => site.name))) {
    const same = world.sites.filter((site) => site.name === name);
    while (same.length > 1) {
      const one = pick(same, random);
      same.splice(same.indexOf(one), 1);
      world.switchOff(one);
    }
  }
  for (const site of world.sites) site.link.heal();
}

async function changeKeys(site: SiteHost): Promise<void> {
  await site.keyring.rotate(site.name, site.now()).catch(() => undefined); // Dies in between.
  await site.revive();
}

async function changePolicy(world: World, site: SiteHost, random: () => number): Promise<void> {
  const id = pick(DISTRIBUTIONS, random);
  const change = [{ kind: "distribution" as const, id, body: { stoppedAtMs: world.nowMs } }];
  const author = random() < 0.5 ? world.hub.book : site.book;
  await author.write(change, "admin").catch(() => undefined); // Dies in between, or does not know it yet.
  await site.revive();
}
