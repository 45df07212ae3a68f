import { AppError } from "../../../devices/model/errors.ts";
import { recordAction } from "../../http/audited.ts";
import type { BackupSummary, Backups } from "../../http/use-cases.ts";
import { Action } from "../components/action.tsx";
import { Card } from "../components/card.tsx";
import { CardTable } from "../components/card-table.tsx";
import { Empty } from "../components/empty.tsx";
import { Page } from "../components/layout.tsx";
import { When } from "../components/when.tsx";
import type { Kit } from "../kit.tsx";
import { byteWords, plural } from "../time-words.ts";
import type { View } from "../view.ts";

/** Backups that this gateway made of itself, and one more. */
export function backupPages(kit: Kit): void {
  const { deps } = kit;
  const { audit, backups } = deps;

  kit.pageFor("backups:write", "/settings/backups", ({ view }) => backupsPage(view, backups));

  kit.form("backups:write", "/settings/backups", async (visit) => {
    const made = await backups.make(undefined);
    await recordAction(audit, visit.c, "backup.create", made.name, { folder: made.folder });
    return kit.done(visit.c, "/settings/backups", `The backup ${made.name} was made and verified.`);
  });

  kit.form("backups:write", "/settings/backups/:name/remove", async (visit) => {
    const name = visit.c.req.param("name") ?? "";
    if (!(await backups.remove(name))) throw new AppError("not-found", "there is no such backup");
    await recordAction(audit, visit.c, "backup.remove", name);
    return kit.done(visit.c, "/settings/backups", `The backup ${name} was removed.`);
  });
}

async function backupsPage(view: View, backups: Backups) {
  const made = await backups.list();
  return (
    <Page
      view={view}
      title="Backups"
      crumbs={[{ label: "Settings", path: "/settings" }]}
      lead={`Of the databases, verified, while the gateway works. The newest ${backups.kept} are kept; copy them to another machine.`}
      actions={
        <Action
          view={view}
          path="/settings/backups"
          label="Make a backup"
          kind="primary"
          confirm="Make a backup now? The gateway stands still for about a second for 100 MB."
        />
      }
    >
      <section class="card" aria-label="Backups">
        {made.length === 0 ? (
          <Empty
            title="No backup was made yet"
            words="Make one here, or let a job do it: outpost backup, with an API token that has the scope backups:write."
          />
        ) : (
          <BackupTable view={view} backups={made} />
        )}
      </section>
      <Card title="When the box is lost">
        <p>
          On the new box: <code>outpost restore FOLDER --data-dir NEW</code>, then start it there.
          Files of packages are listed in a backup, not carried.
        </p>
      </Card>
    </Page>
  );
}

function BackupTable({ view, backups }: { view: View; backups: readonly BackupSummary[] }) {
  return (
    <CardTable caption="Backups" columns={["Backup", "Made", "Databases", "Actions"]}>
      {backups.map((backup) => (
        <tr id={`backup-${backup.name}`}>
          <td class="title">
            {backup.name}
            <span class="sub">{backup.folder}</span>
          </td>
          <td data-label="Made">
            <When view={view} at={backup.madeAtMs} stacked />
          </td>
          <td data-label="Databases">
            <span>
              {backup.databases.map(({ bytes, files, isEncrypted, name }) => (
                <span class="sub">
                  {name}: {byteWords(bytes)}
                  {isEncrypted ? ", encrypted" : ""}, lists {plural(files, "file", "files")}
                </span>
              ))}
            </span>
          </td>
          <td data-label="Actions">
            <Action
              view={view}
              path={`/settings/backups/${backup.name}/remove`}
              label="Remove"
              kind="danger"
              confirm={`Remove the backup ${backup.name}?`}
            />
          </td>
        </tr>
      ))}
    </CardTable>
  );
}
