import { FACT_RETENTION_DAYS } from "../../devices/model/limits.ts";
import { SESSION_RECORDING_DEFAULT } from "../../devices/model/recorded-session.ts";
import { WINDOWS_ENROLMENT_DEFAULT } from "../../devices/model/windows-enrolment.ts";
import type { AgentSettings } from "../../devices/service/agent/enrol.ts";
import { CE_DEFAULT } from "../../devices/service/ce/settings.ts";
import { DDI_DEFAULT } from "../../devices/service/ddi/ddi-settings.ts";
import type { MenderSettings } from "../../devices/service/mender/authenticate.ts";
import type { OmaDmSettings } from "../../devices/service/site-context.ts";
import type { ValueStore } from "../db/stores/value-store.ts";
import type { LocalSettings, LocalSettingsStore } from "../http/use-cases.ts";

const NAME = "settings/local";
const OMA_DM_DEFAULT: OmaDmSettings = { requiredProof: "any", serverId: "outpost" };
const AGENTS_DEFAULT: AgentSettings = { plugAndPlay: false };
const MENDER_DEFAULT: MenderSettings = { autoAccept: false };

/** Settings of this one gateway, kept in its database; the configuration gives the first values. */
export class LocalSettingsValues implements LocalSettingsStore {
  readonly #values: ValueStore;
  #settings: LocalSettings;

  private constructor(values: ValueStore, settings: LocalSettings) {
    this.#values = values;
    this.#settings = settings;
  }

  static async open(
    values: ValueStore,
    first: Pick<LocalSettings, "siteName" | "timeZone">,
  ): Promise<LocalSettingsValues> {
    const stored = values.getJson<Partial<LocalSettings>>(NAME);
    return new LocalSettingsValues(values, {
      factRetentionDays: FACT_RETENTION_DAYS,
      contentOrigins: [],
      tokenAliases: {},
      ...first,
      ...stored,
      omaDm: { ...OMA_DM_DEFAULT, ...stored?.omaDm },
      ddi: { ...DDI_DEFAULT, ...stored?.ddi },
      sessions: { ...SESSION_RECORDING_DEFAULT, ...stored?.sessions },
      windowsCe: { ...CE_DEFAULT, ...stored?.windowsCe },
      agents: { ...AGENTS_DEFAULT, ...stored?.agents },
      mender: { ...MENDER_DEFAULT, ...stored?.mender },
      windowsEnrolment: { ...WINDOWS_ENROLMENT_DEFAULT, ...stored?.windowsEnrolment },
    });
  }

  read(): LocalSettings {
    return this.#settings;
  }

  async write(change: Partial<LocalSettings>): Promise<void> {
    const next = { ...this.#settings, ...change };
    await this.#values.put(NAME, JSON.stringify(next));
    this.#settings = next;
  }
}
