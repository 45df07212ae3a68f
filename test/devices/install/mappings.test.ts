import { describe, expect, test } from "bun:test";
import { HRESULTS } from "../../../devices/install/hresult-table.ts";
import { MSI_HRESULTS } from "../../../devices/install/hresult-table-msi.ts";
import { AGENT_RESULTS } from "../../../devices/install/mappings/agent.ts";
import { APPLE, APPLE_TOLD_ONCE } from "../../../devices/install/mappings/apple.ts";
import { enrolmentFromStatus } from "../../../devices/install/mappings/enterprise-app-management.ts";
import { interpret } from "../../../devices/install/mappings/interpret.ts";
import type { Interpretation } from "../../../devices/install/mappings/interpretation.ts";
import { APPLE_ONLY_STATES, isRow } from "../../../devices/install/matrix.ts";
import { MATRIX_ROWS } from "../../../devices/install/matrix-rows.ts";
import { PLATFORMS, type Platform } from "../../../devices/model/device.ts";
import { FACT_SOURCES, type FactSource } from "../../../devices/model/fact.ts";
import { OPERATIONS, type Operation } from "../../../devices/model/installation.ts";
import { MSI_STATUSES } from "../../../protocols/csp/enterprise-desktop-app-management/values.ts";
import { DEPLOYMENT_STATUSES } from "../../../protocols/mender/status.ts";

const DDI_VALUES = [
  "scheduled",
  "download",
  "downloaded",
  "proceeding",
  "resumed",
  "rejected",
  "canceled",
  "closed",
].flatMap((execution) => [
  execution,
  ...["none", "success", "failure"].flatMap((finished) => [
    `${execution}/${finished}`,
    `${execution}/${finished}/available`,
    `${execution}/${finished}/unavailable`,
  ]),
  `${execution}/unavailable`,
]);

const VOCABULARY: Readonly<Record<Exclude<FactSource, "site">, readonly string[]>> = {
  "windows-csp": ["0", "1", "2", "3", "4", "5", "6", "7"],
  "windows-msi": Object.keys(MSI_STATUSES),
  "windows-msix": ["0", "1", "2", "3"],
  apple: Object.keys(APPLE),
  android: MATRIX_ROWS.filter(({ platform }) => platform === "Android").map(
    (row) => `${row.status}/${row.state}`,
  ),
  agent: AGENT_RESULTS,
  ddi: DDI_VALUES,
  mender: [...DEPLOYMENT_STATUSES, "log"],
};

const LAST_ERRORS = [
  null,
  0,
  -1967333648,
  1603,
  ...Object.keys({ ...HRESULTS, ...MSI_HRESULTS }).map((code) => Number.parseInt(code, 16) | 0),
];

interface Case {
  readonly source: FactSource;
  readonly platform: Platform;
  readonly value: string;
  readonly operation: Operation;
  readonly lastError: number | null;
  readonly meaning: Interpretation;
}

/** Everything that any source can say of any platform, with what it means. */
const CASES: readonly Case[] = FACT_SOURCES.flatMap((source) =>
  (source === "site" ? [] : VOCABULARY[source]).flatMap((value) =>
    PLATFORMS.flatMap((platform) =>
      OPERATIONS.flatMap((operation) =>
        (source.startsWith("windows-") ? LAST_ERRORS : [null]).flatMap((lastError) => {
          const meaning = interpret(source, platform, value, { operation, lastError });
          if (meaning === undefined || meaning === "no-change") return [];
          return [{ source, platform, value, operation, lastError, meaning }];
        }),
      ),
    ),
  ),
);

describe("interpret()", () => {
  test("leads to rows of the platform's matrix only, and never to Apple's own on Windows", () => {
    const wrong = CASES.filter(
      ({ platform, meaning: { status, state } }) =>
        !isRow(platform, status, state) ||
        (platform === "Windows" && state !== null && APPLE_ONLY_STATES.has(state)),
    );
    expect(wrong).toEqual([]);
    expect(CASES.length).toBeGreaterThan(1500);
  });

  test("on Windows an update is never told as an install", () => {
    const wrong = CASES.filter(
      ({ platform, operation, value, meaning }) =>
        platform === "Windows" &&
        operation === "update" &&
        value !== "repairing" &&
        (meaning.status === "pending_install" || meaning.status === "installing"),
    );
    expect(wrong).toEqual([]);
  });

  test("only what may still come about is worth another try", () => {
    const wrong = CASES.filter(
      ({ meaning }) =>
        meaning.retryable && meaning.status !== "failed" && meaning.status !== "installing",
    );
    expect(wrong).toEqual([]);
  });

  test("each source speaks for its own platforms", () => {
    const spoken = (source: FactSource) =>
      PLATFORMS.filter((platform) =>
        CASES.some((one) => one.source === source && one.platform === platform),
      );
    expect(FACT_SOURCES.map((source) => [source, spoken(source)])).toEqual([
      ["windows-csp", ["Windows"]],
      ["windows-msi", ["Windows"]],
      ["windows-msix", ["Windows"]],
      ["apple", ["iOS"]],
      ["android", ["Android"]],
      ["agent", ["Windows", "Android"]],
      ["ddi", ["Windows", "Android"]],
      ["mender", ["Windows", "Android"]],
      ["site", []],
    ]);
  });

  test.each<[FactSource, Platform, string]>([
    ["windows-csp", "Windows", "8"],
    ["windows-csp", "Windows", "06"],
    ["windows-csp", "Windows", ""],
    ["apple", "iOS", "managed"],
    ["apple", "iOS", "constructor"],
    ["android", "Android", "Failed/Downloading app"],
    ["android", "Android", "Updating/Updating the app"],
    ["android", "Android", "Updating"],
    ["agent", "Windows", "toString"],
    ["ddi", "Windows", "closed/maybe"],
    ["mender", "Windows", "aborted"],
    ["mender", "Windows", "toString"],
    ["ddi", "Windows", "download/unavailable/none"],
  ])("%s on %s has no word %p", (source, platform, value) => {
    expect(interpret(source, platform, value, INSTALL)).toBeUndefined();
  });

  test("blanks around a word do not count", () => {
    expect(interpret("apple", "iOS", " Managed\n", INSTALL)).toMatchObject({ status: "installed" });
  });
});

describe("apple", () => {
  test("5.5: twenty values, nineteen rows of iOS", () => {
    const rows = new Set(
      CASES.filter(({ source }) => source === "apple").map(
        ({ meaning }) => `${meaning.status}/${meaning.state}`,
      ),
    );
    expect([Object.keys(APPLE).length, rows.size, APPLE_TOLD_ONCE.size]).toEqual([20, 19, 5]);
    expect(interpret("apple", "iOS", "Unknown", INSTALL)).toBe("no-change");
  });

  test("S-02 counts what the values say", () => {
    const said = ["Managed", "PromptingForUpdate", "Queued", "NeedsRedemption", "UserRejected"];
    expect(said.map((value) => row("apple", "iOS", value))).toEqual([
      "installed/App is installed",
      "pending_update/Prompted user for app update",
      "pending_install/Command Scheduled",
      "installing/Scheduled for installation. Waiting for redemption code",
      "failed/User rejected app install",
    ]);
  });

  test("S-03 the path of a paid app", () => {
    const said = [
      "Queued",
      "NeedsRedemption",
      "Redeeming",
      "Prompting",
      "PromptingForLogin",
      "ValidatingPurchase",
      "Installing",
      "Managed",
    ];
    expect(said.map((value) => row("apple", "iOS", value))).toEqual([
      "pending_install/Command Scheduled",
      "installing/Scheduled for installation. Waiting for redemption code",
      "installing/Redeeming the redemption code",
      "installing/Prompted user for installation",
      "installing/Prompted user for app store login",
      "installing/Validating app purchase",
      "installing/App is being installed",
      "installed/App is installed",
    ]);
  });

  test("S-06 an app that was there: Installed three times, managed only when it is", () => {
    const said = ["UserInstalledApp", "PromptingForManagement", "ManagementRejected", "Managed"];
    const meant = said.map((value) => interpret("apple", "iOS", value, INSTALL) as Interpretation);
    expect(meant.map(({ status }) => status)).toEqual(Array(4).fill("installed"));
    expect(meant.map(({ managed }) => managed)).toEqual([false, false, false, true]);
  });

  test("S-08 an update, and its refusal", () => {
    const said = [
      "PromptingForUpdate",
      "PromptingForUpdateLogin",
      "Updating",
      "ValidatingUpdate",
      "Managed",
      "UpdateRejected",
    ];
    expect(said.map((value) => row("apple", "iOS", value, UPDATE))).toEqual([
      "pending_update/Prompted user for app update",
      "pending_update/Prompted user for app store login for update",
      "updating/Updating the app",
      "updating/Validating the update",
      "installed/App is installed",
      "upgrade_failed/User rejected app update",
    ]);
  });

  test("Q10 one row for all removals; who it was stands beside it", () => {
    const gone = { status: "removed_after_installation", state: "App is uninstalled" } as const;
    expect(interpret("apple", "iOS", "ManagedButUninstalled", INSTALL)).toEqual({
      ...gone,
      actor: "user",
    });
    expect(interpret("apple", "iOS", "ManagedButUninstalled", UNINSTALL)).toEqual({
      ...gone,
      actor: "mdm",
    });
  });
});

describe("windows-msi", () => {
  test("Status of an MSI, of an install and of an update", () => {
    const lines = VOCABULARY["windows-msi"].map(
      (value) =>
        `${value} ${row("windows-msi", "Windows", value)} | ${row("windows-msi", "Windows", value, UPDATE)}`,
    );
    expect(lines.join("\n")).toMatchInlineSnapshot(`
      "10 pending_install/Command Scheduled | pending_update/null
      20 installing/App is being installed | updating/Updating the app
      25 pending_install/Command Scheduled | pending_update/null
      30 failed/Failed download | failed/Failed download
      40 installing/App is being installed | updating/Updating the app
      48 pending_install/Command Scheduled | pending_update/null
      50 installing/App is being installed | updating/Updating the app
      55 installing/App is being installed | updating/Updating the app
      60 failed/Installation failed | failed/Installation failed
      70 installed/App is installed | installed/App is installed"
    `);
  });

  test.each<[string, string, Operation, number, string]>([
    ["a hash that does not fit", "30", "install", 0x80091007, "failed/Failed checksum validation"],
    ["a file that is not there", "30", "update", 0x80190194, "failed/Failed download"],
    ["msiexec's own code", "60", "install", 1603, "failed/Installation failed"],
    ["the same as an HRESULT", "60", "install", 0x80070643, "failed/Installation failed"],
    ["a package for another processor", "60", "install", 1633, "failed/Relevance criteria not met"],
    ["a user who said no", "60", "update", 1602, "upgrade_failed/User rejected app update"],
    ["a restart that is due", "60", "install", 3010, "installed/App is installed"],
    ["a code nobody knows", "60", "install", 0x8abcdef0, "failed/Installation failed"],
    ["an error of an earlier try", "55", "install", 1603, "installing/App is being installed"],
  ])("%s (%s, %s, %d)", (_, value, operation, code, expected) => {
    expect(row("windows-msi", "Windows", value, { operation, lastError: code | 0 })).toBe(expected);
  });

  test("another installer that runs is worth another try", () => {
    const meaning = interpret("windows-msi", "Windows", "60", { ...INSTALL, lastError: 1618 });
    expect(meaning).toMatchObject({ status: "failed", retryable: true });
  });
});

describe("windows-msix", () => {
  test("Status of a packaged app, of an install and of an update", () => {
    const lines = VOCABULARY["windows-msix"].map(
      (value) =>
        `${value} ${row("windows-msix", "Windows", value)} | ${row("windows-msix", "Windows", value, UPDATE)}`,
    );
    expect(lines.join("\n")).toMatchInlineSnapshot(`
      "0 pending_install/Command Scheduled | pending_update/null
      1 installing/App is being installed | updating/Updating the app
      2 failed/Installation failed | failed/Installation failed
      3 installed/App is installed | installed/App is installed"
    `);
  });

  test("a dependency that is missing, a package in use", () => {
    const said = (code: number) =>
      interpret("windows-msix", "Windows", "2", { ...INSTALL, lastError: code | 0 });
    expect(said(0x80073cf3)).toMatchObject({ state: "Installation failed", retryable: false });
    expect(said(0x80073d02)).toMatchObject({ state: "Installation failed", retryable: true });
  });
});

describe("windows-csp", () => {
  test("5.2: Download/Status of an install and of an update", () => {
    const lines = VOCABULARY["windows-csp"].map(
      (value) =>
        `${value} ${row("windows-csp", "Windows", value)} | ${row("windows-csp", "Windows", value, UPDATE)}`,
    );
    expect(lines.join("\n")).toMatchInlineSnapshot(`
      "0 installing/Prompted user for installation | pending_update/Prompted user for app update
      1 pending_install/Command Scheduled | pending_update/null
      2 installing/App is being installed | updating/Updating the app
      3 installing/App is being installed | updating/Updating the app
      4 installing/App is being installed | updating/Updating the app
      5 installed/App is installed | installed/App is installed
      6 failed/Installation failed | failed/Installation failed
      7 failed/Failed download | failed/Failed download"
    `);
  });

  test("S-09 the six failures of Windows", () => {
    const failures = [
      ["7", -2147012889],
      ["6", -2146893819],
      ["6", -2146958841],
      ["6", -2147024703],
      ["6", -2147009287],
      ["6", -2147009283],
    ] as const;
    expect(
      failures.map(([value, lastError]) =>
        row("windows-csp", "Windows", value, { ...INSTALL, lastError }),
      ),
    ).toEqual([
      "failed/Failed download",
      "failed/Failed decryption",
      "failed/Failed checksum validation",
      "failed/Failed to launch installer",
      "failed/Installation failed",
      "failed/Relevance criteria not met",
    ]);
  });

  test.each<[string, Operation, number, string]>([
    ["S-44 an untrusted root", "install", 0x800b0109, "failed/Installation failed"],
    ["S-44 no error", "install", 0, "failed/Installation failed"],
    ["S-44 a code nobody knows", "install", 0x8abcdef0, "failed/Installation failed"],
    ["M-048 a refused install", "install", 0x80073cf8, "failed/User rejected app install"],
    ["M-048 a refused update", "update", 0x80073cf8, "upgrade_failed/User rejected app update"],
    ["M-048 a refused repair", "repair", 0x80070642, "failed/User rejected app install"],
    ["Q05 a broken update", "update", 0x80073cf9, "failed/Installation failed"],
    ["M-088 a newer version is there", "update", 0x80073d06, "installed/App is installed"],
    ["installed, a restart is due", "install", 0x80070bc2, "installed/App is installed"],
    ["an app that could not be removed", "uninstall", 0x80073cfa, "installed/null"],
    [
      "the same code does not make a failed install installed",
      "install",
      0x80073cfa,
      "failed/Installation failed",
    ],
    [
      "nothing there to remove",
      "uninstall",
      0x80073cf1,
      "removed_after_installation/App is uninstalled",
    ],
    [
      "the same code does not make a failed install removed",
      "install",
      0x80073cf1,
      "failed/Installation failed",
    ],
    ["busy is a failure that may pass", "install", 0x80070652, "failed/Installation failed"],
  ])("FAILED, %s (%s, %d)", (_, operation, code, expected) => {
    expect(row("windows-csp", "Windows", "6", { operation, lastError: code | 0 })).toBe(expected);
  });

  test("DOWNLOAD_FAILED stays Failed download unless the code knows more", () => {
    const said = (lastError: number | null) =>
      row("windows-csp", "Windows", "7", { ...INSTALL, lastError });
    expect([null, 0, 0x80190194 | 0, 0x80070005 | 0, 0x8abcdef0 | 0].map(said)).toEqual(
      Array(5).fill("failed/Failed download"),
    );
    expect(said(0x80080206 | 0)).toBe("failed/Failed checksum validation");
  });

  test("a code counts only where the status says that it failed", () => {
    expect(row("windows-csp", "Windows", "2", { ...INSTALL, lastError: 0x80073cf9 | 0 })).toBe(
      "installing/App is being installed",
    );
  });

  test("a failure that may pass says so", () => {
    const meaning = (code: number) =>
      interpret("windows-csp", "Windows", "6", {
        ...INSTALL,
        lastError: code | 0,
      }) as Interpretation;
    expect(meaning(0x80073d02).retryable).toBe(true);
    expect(meaning(0x80070652).retryable).toBe(true);
    expect(meaning(0x800b0109).retryable).toBe(false);
  });

  test("E-040 the four values of the enrolment's Status", () => {
    expect(["0", "1", " 2\n", "3"].map(enrolmentFromStatus)).toEqual([
      "enabled",
      "install-disabled",
      "revoked",
      "invalid",
    ]);
    expect(["4", "", "-1", "toString"].map(enrolmentFromStatus)).toEqual(Array(4).fill(undefined));
  });
});

describe("android", () => {
  test("every row can be named by label, by code and by id", () => {
    for (const one of MATRIX_ROWS.filter(({ platform }) => platform === "Android")) {
      const names = [
        `${one.status}/${one.state}`,
        `${one.canonicalStatus}/${one.state.toUpperCase()}`,
        one.id,
      ];
      for (const name of names) {
        expect(row("android", "Android", name)).toBe(`${one.canonicalStatus}/${one.state}`);
      }
    }
  });

  test("S-10 the same error: tried again under Installing, final under Failed", () => {
    const meaning = (value: string) => interpret("android", "Android", value, INSTALL);
    expect(meaning("Installing/Unexpected error occurred")).toMatchObject({
      status: "installing",
      retryable: true,
    });
    expect(meaning("Failed/Unexpected error occurred")).toEqual({
      status: "failed",
      state: "Unexpected error occurred",
    });
    expect(meaning("Unexpected error occurred")).toBeUndefined();
  });

  test("S-11 a higher version is a success", () => {
    expect(row("android", "Android", "Higher version of app is installed")).toBe(
      "installed/Higher version of app is installed",
    );
  });

  test("Q08 a status alone leaves the state unknown", () => {
    expect(row("android", "Android", "Success")).toBe("installed/null");
  });

  test("M-092 who removed it", () => {
    const actors = [
      "App uninstalled by user",
      "App uninstalled by MDM",
      "Device is out of compliance",
    ].map((state) =>
      interpret("android", "Android", `Removed after Installation/${state}`, INSTALL),
    );
    expect(actors.map((one) => (one as Interpretation).actor)).toEqual([
      "user",
      "mdm",
      "compliance",
    ]);
  });
});

describe("agent", () => {
  test("5.3: results on Windows and Android, as a human reviewed them", () => {
    const lines = AGENT_RESULTS.map(
      (value) => `${value}: ${row("agent", "Windows", value)} | ${row("agent", "Android", value)}`,
    );
    expect(lines.join("\n")).toMatchInlineSnapshot(`
      "waiting-for-window: pending_install/Command Scheduled | pending_install/App download is scheduled
      offered: pending_install/null | pending_install/App not installed
      update-waiting-for-window: pending_update/null | pending_update/App update is scheduled
      not-targeted-os: not_relevant/OS Criteria | failed/App is not compatible with this device
      not-targeted-cpu: not_relevant/Device Criteria | failed/App is not compatible with this device
      relevance-refused: failed/Relevance criteria not met | failed/App is not compatible with this device
      up-to-date: installed/App is installed | installed/Installed
      newer-installed: installed/App is installed | installed/Higher version of app is installed
      downloading: installing/App is being installed | installing/Downloading app
      installing: installing/App is being installed | installing/null
      download-failed: failed/Failed download | failed/Unexpected error occurred
      decryption-failed: failed/Failed decryption | failed/Unexpected error occurred
      checksum-failed: failed/Failed checksum validation | failed/Unexpected error occurred
      launch-failed: failed/Failed to launch installer | failed/Unexpected error occurred
      action-failed: failed/Installation failed | failed/Unexpected error occurred
      succeeded: installed/App is installed | installed/Installed
      succeeded-with-warning: installed/App is installed | installed/Installed
      guard-satisfied: installed/App is installed | installed/Installed
      guard-nothing-to-do: not_relevant/Device Criteria | failed/App is not compatible with this device
      reboot-pending: installing/App is being installed | installing/null
      check-failed: failed/Installation failed | failed/Unexpected error occurred
      repairing: installing/App is being installed | installing/null
      uninstalling: installed/App is installed | installed/Installed
      uninstalled: removed_after_installation/App is uninstalled | removed_after_installation/App uninstalled by MDM
      uninstall-failed: failed/Installation failed | failed/Unexpected error occurred
      contact-lost: pending_install/Command Scheduled | pending_install/Waiting for network
      held-for-compliance: pending_install/Command Scheduled | pending_install/Device is out of compliance
      accepted: no-change | no-change
      provision-needed: no-change | no-change
      drifted: no-change | no-change
      cancelled: no-change | no-change
      cancel-refused: no-change | no-change
      step-succeeded: no-change | no-change
      step-failed: no-change | no-change
      step-skipped: no-change | no-change
      step-timed-out: no-change | no-change
      rebooting: no-change | no-change"
    `);
  });

  test("during an update, where it differs", () => {
    const lines = AGENT_RESULTS.flatMap((value) => {
      const [install, update] = [INSTALL, UPDATE].map(
        (context) =>
          `${row("agent", "Windows", value, context)} | ${row("agent", "Android", value, context)}`,
      );
      return install === update ? [] : [`${value}: ${update}`];
    });
    expect(lines.join("\n")).toMatchInlineSnapshot(`
      "waiting-for-window: pending_update/null | pending_update/App update is scheduled
      offered: pending_update/null | pending_update/App update pending
      downloading: updating/Updating the app | installing/Downloading app
      installing: updating/Updating the app | installing/null
      reboot-pending: updating/Updating the app | installing/null
      contact-lost: pending_update/null | pending_update/App update pending
      held-for-compliance: pending_update/null | pending_update/Device is out of compliance"
    `);
  });
});

describe("ddi", () => {
  test("5.4: feedback, as a human reviewed it", () => {
    const values = [
      "scheduled",
      "download",
      "download/unavailable",
      "downloaded",
      "downloaded/none/unavailable",
      "proceeding",
      "resumed",
      "closed/success",
      "closed/failure",
    ];
    const lines = values.map((value) =>
      [
        row("ddi", "Windows", value),
        row("ddi", "Windows", value, UPDATE),
        row("ddi", "Android", value),
        row("ddi", "Android", value, UPDATE),
      ].join(" | "),
    );
    expect(
      lines.map((line, index) => `${values[index]}: ${line}`).join("\n"),
    ).toMatchInlineSnapshot(`
      "scheduled: pending_install/Command Scheduled | pending_update/null | pending_install/App download is scheduled | pending_update/App update is scheduled
      download: installing/App is being installed | updating/Updating the app | installing/Downloading app | installing/Downloading app
      download/unavailable: pending_install/Command Scheduled | pending_update/null | pending_install/Downloading app | pending_update/App update is scheduled
      downloaded: installing/App is being installed | updating/Updating the app | installing/null | installing/null
      downloaded/none/unavailable: pending_install/Command Scheduled | pending_update/null | pending_install/App not installed | pending_update/App update is scheduled
      proceeding: installing/App is being installed | updating/Updating the app | installing/null | installing/null
      resumed: installing/App is being installed | updating/Updating the app | installing/null | installing/null
      closed/success: installed/App is installed | installed/App is installed | installed/Installed | installed/Installed
      closed/failure: failed/Installation failed | failed/Installation failed | failed/Unexpected error occurred | failed/Unexpected error occurred"
    `);
  });

  test("finished counts only once the execution is closed", () => {
    expect(row("ddi", "Windows", "proceeding/failure")).toBe("installing/App is being installed");
  });

  test("closed without a result is success, concluded and not said", () => {
    const inferred = { status: "installed", state: "App is installed", inferred: true } as const;
    expect(interpret("ddi", "Windows", "closed", INSTALL)).toEqual(inferred);
    expect(interpret("ddi", "Windows", "closed/none", INSTALL)).toEqual(inferred);
    expect(interpret("ddi", "Windows", "closed/success", INSTALL)).not.toHaveProperty("inferred");
  });

  test("a removal that is closed with success is a removal", () => {
    expect(row("ddi", "Windows", "closed/success", UNINSTALL)).toBe(
      "removed_after_installation/App is uninstalled",
    );
    expect(row("ddi", "Android", "closed/success", UNINSTALL)).toBe(
      "removed_after_installation/App uninstalled by MDM",
    );
    expect(row("ddi", "Android", "closed/failure", UNINSTALL)).toBe(
      "failed/Unexpected error occurred",
    );
  });

  test("a rejection and a cancellation leave the status as it is", () => {
    expect(
      ["rejected", "rejected/none", "canceled/success"].map((value) =>
        interpret("ddi", "Windows", value, INSTALL),
      ),
    ).toEqual(Array(3).fill("no-change"));
  });
});

const INSTALL = { operation: "install", lastError: null } as const;
const UPDATE = { operation: "update", lastError: null } as const;
const UNINSTALL = { operation: "uninstall", lastError: null } as const;

function row(
  source: FactSource,
  platform: Platform,
  value: string,
  context: { operation: Operation; lastError: number | null } = INSTALL,
): string {
  const meaning = interpret(source, platform, value, context);
  if (meaning === undefined || meaning === "no-change") return String(meaning);
  return `${meaning.status}/${meaning.state}`;
}

describe("mender", () => {
  test("only success, or that it is there already, is installed", () => {
    const said = DEPLOYMENT_STATUSES.map((status) => [status, row("mender", "Windows", status)]);
    expect(said).toEqual([
      ["downloading", "installing/App is being installed"],
      ["pause_before_installing", "installing/App is being installed"],
      ["installing", "installing/App is being installed"],
      ["pause_before_rebooting", "installing/App is being installed"],
      ["rebooting", "installing/App is being installed"],
      ["pause_before_committing", "installing/App is being installed"],
      ["success", "installed/App is installed"],
      ["failure", "failed/Installation failed"],
      ["already-installed", "installed/App is installed"],
    ]);
  });

  test("nothing that it says takes an app off", () => {
    const uninstall = { operation: "uninstall", lastError: null } as const;
    expect(interpret("mender", "Windows", "success", uninstall)).toBeUndefined();
  });
});
