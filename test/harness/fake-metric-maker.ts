import { noFile } from "../../devices/install/agent-install-checks.ts";
import { fieldError } from "../../devices/model/errors.ts";
import type { Metric, WantedMetric } from "../../devices/model/metric.ts";
import type { PackageFile } from "../../devices/model/package.ts";
import type { MetricMaker } from "../../devices/ports/metric-maker.ts";

/** Metrics without files: every version is 2.0.0.0, and a hash is the beginning of the SHA-256. */
export function fakeMetricMaker(): MetricMaker {
  return {
    compute: async (wanted, files) => computed(wanted, files),
    generate: async (files, places) => ({
      metrics: places.flatMap(({ file, path, targeting }) =>
        path === null
          ? []
          : computed(
              {
                kind: "FileHash",
                file: path,
                source: { file, virtualFile: null },
                targeting,
              },
              files,
            ),
      ),
      notes: places.flatMap(({ file, path }) => (path === null ? [`${file} is gone.`] : [])),
    }),
  };
}

function computed(wanted: WantedMetric, files: readonly PackageFile[]): Metric {
  const file = files.find(({ name }) => name === wanted.source.file);
  if (!file) throw fieldError("/source/file", noFile(wanted.source.file, files));
  switch (wanted.kind) {
    case "FileHash":
      return { ...wanted, hash: file.sha256.slice(0, 32) };
    case "FileVersion":
      return { ...wanted, value: "2.0.0.0" };
    case "FileSize":
      return { ...wanted, size: file.bytes };
  }
}
