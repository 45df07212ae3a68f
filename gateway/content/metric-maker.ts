import { noFile } from "../../devices/install/agent-install-checks.ts";
import { AppError, fieldError } from "../../devices/model/errors.ts";
import type { Metric, WantedMetric } from "../../devices/model/metric.ts";
import type { PackageFile } from "../../devices/model/package.ts";
import type { MetricMaker } from "../../devices/ports/metric-maker.ts";
import type { BlobStore } from "./blob-store.ts";

/** Metrics of files on the disk of this gateway. */
export function metricMaker(store: BlobStore): MetricMaker {
  return {
    compute: (wanted, files) => compute(store, wanted, files),
    generate: async (files, places) => {
      const metrics: Metric[] = [];
      for (const { file, path, targeting } of places) {
        if (path === null) continue;
        const source = { file, virtualFile: null };
        metrics.push(
          await compute(store, { kind: "FileHash", file: path, source, targeting }, files),
        );
      }
      return { metrics, notes: [] };
    },
  };
}

async function compute(
  store: BlobStore,
  wanted: WantedMetric,
  files: readonly PackageFile[],
): Promise<Metric> {
  const { source } = wanted;
  const file = files.find(({ name }) => name === source.file);
  if (!file) throw fieldError("/source/file", noFile(source.file, files));
  const record = store.find(file.sha256);
  if (record?.state !== "complete" || record.md5 === null) {
    throw new AppError("unavailable", `${file.name} is not on hand here yet`, {
      retryAfterMs: 60_000,
    });
  }
  if (source.virtualFile !== null) throw fieldError("/source/virtualFile", "not read yet");
  switch (wanted.kind) {
    case "FileHash":
      return { ...wanted, hash: record.md5 };
    case "FileSize":
      return { ...wanted, size: record.bytes };
    case "FileVersion":
      throw fieldError("/kind", "not read yet");
  }
}
