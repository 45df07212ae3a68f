import { EAM, P1_DOWNLOAD, P1_INVENTORY } from "./site-core.ts";
import { command, type Upstream } from "./upstream.ts";

/**
 * The status of each command on each node, as documentation has it: Get, Add, Replace, Delete, Exec.
 * Add is tried on a node that is absent, the others on one that is there. [requirements 6]
 */
const TABLE = `
{E}                                                200 200 405 200 405
{E}/EnrollmentToken                                200 200 200 405 405
{E}/StoreProductID                                 200 405 405 405 405
{E}/StoreProductID/ProductId                       200 200 405 405 405
{E}/StoreUri                                       200 200 405 405 405
{E}/CertificateSearchCriteria                      200 200 405 405 405
{E}/Status                                         200 405 405 405 405
{E}/CRLCheck                                       200 200 200 405 405
{E}/EnterpriseApps                                 200 405 405 405 405
{E}/EnterpriseApps/Inventory                       200 405 405 405 405
{E}/EnterpriseApps/Inventory/{P}                   200 405 405 200 405
{E}/EnterpriseApps/Inventory/{P}/Version           200 405 405 405 405
{E}/EnterpriseApps/Inventory/{P}/Title             200 405 405 405 405
{E}/EnterpriseApps/Inventory/{P}/Publisher         200 405 405 405 405
{E}/EnterpriseApps/Inventory/{P}/InstallDate       200 405 405 405 405
{E}/EnterpriseApps/Download                        200 405 405 405 405
{E}/EnterpriseApps/Download/{P}                    200 200 200 405 405
{E}/EnterpriseApps/Download/{P}/Version            200 200 200 405 405
{E}/EnterpriseApps/Download/{P}/Name               200 200 200 405 405
{E}/EnterpriseApps/Download/{P}/URL                200 200 200 405 405
{E}/EnterpriseApps/Download/{P}/Status             200 200 200 405 405
{E}/EnterpriseApps/Download/{P}/LastError          200 405 405 405 405
{E}/EnterpriseApps/Download/{P}/LastErrorDesc      200 405 405 405 405
{E}/EnterpriseApps/Download/{P}/DownloadInstall    405 200 405 405 202
`;

const COMMANDS = ["Get", "Add", "Replace", "Delete", "Exec"] as const;

export interface TableCase {
  readonly node: string;
  readonly uri: string;
  readonly name: (typeof COMMANDS)[number];
  readonly code: number;
}

/** All 120 cases. */
export const TABLE_CASES: readonly TableCase[] = TABLE.trim()
  .split("\n")
  .flatMap((line) => {
    const [node = "", ...codes] = line.split(/\s+/);
    const folder = node.includes("/Inventory/") ? P1_INVENTORY : P1_DOWNLOAD;
    const uri = node.replace(/^\{E\}\/EnterpriseApps\/\w+\/\{P\}/, folder).replace("{E}", EAM);
    return COMMANDS.map((name, index) => ({ node, uri, name, code: Number(codes[index]) }));
  });

/** Values that each leaf takes. */
const VALUES: Readonly<Record<string, string>> = {
  EnrollmentToken: "VG9rZW4x",
  ProductId: "{B316008A-141D-4A79-810F-8B764C4CFDFB}",
  StoreUri: "http://contoso.com/hub.xap",
  CertificateSearchCriteria: "CN%3DDevice-42",
  CRLCheck: "1",
  Version: "2.0.0.0",
  Name: "ContosoApp1",
  URL: "http://contoso.com/enterpriseapps/ContosoApp1.xap",
  Status: "2",
  DownloadInstall: "1",
};

/** Sends the case's command, with the node as the case needs it. */
export async function runTableCase(upstream: Upstream, one: TableCase): Promise<number> {
  await bringAbout(upstream, one);
  const leaf = one.uri.split("/").at(-1) ?? "";
  const isInterior = VALUES[leaf] === undefined && !leaf.startsWith("Last");
  if (one.name === "Add" || one.name === "Replace") {
    return upstream.code(one.name, one.uri, VALUES[leaf] ?? "", isInterior ? "node" : undefined);
  }
  return upstream.code(one.name, one.uri, one.name === "Exec" ? "0" : undefined);
}

async function bringAbout(upstream: Upstream, { uri, name }: TableCase): Promise<void> {
  const isAdd = name === "Add";
  if (isAdd && uri === EAM) return;
  const leaves = [
    `${EAM}/EnrollmentToken`,
    `${EAM}/StoreProductID/ProductId`,
    `${EAM}/StoreUri`,
    `${EAM}/CertificateSearchCriteria`,
    `${EAM}/CRLCheck`,
    ...(isAdd && uri === P1_DOWNLOAD
      ? []
      : ["Name", "URL", "Version", "DownloadInstall"].map((leaf) => `${P1_DOWNLOAD}/${leaf}`)),
  ].filter((leaf) => !(isAdd && leaf === uri));
  const body = leaves.map((leaf, index) =>
    command("Add", leaf, VALUES[leaf.split("/").at(-1) ?? ""], undefined, String(index + 1)),
  );
  const { statuses } = await upstream.post(
    `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncBody>${body.join("")}</SyncBody></SyncML>`,
  );
  const bad = statuses.find(({ code }) => code !== 200);
  if (bad || statuses.length !== leaves.length) {
    throw new Error(`the nodes cannot be brought about: ${JSON.stringify(statuses)}`);
  }
}
