import type { Context } from "hono";
import type { DeviceId, Sha256 } from "../../devices/model/ids.ts";
import type { Revision } from "../../devices/model/package.ts";
import type { EnrolmentCodes } from "../../devices/ports/enrolment-codes.ts";
import type { Log } from "../../devices/ports/log.ts";
import type { PolicyReader } from "../../devices/ports/policy-reader.ts";
import type { PolicyAuthor } from "../../sync/ports/policy-author.ts";
import type { Accounts } from "../access/accounts.ts";
import type { ApiTokens } from "../access/api-tokens.ts";
import type { Audit } from "../access/audit.ts";
import type { KnockList } from "../access/knocks.ts";
import type { FileContents } from "../content/file-contents.ts";
import type { AppEnv } from "../http/environment.ts";
import type { SessionCookie } from "../http/identify.ts";
import type { MetricEditor } from "../http/metric-editor.ts";
import type {
  Backups,
  CertificateUseCases,
  DeviceSessions,
  HubOversight,
  LinkStatus,
  LocalSettingsStore,
  SiteDirectory,
  SiteSecrets,
  SiteUseCases,
} from "../http/use-cases.ts";
import type { BlobView, ReportReader } from "../reports/report-reader.ts";

/** What both consoles, the site's and the hub's, are made of. Nothing here is optional by accident:
 * what only one of the two has is in `site` or in `hub`. */
export interface ConsoleDeps {
  /** Where the console is mounted: `""` for a site, `"/hub"` for a hub. */
  readonly base: "" | "/hub";
  readonly role: "site" | "hub";
  readonly reports: ReportReader;
  readonly policy: PolicyReader;
  readonly author: PolicyAuthor;
  readonly accounts: Accounts;
  readonly tokens: ApiTokens;
  readonly audit: Audit;
  readonly cookie: SessionCookie;
  readonly settings: LocalSettingsStore;
  readonly link: LinkStatus;
  readonly backups: Backups;
  readonly files: ConsoleFiles;
  readonly metrics: MetricEditor;
  /** How far a revision's file is that is still to be fetched from its vendor, as a sentence. */
  readonly describeSource: (revision: Revision) => string;
  readonly instants: ReadInstants;
  readonly log: Log;
  readonly now: () => number;
  /** Runs `tick` again and again; the change feed looks at the counter with it. */
  readonly every: (milliseconds: number, tick: () => void) => { stop(): void };
  /** What only a site does: act on its own devices. Undefined at the hub. */
  readonly site: SiteConsoleDeps | undefined;
  /** What only the hub has: sites. Undefined at a site. */
  readonly hub: SiteDirectory | undefined;
  /** The same: the sites' own words, and frames that failed a check. */
  readonly oversight: HubOversight | undefined;
}

export interface SiteConsoleDeps {
  readonly useCases: SiteUseCases;
  readonly knocks: KnockList;
  readonly codes: EnrolmentCodes;
  readonly secrets: SiteSecrets;
  readonly certificates: CertificateUseCases;
  readonly sessions: DeviceSessions;
  /** This site's address as devices reach it: as it is set, else as whoever looks has reached it. */
  readonly addressFor: (c: Context<AppEnv>) => string;
  /** Where Windows PCs enrol, such as `https://mdm.contoso.com`; undefined while it is nowhere set. */
  readonly enrolmentAddress: () => string | undefined;
}

/** The files of this gateway, for the content page and the upload. */
export interface ConsoleFiles {
  list(): Promise<readonly BlobView[]>;
  /** Throws AppError "too-large" or "no-room"; then nothing of the file stays. */
  receive(
    source: AsyncIterable<Uint8Array>,
    upload: { readonly name: string; readonly declaredBytes?: number | undefined },
  ): Promise<{ readonly sha256: Sha256; readonly name: string; readonly bytes: number }>;
  /** What a file on hand is and says of itself; undefined for one that is not here. */
  describe(sha256: Sha256): Promise<FileContents | undefined>;
}

/** A device's instant as the picture of a window shows it. */
export interface InstantMark {
  readonly device: DeviceId;
  readonly deviceName: string;
  readonly startMs: number;
  readonly instantMs: number;
  /** The device's work was evaluated then; null while it was not. */
  readonly evaluatedAtMs: number | null;
}

/**
 * Instants drawn so far for occurrences that start within [fromMs, toMs], in order of the instant.
 * None at the hub: instants belong to the site.
 */
export type ReadInstants = (fromMs: number, toMs: number) => Promise<readonly InstantMark[]>;
