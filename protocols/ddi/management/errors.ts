/** How hawkBit tells its tools what went wrong: `{exceptionClass, errorCode, message}`. */

export interface ManagementError {
  readonly exceptionClass: string;
  readonly errorCode: string;
  readonly message: string;
}

const REPOSITORY = "org.eclipse.hawkbit.repository.exception.";

interface Words {
  readonly status: number;
  readonly exceptionClass: string;
  readonly errorCode: string;
}

/** hawkBit's words for what can go wrong here, with the status that it answers. */
export const MANAGEMENT_ERRORS = {
  "not-found": words(404, "EntityNotFoundException", "repo.entityNotFound"),
  exists: words(409, "EntityAlreadyExistsException", "repo.entityAlreadyExists"),
  invalid: {
    status: 400,
    exceptionClass: "jakarta.validation.ValidationException",
    errorCode: "hawkbit.server.error.repo.constraintViolation",
  },
  unreadable: {
    status: 400,
    exceptionClass: "org.eclipse.hawkbit.rest.exception.MessageNotReadableException",
    errorCode: "hawkbit.server.error.rest.body.notReadable",
  },
  sort: {
    status: 400,
    exceptionClass:
      "org.eclipse.hawkbit.mgmt.rest.resource.exception.SortParameterSyntaxErrorException",
    errorCode: "hawkbit.server.error.rest.param.sortParamSyntax",
  },
  query: words(400, "RSQLParameterSyntaxException", "rest.param.rsqlParamSyntax"),
  "config-key": words(400, "InvalidTenantConfigurationKeyException", "configKeyInvalid"),
  "config-value": words(400, "TenantConfigurationValidatorException", "configValueInvalid"),
  schedule: words(400, "InvalidMaintenanceScheduleException", "maintenanceScheduleInvalid"),
  incomplete: words(400, "IncompleteDistributionSetException", "distributionset.incomplete"),
  unfit: words(
    400,
    "UnsupportedSoftwareModuleForThisDistributionSetException",
    "distributionset.modules.unsupported",
  ),
  checksum: words(400, "InvalidSHA256HashException", "artifact.uploadFailed.checksum.sha256.match"),
  forbidden: words(403, "InsufficientPermissionException", "insufficientPermission"),
  quota: words(403, "AssignmentQuotaExceededException", "quota.tooManyEntries"),
  "too-large": words(403, "FileSizeQuotaExceededException", "quota.fileSizeExceeded"),
  "no-room": words(403, "StorageQuotaExceededException", "quota.storageExceeded"),
  "not-cancelable": words(405, "CancelActionNotAllowedException", "action.notCancelable"),
  "not-force-quitable": words(405, "ForceQuitActionNotAllowedException", "action.notForceQuitable"),
  locked: words(423, "LockedException", "locked"),
} as const satisfies Record<string, Words>;
export type ManagementErrorCode = keyof typeof MANAGEMENT_ERRORS;

function words(status: number, name: string, code: string): Words {
  return {
    status,
    exceptionClass: `${REPOSITORY}${name}`,
    errorCode: `hawkbit.server.error.${code}`,
  };
}

/** What a tool is told. */
export function managementError(code: ManagementErrorCode, message: string): ManagementError {
  const { exceptionClass, errorCode } = MANAGEMENT_ERRORS[code];
  return { exceptionClass, errorCode, message };
}

/** The word for what is wrong with a request, by the rule that it breaks. */
export function wordOfRule(rule: string): ManagementErrorCode {
  const [, word = ""] = /^management-(.+)$/.exec(rule) ?? [];
  if (word === "json") return "unreadable";
  return isCode(word) ? word : "invalid";
}

function isCode(text: string): text is ManagementErrorCode {
  return Object.hasOwn(MANAGEMENT_ERRORS, text);
}
