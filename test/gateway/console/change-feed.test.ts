import { describe, expect, test } from "bun:test";
import {
  ChangeFeed,
  HEARTBEAT_MS,
  LOOK_EVERY_MS,
  STREAM_MS_MAX,
  STREAMS_MAX,
} from "../../../gateway/console/change-feed.ts";

describe("ChangeFeed", () => {
  test("says the counter at once, then only when it changed", async () => {
    const { feed, world } = open();
    world.counter = 7;
    const page = listen(feed);
    world.tick();
    world.counter = 9;
    world.tick();
    world.tick();
    feed.close();
    expect(await page.text).toBe(
      "retry: 2000\nevent: changed\ndata: 7\n\nevent: changed\ndata: 9\n\n",
    );
  });

  test("a page that was away hears what the counter is now, also after a restart lowered it", async () => {
    const { feed, world } = open();
    world.counter = 3;
    const page = listen(feed);
    world.counter = 1;
    world.tick();
    feed.close();
    expect(await page.text).toContain("data: 1\n\n");
  });

  test("keeps a silent line warm", async () => {
    const { feed, world } = open();
    const page = listen(feed);
    for (let ms = 0; ms < HEARTBEAT_MS; ms += LOOK_EVERY_MS) world.tick();
    feed.close();
    expect((await page.text).match(/: still here/g)?.length).toBe(1);
  });

  test("ends a stream after a while, so that an ended session loses it", async () => {
    const { feed, world } = open();
    const page = listen(feed);
    for (let ms = 0; ms < STREAM_MS_MAX; ms += LOOK_EVERY_MS) world.tick();
    await page.text;
    expect([feed.listeners, world.isRunning]).toEqual([0, false]);
  });

  test("runs no timer while nobody looks", async () => {
    const { feed, world } = open();
    expect(world.isRunning).toBe(false);
    const page = listen(feed);
    const other = listen(feed);
    expect(world.isRunning).toBe(true);
    page.leave();
    expect(world.isRunning).toBe(true);
    other.leave();
    expect([feed.listeners, world.isRunning]).toEqual([0, false]);
  });

  test(`asks the page after ${STREAMS_MAX} others to come back`, () => {
    const { feed } = open();
    for (let page = 0; page < STREAMS_MAX; page++) listen(feed);
    expect(feed.open(new AbortController().signal)).toBeUndefined();
    feed.close();
    expect(feed.open(new AbortController().signal)).toBeDefined();
  });

  test("drops a page that does not read", () => {
    const { feed, world } = open();
    feed.open(new AbortController().signal);
    for (let change = 1; change < 200; change++) {
      world.counter = change;
      world.tick();
    }
    expect(feed.listeners).toBe(0);
  });
});

function open() {
  const world = {
    counter: 0,
    isRunning: false,
    tick: () => {},
  };
  const feed = new ChangeFeed({
    counter: () => world.counter,
    every: (_milliseconds, tick) => {
      world.isRunning = true;
      world.tick = tick;
      return {
        stop: () => {
          world.isRunning = false;
        },
      };
    },
  });
  return { feed, world };
}

function listen(feed: ChangeFeed) {
  const abort = new AbortController();
  const response = feed.open(abort.signal);
  if (!response) throw new Error("no stream");
  return { text: response.text(), leave: () => abort.abort() };
}
