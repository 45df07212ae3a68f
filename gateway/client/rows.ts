import { z } from "zod";
import type { ApiClient } from "./api-client.ts";

const PAGE_ROWS = 500;

/** What is needed of an installation to show and to compare it. */
export const Installation = z.object({
  id: z.string(),
  site: z.string(),
  deviceName: z.string(),
  package: z.string(),
  packageName: z.string(),
  status: z.string(),
  statusLabel: z.string(),
  state: z.string().nullable(),
  bucket: z.string(),
  operation: z.string(),
  targetVersion: z.string(),
  version: z.string().nullable(),
  attempt: z.number(),
  observed: z.string(),
  source: z.string().nullable(),
  nativeValue: z.string().nullable(),
  lastErrorHex: z.string().nullable(),
  lastErrorText: z.string().nullable(),
  reason: z.string().nullable(),
});
export type Installation = z.infer<typeof Installation>;

/** Every installation that `filter` holds for, page by page. */
export async function allInstallations(
  client: ApiClient,
  filter: string,
): Promise<readonly Installation[]> {
  const rows: Installation[] = [];
  let cursor: string | null = null;
  do {
    const query: URLSearchParams = new URLSearchParams({ filter, limit: String(PAGE_ROWS) });
    if (cursor !== null) query.set("cursor", cursor);
    const page: z.infer<typeof Page> = await client.request(`/api/v1/installations?${query}`, Page);
    rows.push(...page.rows);
    cursor = page.next;
  } while (cursor !== null);
  return rows;
}

const Page = z.object({ rows: z.array(Installation), next: z.string().nullable() });
