/**
 * Every metric of a gateway, one row each. The names are a promise to whoever wrote an alert on them:
 * a row is added, not renamed. No label holds a device, a user or an address: there are too many.
 */
export interface MetricRule {
  readonly kind: "counter" | "gauge" | "histogram";
  readonly help: string;
  readonly labels: readonly string[];
  /** Upper bounds of a histogram, in the unit of the name. */
  readonly buckets?: readonly number[];
}

const SECONDS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] as const;

export const METRICS = {
  outpost_http_requests_total: {
    kind: "counter",
    help: "Answered HTTP requests. The route is the pattern, not the path.",
    labels: ["method", "route", "status"],
  },
  outpost_http_request_seconds: {
    kind: "histogram",
    help: "Time from the request to the end of its handler.",
    labels: ["route"],
    buckets: SECONDS,
  },
  outpost_syncml_messages_total: {
    kind: "counter",
    help: "SyncML messages; outcome is ok or refused.",
    labels: ["outcome"],
  },
  outpost_ce_messages_total: {
    kind: "counter",
    help: "Documents of Windows CE clients; outcome is ok or refused.",
    labels: ["document", "outcome"],
  },
  outpost_rollback_failures_total: {
    kind: "counter",
    help: "Commands that a device could not undo when their Atomic failed (Status 516): look at it.",
    labels: [],
  },
  outpost_sessions_not_recorded_total: {
    kind: "counter",
    help: "Exchanges of sessions that were not kept for people to look at, for want of room or time.",
    labels: [],
  },
  outpost_session_records_bytes: {
    kind: "gauge",
    help: "Bytes of recorded sessions of devices.",
    labels: [],
  },
  outpost_windows_enrolments_total: {
    kind: "counter",
    help: "Requests of Windows enrolment; operation is discover, policies or enrolment, outcome ok or refused.",
    labels: ["operation", "outcome"],
  },
  outpost_mender_requests_total: {
    kind: "counter",
    help: "Requests of Mender's clients; operation is authenticate, next, status, log or inventory, outcome ok, refused or aborted (told to stop).",
    labels: ["operation", "outcome"],
  },
  outpost_agent_checkins_total: {
    kind: "counter",
    help: "Check-ins of agents; outcome is plan (told anew) or unchanged.",
    labels: ["outcome"],
  },
  outpost_agent_results_total: {
    kind: "counter",
    help: "Results that agents reported; outcome is taken or refused.",
    labels: ["outcome"],
  },
  outpost_agent_enrolments_total: {
    kind: "counter",
    help: "Enrolments of agents; outcome is enrolled, waits (for approval) or refused.",
    labels: ["outcome"],
  },
  outpost_devices: { kind: "gauge", help: "Devices that are not removed.", labels: [] },
  outpost_installations: {
    kind: "gauge",
    help: "Counted installations by bucket.",
    labels: ["bucket"],
  },
  outpost_content_bytes: { kind: "gauge", help: "Bytes of stored content.", labels: [] },
  outpost_content_served_bytes_total: {
    kind: "counter",
    help: "Content bytes sent to devices.",
    labels: [],
  },
  outpost_content_fetched_bytes_total: {
    kind: "counter",
    help: "Content bytes fetched over the line.",
    labels: [],
  },
  outpost_disk_free_bytes: {
    kind: "gauge",
    help: "Free bytes where the data folder is.",
    labels: [],
  },
  outpost_link_connected: {
    kind: "gauge",
    help: "1 when the last exchange with the hub succeeded, else 0.",
    labels: [],
  },
  outpost_link_waiting_facts: {
    kind: "gauge",
    help: "Facts that the hub has not acknowledged yet.",
    labels: [],
  },
  outpost_hub_sites: {
    kind: "gauge",
    help: "Sites by state: fresh, stale or revoked.",
    labels: ["state"],
  },
  outpost_hub_quarantined_frames: {
    kind: "gauge",
    help: "Frames that were set aside because they could not be trusted or read.",
    labels: [],
  },
  outpost_job_runs_total: {
    kind: "counter",
    help: "Runs of background jobs; outcome is ok or error.",
    labels: ["job", "outcome"],
  },
} as const satisfies Readonly<Record<string, MetricRule>>;

export type MetricName = keyof typeof METRICS;
export type NamesOfKind<Kind extends MetricRule["kind"]> = {
  [Name in MetricName]: (typeof METRICS)[Name]["kind"] extends Kind ? Name : never;
}[MetricName];
export type LabelsOf<Name extends MetricName> = Readonly<
  Record<(typeof METRICS)[Name]["labels"][number], string>
>;
