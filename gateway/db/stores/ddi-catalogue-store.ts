import type {
  DistributionSet,
  SetAssignment,
  SoftwareModule,
  TargetNote,
} from "../../../devices/model/ddi-catalogue.ts";
import { AppError } from "../../../devices/model/errors.ts";
import type { DistributionId } from "../../../devices/model/ids.ts";
import type {
  CatalogueChanges,
  DdiCatalogueStore,
} from "../../../devices/ports/ddi-catalogue-store.ts";
import type { GroupWriter } from "../group-writer.ts";
import type { ValueStore } from "./value-store.ts";

const ROOT = "ddi-catalogue";
export const NEXT_CATALOGUE_NUMBER = `${ROOT}/next-number`;
const NUMBER_MAX = 2 ** 31 - 1;

/** The catalogue as values of the gateway's database, one a record. */
export class SqlDdiCatalogueStore implements DdiCatalogueStore {
  readonly #values: ValueStore;
  readonly #writer: GroupWriter;

  constructor(values: ValueStore, { writer }: { readonly writer: GroupWriter }) {
    this.#values = values;
    this.#writer = writer;
  }

  numbers(count: number): Promise<readonly number[]> {
    return this.#writer.submit(() => {
      const first = Number(this.#values.get(NEXT_CATALOGUE_NUMBER) ?? "1");
      if (first + count - 1 > NUMBER_MAX) {
        throw new AppError("conflict", "there are no numbers left for modules and sets");
      }
      this.#values.putNow(NEXT_CATALOGUE_NUMBER, String(first + count));
      return Array.from({ length: count }, (_, index) => first + index);
    });
  }

  modules(): readonly SoftwareModule[] {
    return this.#all<SoftwareModule>("module");
  }

  module(id: number): SoftwareModule | undefined {
    return this.#values.getJson<SoftwareModule>(nameOf("module", id));
  }

  sets(): readonly DistributionSet[] {
    return this.#all<DistributionSet>("set");
  }

  set(id: number): DistributionSet | undefined {
    return this.#values.getJson<DistributionSet>(nameOf("set", id));
  }

  assignment(distribution: DistributionId): SetAssignment | undefined {
    return this.#values.getJson<SetAssignment>(nameOf("assignment", distribution));
  }

  note(controllerId: string): TargetNote | undefined {
    return this.#values.getJson<TargetNote>(nameOf("target", controllerId));
  }

  write({ modules, sets, assignments, notes, forget }: CatalogueChanges): Promise<void> {
    const put = (name: string, value: object | null) =>
      this.#values.putNow(name, value === null ? null : JSON.stringify(value));
    return this.#writer.submit(() => {
      for (const one of modules ?? []) put(nameOf("module", one.id), one);
      for (const one of sets ?? []) put(nameOf("set", one.id), one);
      for (const one of assignments ?? []) put(nameOf("assignment", one.distribution), one);
      for (const [controllerId, note] of notes ?? []) put(nameOf("target", controllerId), note);
      for (const id of forget?.modules ?? []) put(nameOf("module", id), null);
      for (const id of forget?.sets ?? []) put(nameOf("set", id), null);
    });
  }

  #all<T extends { readonly id: number }>(kind: Kind): readonly T[] {
    const found = this.#values.list(`${ROOT}/${kind}/`).values();
    return [...found].map((text) => JSON.parse(text) as T).sort((a, b) => a.id - b.id);
  }
}

type Kind = "module" | "set" | "assignment" | "target";

function nameOf(kind: Kind, id: number | string): string {
  return `${ROOT}/${kind}/${id}`;
}
