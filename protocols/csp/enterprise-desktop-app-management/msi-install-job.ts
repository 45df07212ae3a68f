import { ProtocolError } from "../../errors.ts";
import { type Attribute, branch, type Element, leaf } from "../../syncml/element.ts";
import { parseXml } from "../../syncml/parse-xml.ts";
import { printElement } from "../../syncml/print-xml.ts";

/** What a device needs to know to fetch, check and install one MSI. */
export interface MsiInstallJob {
  /** GUID in braces. */
  readonly productId: string;
  readonly version: string;
  /** Tried in this order: the address that is nearest to the device comes first. */
  readonly contentUrls: readonly string[];
  /** SHA-256, hexadecimal. */
  readonly sha256: string;
  /** Options for msiexec, such as `/quiet`. */
  readonly commandLine: string;
  /** After this many minutes the device gives up on msiexec; 0: never. */
  readonly timeoutMinutes: number;
  readonly retryCount: number;
  readonly retryIntervalMinutes: number;
  /** The device sends its user's Azure AD token with the download. */
  readonly downloadFromAad: boolean;
}

/** The MsiInstallJob document, as XML text. [syncml 6.2] */
export function printMsiInstallJob(job: MsiInstallJob): string {
  const product = [
    element("Download", [
      element(
        "ContentURLList",
        job.contentUrls.map((url) => text("ContentURL", url)),
      ),
    ]),
    element("Validation", [text("FileHash", job.sha256.toUpperCase())]),
    element("Enforcement", [
      text("CommandLine", job.commandLine),
      text("TimeOut", String(job.timeoutMinutes)),
      text("RetryCount", String(job.retryCount)),
      text("RetryInterval", String(job.retryIntervalMinutes)),
      ...(job.downloadFromAad ? [text("DownloadFromAad", "1")] : []),
    ]),
  ];
  const root = withAttribute(
    element("MsiInstallJob", [
      withAttribute(element("Product", product), { name: "Version", value: job.version }),
    ]),
    { name: "id", value: job.productId },
  );
  return printElement(root, "");
}

function element(name: string, children: readonly Element[]): Element {
  return branch(name, children, "");
}

function text(name: string, value: string): Element {
  return leaf(name, value, "");
}

function withAttribute(of: Element, attribute: Attribute): Element {
  return { ...of, attributes: [...of.attributes, attribute] };
}

/**
 * Reads a job as a device does. Undefined for what is none: also where it was escaped twice, of which
 * only text is left after reading once.
 */
export function readMsiInstallJob(text: string): MsiInstallJob | undefined {
  const root = parsed(text);
  const product = root?.name === "MsiInstallJob" ? childOf(root, "Product") : undefined;
  if (root === undefined || product === undefined) return undefined;
  const download = childOf(product, "Download");
  const list = download && childOf(download, "ContentURLList");
  const enforcement = childOf(product, "Enforcement");
  const setting = (name: string) => (enforcement && childOf(enforcement, name)?.text.trim()) ?? "";
  const validation = childOf(product, "Validation");
  return {
    productId: attributeOf(root, "id") ?? "",
    version: attributeOf(product, "Version") ?? "",
    contentUrls: (list?.children ?? []).map((url) => url.text.trim()),
    sha256: ((validation && childOf(validation, "FileHash")?.text.trim()) ?? "").toLowerCase(),
    commandLine: setting("CommandLine"),
    timeoutMinutes: numberOf(setting("TimeOut")),
    retryCount: numberOf(setting("RetryCount")),
    retryIntervalMinutes: numberOf(setting("RetryInterval")),
    downloadFromAad: setting("DownloadFromAad") === "1",
  };
}

function parsed(text: string): Element | undefined {
  try {
    return parseXml(text.trim());
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

function childOf(parent: Element, name: string): Element | undefined {
  return parent.children.find((child) => child.name === name);
}

function attributeOf(of: Element, name: string): string | undefined {
  return of.attributes.find((attribute) => attribute.name === name)?.value;
}

function numberOf(text: string): number {
  return /^\d{1,6}$/.test(text) ? Number(text) : 0;
}
