import { FileMetrics } from "../../devices/packages/file-metrics.ts";
import { FileSource } from "../../devices/packages/range-source.ts";
import type { MetricMaker } from "../../devices/ports/metric-maker.ts";
import type { BlobStore } from "./blob-store.ts";

/** Metrics of files on the disk of this gateway. */
export function metricMaker(store: BlobStore): MetricMaker {
  return new FileMetrics(async ({ sha256 }) => {
    const blob = await store.open(sha256);
    if (blob === undefined) return undefined;
    const source = await FileSource.open(blob.path);
    const md5 = store.find(sha256)?.md5 ?? null;
    return { source, md5, [Symbol.asyncDispose]: () => source[Symbol.asyncDispose]() };
  });
}
