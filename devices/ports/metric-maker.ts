import type { FilePlace, Metric, WantedMetric } from "../model/metric.ts";
import type { PackageFile } from "../model/package.ts";

/** Metrics that were made of files, and sentences about files that none was made of. */
export interface MadeMetrics {
  readonly metrics: readonly Metric[];
  readonly notes: readonly string[];
}

/** Reads what metrics compare out of a revision's files. People never give these values. [Q20] */
export interface MetricMaker {
  /**
   * @throws AppError "unprocessable" naming `/source/file`, `/source/virtualFile` or `/kind`; "unavailable"
   *   while the file is not on hand
   */
  compute(wanted: WantedMetric, files: readonly PackageFile[]): Promise<Metric>;

  /**
   * What is usual for each place: the version of a file that has one, the hash of others. [A-107, A-108, Q23]
   *
   * @throws AppError "unavailable" while a file is not on hand
   */
  generate(files: readonly PackageFile[], places: readonly FilePlace[]): Promise<MadeMetrics>;
}
