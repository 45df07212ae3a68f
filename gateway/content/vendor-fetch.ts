import { lookup } from "node:dns/promises";
import { request as httpRequest, type IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { arrivedBody } from "./arrived-body.ts";
import { allowsAddress, type ContentOrigin, findOrigin } from "./content-origin.ts";
import { type ContentResponse, TransferFailed, type TransferRequest } from "./transfer.ts";

/** Redirects that are followed for one request. */
export const REDIRECTS_MAX = 5;

export interface Address {
  readonly address: string;
  readonly family: number;
}

export interface VendorFetchDeps {
  /** The allow list as it holds now. */
  readonly origins: () => readonly ContentOrigin[];
  /** The addresses of a host name; default: the system's resolver. */
  readonly resolve?: (host: string) => Promise<readonly Address[]>;
}

/**
 * Asks a vendor's server for a file. The origin has to be on the allow list, at each redirect anew;
 * every address of the host has to be allowed, and the connection goes to the addresses that were
 * looked at, so that a name cannot come to mean something else in between.
 *
 * @throws TransferFailed "refused" for what must not be asked; the network's errors as they are
 */
export async function fetchFromVendor(
  deps: VendorFetchDeps,
  url: URL,
  request: TransferRequest,
): Promise<ContentResponse> {
  let at = url;
  for (let hops = 0; hops <= REDIRECTS_MAX; hops++) {
    const addresses = await allowedAddresses(deps, at);
    const response = await sendTo(at, addresses, request);
    const location = redirectOf(response);
    if (location === undefined) return asContent(at, response);
    response.destroy();
    at = nextHop(at, location);
  }
  throw refused(`${url.host} redirects more than ${REDIRECTS_MAX} times.`);
}

async function allowedAddresses(
  { origins, resolve = resolveName }: VendorFetchDeps,
  url: URL,
): Promise<readonly Address[]> {
  const entry = findOrigin(origins(), url);
  if (!entry) {
    throw refused(`${url.origin} is not on the list of origins that this gateway fetches from.`);
  }
  const host = url.hostname.replace(/^\[|\]$/g, "");
  const family = isIP(host);
  const addresses = family === 0 ? await resolve(host) : [{ address: host, family }];
  const forbidden = addresses.find(({ address }) => !allowsAddress(entry, address));
  if (forbidden) {
    throw refused(
      `${host} stands for ${forbidden.address}, where this gateway does not fetch from.`,
    );
  }
  if (addresses.length === 0) throw new Error(`${host} has no address`);
  return addresses;
}

function resolveName(host: string): Promise<readonly Address[]> {
  return lookup(host, { all: true });
}

/**
 * One request to one of these addresses, whatever the host's name stands for by now. Never decompressed,
 * never redirected, and without the credentials of anybody.
 */
export function sendTo(
  url: URL,
  addresses: readonly Address[],
  { headers, signal }: TransferRequest,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = url.protocol === "https:" ? httpsRequest : httpRequest;
  const sent = request(
    url,
    {
      headers: { ...headers, "user-agent": "outpost" },
      signal,
      agent: false,
      lookup: (_host, options, done) => {
        if (options.all) done(null, [...addresses]);
        else done(null, addresses[0]?.address ?? "", addresses[0]?.family);
      },
    },
    resolve,
  );
  sent.on("error", reject);
  sent.end();
  return promise;
}

const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

function redirectOf({ statusCode, headers }: IncomingMessage): string | undefined {
  return REDIRECTS.has(statusCode ?? 0) ? headers.location : undefined;
}

function nextHop(from: URL, location: string): URL {
  const to = URL.parse(location, from.href);
  if (!to || (to.protocol !== "http:" && to.protocol !== "https:")) {
    throw refused(`${from.host} redirects to something that is no web address.`);
  }
  if (from.protocol === "https:" && to.protocol === "http:") {
    throw refused(`${from.host} redirects from https to http.`);
  }
  return to;
}

function asContent(url: URL, response: IncomingMessage): ContentResponse {
  const { headers, statusCode = 0 } = response;
  const isMeasured =
    headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined;
  if (statusCode === 200 && !isMeasured) {
    response.destroy();
    // A line that breaks could not be told from the end of the file.
    throw refused(`${url.host} does not say how long the file is.`);
  }
  return {
    status: statusCode,
    headers: { get: (name) => headers[name]?.toString() ?? null },
    body: arrivedBody(response),
  };
}

function refused(problem: string): TransferFailed {
  return new TransferFailed({ kind: "refused", problem, startAgain: false }, false);
}
