import { filePlaces } from "../../devices/install/file-places.ts";
import type { TokenAliases } from "../../devices/install/tokens.ts";
import { AppError } from "../../devices/model/errors.ts";
import type { RevisionId } from "../../devices/model/ids.ts";
import {
  METRICS_MAX,
  type Metric,
  type NumberedMetric,
  type WantedMetric,
} from "../../devices/model/metric.ts";
import type { AgentInstall, PackageFile, Revision } from "../../devices/model/package.ts";
import type { MadeMetrics, MetricMaker } from "../../devices/ports/metric-maker.ts";
import type { PolicyReader } from "../../devices/ports/policy-reader.ts";
import type { PolicyAuthor } from "../../sync/ports/policy-author.ts";
import { SerialQueue } from "../../sync/serial-queue.ts";
import { atPointer } from "./field-problems.ts";
import { metricWithOwnNames } from "./given-tokens.ts";

export interface MetricEditorDeps {
  readonly policy: PolicyReader;
  readonly author: PolicyAuthor;
  readonly maker: MetricMaker;
  /** Further names of substitution tokens at this gateway. */
  readonly aliases: () => TokenAliases;
}

/** What generating came to. */
export interface Generated {
  readonly metrics: readonly NumberedMetric[];
  readonly added: number;
  readonly notes: readonly string[];
}

/**
 * The metrics of revisions, which may be changed until a distribution names the revision: from then on
 * devices act by it, and a change is another revision. Edits are made one after the other, so that none
 * undoes another.
 *
 * Every method throws AppError "not-found", "conflict" for a revision that is distributed or the hub's, and
 * what `MetricMaker` throws.
 */
export class MetricEditor {
  readonly #deps: MetricEditorDeps;
  readonly #queue = new SerialQueue();

  constructor(deps: MetricEditorDeps) {
    this.#deps = deps;
  }

  /** The metrics of a revision that is being made, in their order. */
  async computeAll(
    wanted: readonly WantedMetric[],
    files: readonly PackageFile[],
    pointer: string,
  ): Promise<readonly NumberedMetric[]> {
    const made: NumberedMetric[] = [];
    for (const [index, one] of wanted.entries()) {
      const metric = await atPointer(`${pointer}/${index}`, () => this.#compute(one, files));
      made.push({ ...metric, number: index + 1 });
    }
    return made;
  }

  async add(id: RevisionId, wanted: WantedMetric, by: string): Promise<NumberedMetric> {
    return this.#edit(id, by, async (agent) => {
      const metric = await this.#compute(wanted, agent.files);
      const added = { ...metric, number: nextNumber(agent.metrics) };
      return { metrics: [...agent.metrics, added], result: added };
    });
  }

  /** @param change makes what is wanted now of what is there */
  async change(
    id: RevisionId,
    number: number,
    change: (metric: NumberedMetric) => WantedMetric,
    by: string,
  ): Promise<NumberedMetric> {
    return this.#edit(id, by, async (agent) => {
      const wanted = change(needMetric(agent, number));
      const changed = { ...(await this.#compute(wanted, agent.files)), number };
      const metrics = agent.metrics.map((one) => (one.number === number ? changed : one));
      return { metrics, result: changed };
    });
  }

  /** What is left. */
  async remove(id: RevisionId, number: number, by: string): Promise<readonly NumberedMetric[]> {
    return this.#edit(id, by, async (agent) => {
      needMetric(agent, number);
      const metrics = agent.metrics.filter((one) => one.number !== number);
      return { metrics, result: metrics };
    });
  }

  /** Adds what is usual for files that no metric was made of yet. Doing it twice is doing it once. */
  async generate(id: RevisionId, by: string): Promise<Generated> {
    return this.#edit(id, by, async (agent) => {
      const { metrics: all, notes } = await this.#made(agent);
      const added: NumberedMetric[] = [];
      for (const metric of all) {
        if (agent.metrics.some((one) => isAboutTheSame(one, metric))) continue;
        added.push({ ...metric, number: nextNumber([...agent.metrics, ...added]) });
      }
      const metrics = [...agent.metrics, ...added];
      return { metrics, result: { metrics, added: added.length, notes } };
    });
  }

  async #compute(wanted: WantedMetric, files: readonly PackageFile[]): Promise<Metric> {
    const { aliases, maker } = this.#deps;
    return maker.compute(metricWithOwnNames(wanted, aliases()), files);
  }

  #made({ files, actions }: AgentInstall): Promise<MadeMetrics> {
    return this.#deps.maker.generate(files, filePlaces(actions));
  }

  #edit<Result>(
    id: RevisionId,
    by: string,
    edit: (
      agent: AgentInstall,
    ) => Promise<{ readonly metrics: readonly NumberedMetric[]; readonly result: Result }>,
  ): Promise<Result> {
    const { policy, author } = this.#deps;
    return this.#queue.run(async () => {
      const agent = needEditable(policy, id);
      const { metrics, result } = await edit(agent);
      if (metrics.length > METRICS_MAX) {
        throw new AppError("unprocessable", `a revision has at most ${METRICS_MAX} metrics`);
      }
      // Reading files takes a while: a distribution may have come in between.
      needEditable(policy, id);
      if (!Bun.deepEquals(metrics, agent.metrics)) {
        await author.write([{ kind: "revision", id, body: { agent: { ...agent, metrics } } }], by);
      }
      return result;
    });
  }
}

/** Why a revision's metrics stay as they are; undefined where they may be changed. */
export function whyFixed(policy: PolicyReader, { id }: Revision): string | undefined {
  const user = policy.read().distributions.find(({ revision }) => revision === id);
  return user && `the distribution ${user.id} installs this revision as it is: make a new one`;
}

function needEditable(policy: PolicyReader, id: RevisionId): AgentInstall {
  const revision = policy.read().revisions.get(id);
  if (!revision?.agent) {
    throw new AppError("not-found", `there is no revision ${id} of install actions`);
  }
  const reason = whyFixed(policy, revision);
  if (reason !== undefined) throw new AppError("conflict", reason, { allowed: [] });
  return revision.agent;
}

function needMetric(agent: AgentInstall, number: number): NumberedMetric {
  const metric = agent.metrics.find((one) => one.number === number);
  if (!metric) throw new AppError("not-found", `the revision has no metric ${number}`);
  return metric;
}

function nextNumber(metrics: readonly NumberedMetric[]): number {
  return Math.max(0, ...metrics.map(({ number }) => number)) + 1;
}

/** Of the same file, for the same place: whoever changed its kind or operator meant it so. */
function isAboutTheSame(one: Metric, other: Metric): boolean {
  return (
    Bun.deepEquals(one.source, other.source) &&
    one.file.toLowerCase() === other.file.toLowerCase() &&
    Bun.deepEquals(one.targeting, other.targeting)
  );
}
