/** The site was not reached, as a sentence for whoever sits before the machine. */
export class SiteUnreached extends Error {
  override readonly name = "SiteUnreached";

  /** @param cause what `fetch` threw */
  constructor(server: string, cause: unknown) {
    super(sentenceOf(server, cause), { cause });
  }
}

/** By the code of the error; Bun's and the system's. */
const SENTENCES: Readonly<Record<string, (server: string) => string>> = {
  ECONNREFUSED: (server) => `nothing answers at ${server}: is the site running there?`,
  ConnectionRefused: (server) => `nothing answers at ${server}: is the site running there?`,
  ENOTFOUND: (server) => `there is no host ${hostOf(server)}: is the address right?`,
  EAI_AGAIN: (server) => `the name ${hostOf(server)} cannot be looked up now: is there a network?`,
  ENETUNREACH: (server) => `there is no way to ${server}: is there a network?`,
  EHOSTUNREACH: (server) => `there is no way to ${server}: is there a network?`,
  UnexpectedRedirect: (server) => `${server} leads to another address: give that one with --server`,
  CERT_NOT_YET_VALID: (server) => clockWords(server),
  CERT_HAS_EXPIRED: (server) => clockWords(server),
};

function sentenceOf(server: string, cause: unknown): string {
  const error = cause instanceof Error ? cause : new Error(String(cause));
  const code = "code" in error ? String(error.code) : "";
  const known = SENTENCES[code];
  if (known) return known(server);
  if (error.name === "TimeoutError") return `${server} did not answer in time`;
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code)) {
    return `the certificate of ${server} is not trusted on this machine (${code})`;
  }
  return `${server} was not reached: ${error.message.replace(/\.$/, "")}`;
}

function clockWords(server: string): string {
  return `the certificate of ${server} is not valid at the time of this machine: is its clock right?`;
}

function hostOf(server: string): string {
  return URL.canParse(server) ? new URL(server).hostname : server;
}
