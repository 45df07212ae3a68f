import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from "prom-client";
import {
  type LabelsOf,
  METRICS,
  type MetricName,
  type MetricRule,
  type NamesOfKind,
} from "./metric-names.ts";

/** One value of a gauge at the moment of a scrape. */
export interface GaugeReading<Name extends MetricName> {
  readonly labels: LabelsOf<Name>;
  readonly value: number;
}

/**
 * The metrics of one process, for `GET /metrics`. A metric appears once somebody counts it or
 * says how to read it, so nothing shows a zero that nobody measures.
 */
export class Metrics {
  readonly #registry = new Registry();
  readonly #counters = new Map<MetricName, Counter>();
  readonly #histograms = new Map<MetricName, Histogram>();

  /** What the text of `text()` has to be sent as. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Adds memory, CPU, handles and event loop of this process. */
  collectProcess(): void {
    collectDefaultMetrics({ register: this.#registry });
  }

  /** Counts up by `by`, which is not negative. */
  count<Name extends NamesOfKind<"counter">>(name: Name, labels: LabelsOf<Name>, by = 1): void {
    let counter = this.#counters.get(name);
    if (counter === undefined) {
      counter = new Counter(this.#options(name));
      this.#counters.set(name, counter);
    }
    counter.inc(labels, by);
  }

  /** Notes one measurement, in the unit that the name ends with. */
  observe<Name extends NamesOfKind<"histogram">>(
    name: Name,
    labels: LabelsOf<Name>,
    value: number,
  ): void {
    let histogram = this.#histograms.get(name);
    if (histogram === undefined) {
      const rule: MetricRule = METRICS[name];
      histogram = new Histogram({
        ...this.#options(name),
        ...(rule.buckets !== undefined && { buckets: [...rule.buckets] }),
      });
      this.#histograms.set(name, histogram);
    }
    histogram.observe(labels, value);
  }

  /** From now on each scrape asks `read` for the values; values it no longer names disappear. */
  gauge<Name extends NamesOfKind<"gauge">>(
    name: Name,
    read: () => readonly GaugeReading<Name>[] | Promise<readonly GaugeReading<Name>[]>,
  ): void {
    new Gauge({
      ...this.#options(name),
      async collect() {
        const readings = await read();
        this.reset();
        for (const { labels, value } of readings) this.set(labels, value);
      },
    });
  }

  /** The exposition format of Prometheus. */
  text(): Promise<string> {
    return this.#registry.metrics();
  }

  #options(name: MetricName) {
    const rule: MetricRule = METRICS[name];
    return { name, help: rule.help, labelNames: [...rule.labels], registers: [this.#registry] };
  }
}
