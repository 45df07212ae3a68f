import { expect, test } from "bun:test";
import { encodeStateAsUpdate } from "yjs";
import { StatusDocument } from "../../../sync/status/status-document.ts";
import { rowAt } from "./rows.ts";

test("[4.5] after 30 days of changes the document is no larger than 1.3 times that of day one", () => {
  const document = new StatusDocument();
  const DEVICES = 50;
  const APPS = 6;
  const sizes: number[] = [];
  const everything = (step: number) =>
    Array.from({ length: DEVICES * APPS }, (_, index) =>
      rowAt(index % DEVICES, Math.floor(index / DEVICES), step),
    );
  document.flush(everything(0));
  for (let day = 1; day <= 30; day += 1) {
    for (let flush = 0; flush < 20; flush += 1) {
      const rows = everything(day * 100 + flush).filter((_, index) => index % 20 === flush);
      document.flush(rows);
    }
    sizes.push(encodeStateAsUpdate(document.doc).length);
  }
  expect(sizes[29]).toBeLessThan(1.3 * (sizes[0] ?? 0));
});
