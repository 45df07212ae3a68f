import { expect, test } from "bun:test";
import { ServedCounter } from "../../../gateway/content/served-counter.ts";
import { sha256Of } from "./content-harness.ts";
import { MemoryBlobIndex } from "./memory-blob-index.ts";

const sha256 = sha256Of("a");
const day = Date.UTC(2026, 10, 21, 23, 59);

test("ServedCounter adds up per file and UTC day, and writes down once", async () => {
  let bytes = 0;
  const counter = new ServedCounter((more) => {
    bytes += more;
  });
  const index = new MemoryBlobIndex();
  counter.add(sha256, 10, day);
  counter.add(sha256, 20, day);
  counter.add(sha256, 30, day + 60_000);
  await counter.flush(index, day);
  await counter.flush(index, day);
  expect(await index.listServed()).toEqual([
    { sha256, day: "2026-11-21", requests: 2, bytes: 30 },
    { sha256, day: "2026-11-22", requests: 1, bytes: 30 },
  ]);
  expect(bytes).toBe(60);
});

test("ServedCounter keeps its counts when they cannot be written down", async () => {
  const counter = new ServedCounter(() => {});
  const index = new MemoryBlobIndex();
  const broken = new MemoryBlobIndex();
  broken.addServed = async () => {
    counter.add(sha256, 5, day); // Meanwhile the next device asks.
    throw new Error("disk full");
  };
  counter.add(sha256, 10, day);
  await expect(counter.flush(broken, day)).rejects.toThrow("disk full");
  await counter.flush(index, day);
  expect(await index.listServed()).toEqual([{ sha256, day: "2026-11-21", requests: 2, bytes: 15 }]);
});
