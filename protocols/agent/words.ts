/** The closed lists of the agent protocol. [PROTOCOL.md] */

export const AGENT_VERSIONS = [1] as const;

/** What an agent is to do with work. [4.4, 4.5] */
export const TASKS = ["evaluate", "check", "apply"] as const;
export type Task = (typeof TASKS)[number];

export const WORK_OPERATIONS = ["install", "update", "repair", "uninstall"] as const;
export const CRITICALS = [
  "continue only on success",
  "continue",
  "continue only on error",
] as const;
export const METRIC_OPERATORS = ["EQ", "NE", "GT", "LT", "GE", "LE"] as const;

/** Of one package, on the way. [5.4] */
export const PROGRESS_RESULTS = [
  "accepted",
  "provision-needed",
  "downloading",
  "installing",
  "uninstalling",
  "reboot-pending",
  "rebooting",
] as const;

/** Of one step. */
export const STEP_RESULTS = [
  "step-succeeded",
  "step-failed",
  "step-skipped",
  "step-timed-out",
] as const;
export type StepResult = (typeof STEP_RESULTS)[number];

/** After which nothing more comes of an attempt. */
export const END_RESULTS = [
  "succeeded",
  "succeeded-with-warning",
  "guard-satisfied",
  "guard-nothing-to-do",
  "up-to-date",
  "newer-installed",
  "not-targeted-os",
  "not-targeted-cpu",
  "download-failed",
  "checksum-failed",
  "decryption-failed",
  "launch-failed",
  "action-failed",
  "check-failed",
  "relevance-refused",
  "uninstalled",
  "uninstall-failed",
] as const;
export type EndResult = (typeof END_RESULTS)[number];

/** Of checks and cancellations. */
export const OTHER_RESULTS = ["drifted", "cancelled", "cancel-refused"] as const;

export const RESULTS = [
  ...PROGRESS_RESULTS,
  ...STEP_RESULTS,
  ...END_RESULTS,
  ...OTHER_RESULTS,
] as const;
export type ResultWord = (typeof RESULTS)[number];

/** What a site may ask an agent to tell. [3.5] */
export const TELLABLES = ["facts", "inventory", "token"] as const;
export type Tellable = (typeof TELLABLES)[number];

export const CATALOGUE_STATES = [
  "available",
  "requested",
  "in-hand",
  "installed",
  "failed",
] as const;

/** Limits. [10] */
export const AGENT_BODY_BYTES_MAX = 1024 * 1024;
export const RESULTS_MAX = 200;
/** The site counts on from what it is told: there has to be room. */
export const SEQUENCE_MAX = 2 ** 52;
export const INVENTORY_MAX = 5_000;
export const TOLD_ATTRIBUTES_MAX = 100;
export const CAPABILITIES_MAX = 32;
export const WAIT_SECONDS_MAX = 60;
export const TEXT_CHARACTERS_MAX = 2_000;
export const NAME_CHARACTERS_MAX = 256;
export const FED_DEVICES_MAX = 500;
export const FED_APPS_MAX = 500;
export const TOKEN_CHARACTERS_MIN = 32;
export const TOKEN_CHARACTERS_MAX = 200;
