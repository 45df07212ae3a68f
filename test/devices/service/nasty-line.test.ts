import { describe, expect, test } from "bun:test";
import { requestEnrolment, requestUnenrolment } from "../../../devices/service/change-device.ts";
import { requestInstallation, retryInstallation } from "../../../devices/service/installations.ts";
import { NastyLine } from "../../harness/nasty-line.ts";
import { type PhoneState, phone } from "../../harness/phone.ts";
import { RawDevice, type RawReply } from "../../harness/raw-device.ts";
import { seededRandom } from "../../harness/seeded-random.ts";
import { EAM, SiteCore } from "../../harness/site-core.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000);
const ROUNDS = Bun.env.TEST_LONG ? 40 : 2;
const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** One story of a device, told session by session. */
interface Story {
  readonly core: SiteCore;
  readonly id: Awaited<ReturnType<SiteCore["device"]>>["id"];
  readonly state: PhoneState;
  readonly distribute: (version: string, operation?: "uninstall") => Promise<() => Promise<void>>;
  /** A session, a minute later. */
  readonly contact: () => Promise<void>;
  readonly retryLast: () => Promise<unknown>;
}

const STORIES: Readonly<Record<string, (story: Story) => Promise<void>>> = {
  "an update happy path [S-39]": async ({ state, distribute, contact }) => {
    state.installed = "1.0.0.0";
    await contact();
    await (await distribute("2.0.0.0"))();
    await contact();
    for (const status of [1, 2, 3, 4, 5]) {
      state.download = { status };
      if (status === 5) state.installed = "2.0.0.0";
      await contact();
    }
  },
  "418 and Replace [S-40]": async ({ state, distribute, contact }) => {
    state.say = (command): RawReply | undefined => {
      if (command.name !== "Atomic" || command.children[0]?.name !== "Add") return undefined;
      return { code: 507, members: [{ code: 418 }, { code: 216 }] };
    };
    await (await distribute("2.0.0.0"))();
    await contact();
    state.download = { status: 5 };
    state.installed = "2.0.0.0";
    await contact();
  },
  "the ping-pong of 418 and 404 ends [S-40]": async ({ state, distribute, contact, retryLast }) => {
    state.say = (command): RawReply | undefined => {
      if (command.name !== "Atomic") return undefined;
      const code = command.children[0]?.name === "Add" ? 418 : 404;
      return { code: 507, members: [{ code }, { code: 216 }] };
    };
    await (await distribute("2.0.0.0"))();
    await contact();
    await retryLast();
    delete state.say;
    await contact();
  },
  "a node that expired early [S-41]": async ({ core, state, distribute, contact }) => {
    await (await distribute("1.0.0.0"))();
    await contact();
    state.download = { status: 5 };
    state.installed = "1.0.0.0";
    await contact();
    await core.advance(2 * DAY_MS);
    await contact();
    state.say = (command): RawReply | undefined => {
      if (command.name !== "Atomic" || command.children[0]?.name !== "Replace") return undefined;
      return { code: 507, members: [{ code: 404 }, { code: 216 }] };
    };
    await (await distribute("2.0.0.0"))();
    await contact();
  },
  "a status that is lost, and the app is there [S-43]": async (story) => {
    const { core, state, distribute, contact } = story;
    await (await distribute("2.0.0.0"))();
    await contact();
    state.download = { status: 2 };
    await contact();
    await core.advance(9 * DAY_MS);
    state.download = null;
    state.installed = "2.0.0.0";
    await contact();
  },
  "a status that is lost, and the app is not there [S-43]": async (story) => {
    const { core, state, distribute, contact } = story;
    await (await distribute("2.0.0.0"))();
    await contact();
    await core.advance(9 * DAY_MS);
    state.download = null;
    await contact();
    await contact();
    state.download = { status: 6, lastError: -2147009283, description: "gone wrong" };
    await contact();
  },
  "unenrolment by the server [S-46]": async ({ core, id, state, distribute, contact }) => {
    await (await distribute("1.0.0.0"))();
    await contact();
    state.download = { status: 5 };
    state.installed = "1.0.0.0";
    await contact();
    await requestUnenrolment(core.context, id, "admin");
    await contact();
    state.installed = null;
    state.download = null;
    await (await distribute("2.0.0.0"))();
    await contact();
    await requestEnrolment(core.context, id, "admin");
    await contact();
  },
  "an enrolment that is revoked, and renewed [S-47]": async ({
    core,
    state,
    distribute,
    contact,
  }) => {
    for (const status of [2, 3, 1]) {
      state.enterpriseStatus = status;
      await (await distribute(`${status}.0.0.0`))();
      await contact();
    }
    state.enterpriseStatus = 0;
    const enterprise = { ...core.policy.enterprise, enrollmentToken: "VG9rZW4y" };
    await core.change({ enterprise });
    await contact();
  },
  "an uninstall": async ({ state, distribute, contact }) => {
    state.installed = "1.0.0.0";
    await contact();
    await (await distribute("1.0.0.0", "uninstall"))();
    await contact();
    state.installed = null;
    await contact();
  },
};

async function tell(
  story: (story: Story) => Promise<void>,
  disturbances: (() => number) | undefined,
): Promise<Record<string, unknown>> {
  await using core = await SiteCore.open();
  const { id, raw } = await core.device("one");
  const stranger = await core.device("stranger");
  const line = new NastyLine(core.fetch, disturbances ?? (() => 1), stranger.raw);
  const device = new RawDevice({ ...raw.options, fetch: line.fetch });
  const state: PhoneState = { seen: [], installed: null, download: null };
  let last: Parameters<typeof requestInstallation>[1] | undefined;
  await story({
    core,
    id,
    state,
    distribute: async (version, operation = undefined) => {
      const distribution = await core.distribute(version, operation ? { operation } : {});
      const key = { site: core.context.site, device: id, distribution };
      last = key;
      return async () => {
        await requestInstallation(core.context, key, "test");
      };
    },
    contact: async () => {
      await core.advance(MINUTE_MS);
      await device.session(phone(state));
    },
    retryLast: async () => last && retryInstallation(core.context, last, "test"),
  });
  expect(line.differences).toEqual([]);
  return await outcomeOf(core, id, state);
}

/** What is left of a story: what the device was told to do, and what is known of it. */
async function outcomeOf(core: SiteCore, id: Story["id"], state: PhoneState) {
  const view = await core.context.store.view(id);
  const facts = core.database.connection
    .prepare(
      "SELECT kind, value, status, state, effect, at_ms FROM facts WHERE device = ? ORDER BY seq",
    )
    .rows(id);
  return {
    told: state.seen
      .filter(({ name }) => name !== "Get")
      .map(({ name, items, children }) => [
        name,
        items.map(({ uri }) => uri.replace(EAM, "")),
        children.map((child) => child.name),
      ]),
    device: view?.device,
    inventory: view?.inventory,
    downloads: view?.downloads,
    rows: view?.installations.map(({ hlc: _, ...row }) => row),
    // What a device is said to be is written again whenever it speaks; the rest is said once.
    facts: facts.filter(([kind]) => kind !== "device"),
  };
}

describe(`messages that come twice, late, out of order and from others change nothing (TEST_SEED=${SEED})`, () => {
  for (const [name, story] of Object.entries(STORIES)) {
    test(name, async () => {
      const expected = await tell(story, undefined);
      for (let round = 0; round < ROUNDS; round++) {
        const seed = SEED + round;
        expect([seed, await tell(story, seededRandom(seed))]).toEqual([seed, expected]);
      }
    });
  }
});
