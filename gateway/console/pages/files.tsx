import { AppError } from "../../../devices/model/errors.ts";
import type { Sha256 } from "../../../devices/model/ids.ts";
import { filesOf } from "../../../devices/model/package.ts";
import type { Policy } from "../../../devices/model/policy.ts";
import { KIND_WORDS } from "../../../devices/packages/inspect-file.ts";
import { requireScope } from "../../http/identify.ts";
import { problemOf, problemResponse } from "../../http/problem.ts";
import type { BlobView } from "../../reports/report-reader.ts";
import { Badge } from "../components/badge.tsx";
import { Band } from "../components/band.tsx";
import { CardTable } from "../components/card-table.tsx";
import { Empty } from "../components/empty.tsx";
import { Icon } from "../components/icon.tsx";
import { Live, Page } from "../components/layout.tsx";
import { Way } from "../components/way.tsx";
import type { ConsoleFiles } from "../console-deps.ts";
import type { Kit } from "../kit.tsx";
import { noticesOf } from "../prefill.ts";
import { byteWords, countWords, plural } from "../time-words.ts";
import { url, type View, whyNot } from "../view.ts";
import { BLOB_STATE_WORDS } from "../words.ts";

import { filePage } from "./file-page.tsx";

const NAME_CHARACTERS_MAX = 255;
const STATE_BADGES = {
  wanted: "warn",
  filling: "warn",
  complete: "good",
  quarantined: "bad",
} as const;

/** The files that this gateway has and serves, and the upload. */
export function filePages(kit: Kit): void {
  const { deps } = kit;

  kit.page("/files", async ({ view }) => (
    <FilesPage view={view} files={await deps.files.list()} policy={deps.policy.read()} />
  ));

  kit.pageFor("policy:write", "/files/upload", ({ view }) => <UploadPage view={view} />);

  // The body is the file itself, streamed to the disk: a form would have to be taken apart in memory.
  kit.raw("POST", "/files/upload", async (c) => {
    try {
      const principal = requireScope(c, "policy:write");
      const name = nameFrom(c.req.query("name"));
      const length = c.req.header("Content-Length");
      const { body } = c.req.raw;
      if (c.req.header("Content-Type") !== "application/octet-stream" || body === null) {
        throw new AppError("invalid", "send the file itself as application/octet-stream");
      }
      const upload = {
        name,
        ...(length !== undefined && { declaredBytes: Number(length) }),
      };
      const stored = await deps.files.receive(body, upload);
      await deps.audit.record({
        by: principal,
        action: "file.upload",
        subject: stored.sha256,
        details: { name: stored.name, bytes: stored.bytes },
        address: c.get("address") ?? "",
      });
      const found = await foundIn(deps.files, stored.sha256);
      return c.json({ sha256: stored.sha256, name: stored.name, bytes: stored.bytes, ...found });
    } catch (error) {
      // The client file shows the words beside the file's name.
      if (error instanceof AppError) return problemResponse(problemOf(error, c.get("requestId")));
      throw error;
    }
  });

  // Behind the upload, whose address looks like a file's.
  filePage(kit);
}

/** What the upload tells of a file that has just been stored. */
async function foundIn(
  files: Pick<ConsoleFiles, "describe">,
  sha256: Sha256,
): Promise<{ readonly found: string; readonly notices: readonly string[] }> {
  const contents = await files.describe(sha256);
  if (contents === undefined) return { found: "", notices: [] };
  const { kind, name, version, problem } = contents;
  // The notice says what it begins like.
  if (problem !== null) return { found: "", notices: noticesOf(contents) };
  const product = [name, version].filter((one) => one !== null).join(" ");
  return {
    found: `It is ${KIND_WORDS[kind]}${product && `: ${product}`}.`,
    notices: noticesOf(contents),
  };
}

function FilesPage(props: { view: View; files: readonly BlobView[]; policy: Policy }) {
  const { view, files, policy } = props;
  const bytes = files.reduce((sum, { filledBytes }) => sum + filledBytes, 0);
  const served = files.reduce((sum, { servedBytes }) => sum + servedBytes, 0);
  const users = usersOfFiles(policy);
  return (
    <Page
      view={view}
      title="Content"
      lead="Files by their SHA-256. Devices get them from this gateway, however the line is."
      actions={
        whyNot(view, "policy:write") === undefined && (
          <a class="button primary" href={url(view, "/files/upload")}>
            <Icon view={view} name="upload" />
            Upload
          </a>
        )
      }
    >
      <Live view={view}>
        {files.length > 0 && (
          <div class="tiles">
            <div class="tile">
              <span class="tile-label">Files</span>
              <span class="number">{countWords(files.length)}</span>
            </div>
            <div class="tile">
              <span class="tile-label">On the disk</span>
              <span class="number">{byteWords(bytes)}</span>
            </div>
            <div class="tile">
              <span class="tile-label">Served to devices</span>
              <span class="number">{byteWords(served)}</span>
            </div>
          </div>
        )}
        <section class="card" aria-label="Files">
          {files.length === 0 ? (
            <Empty
              title="There is no file yet"
              words={
                view.role === "hub"
                  ? "Upload the installers here once; sites bring over what they need before it is needed."
                  : "Upload a file here, or let the hub distribute one: it is brought over before the window."
              }
            >
              <Way view={view} scope="policy:write" path="/files/upload" primary>
                Upload a file
              </Way>
            </Empty>
          ) : (
            <CardTable caption="Files" columns={["File", "State", "Size", "Used by", "Served"]}>
              {files.map((file) => (
                <tr id={`file-${file.sha256}`}>
                  <td class="title">
                    <a href={url(view, `/files/${file.sha256}`)}>{file.name}</a>
                    <span class="sub" title={file.sha256}>
                      <code>{file.sha256.slice(0, 16)}…</code>
                    </span>
                  </td>
                  <td data-label="State">
                    <span>
                      <Badge
                        view={view}
                        kind={STATE_BADGES[file.state]}
                        label={BLOB_STATE_WORDS[file.state]}
                      />
                      {file.problem !== null && <span class="sub">{file.problem}</span>}
                      {file.state === "filling" && (
                        <progress
                          max={Math.max(1, file.bytes)}
                          value={file.filledBytes}
                          aria-label={`${byteWords(file.filledBytes)} of ${byteWords(file.bytes)}`}
                        />
                      )}
                    </span>
                  </td>
                  <td data-label="Size" class="nowrap">
                    {byteWords(file.bytes)}
                  </td>
                  <td data-label="Used by">
                    <Users view={view} file={file} users={users.get(file.sha256) ?? []} />
                  </td>
                  <td data-label="Served">
                    <span>
                      {plural(file.servedRequests, "time")}
                      <span class="sub">{byteWords(file.servedBytes)}</span>
                    </span>
                  </td>
                </tr>
              ))}
            </CardTable>
          )}
        </section>
      </Live>
    </Page>
  );
}

function Users(props: { view: View; file: BlobView; users: readonly FileUser[] }) {
  const { view, file, users } = props;
  if (users.length === 0) {
    const mayMake = file.state === "complete" && whyNot(view, "policy:write") === undefined;
    return (
      <span>
        <span class="muted">nothing</span>
        {mayMake && (
          <span class="sub">
            <a href={url(view, "/apps/new", { file: file.sha256 })}>Make an app of it</a>
          </span>
        )}
      </span>
    );
  }
  return (
    <span>
      {users.map(({ app, words }) => (
        <span class="sub">
          <a href={url(view, `/apps/${app}`)}>{words}</a>
        </span>
      ))}
    </span>
  );
}

interface FileUser {
  readonly app: string;
  readonly words: string;
}

function usersOfFiles(policy: Policy): ReadonlyMap<string, readonly FileUser[]> {
  const users = new Map<string, FileUser[]>();
  for (const revision of policy.revisions.values()) {
    const name = policy.packages.get(revision.package)?.name ?? revision.package;
    for (const { sha256 } of filesOf(revision)) {
      const known = users.get(sha256) ?? [];
      known.push({ app: revision.package, words: `${name} ${revision.version}` });
      users.set(sha256, known);
    }
  }
  return users;
}

function UploadPage({ view }: { view: View }) {
  return (
    <Page
      view={view}
      title="Upload files"
      lead="They are stored by their SHA-256, so that the same file twice takes its room once."
      crumbs={[{ label: "Content", path: "/files" }]}
      scripts={["upload.js"]}
    >
      <noscript>
        <Band view={view} kind="warn">
          The upload needs JavaScript. Without it, send the file to the API, see its documentation.
        </Band>
      </noscript>
      <div
        class="drop"
        data-upload
        data-url={url(view, "/files/upload")}
        data-csrf={view.principal?.session.csrfToken ?? ""}
        data-next={url(view, "/apps/new")}
        data-files={url(view, "/files")}
      >
        <Icon view={view} name="upload" />
        <label for="file">Drop files here, or choose them</label>
        <input id="file" type="file" multiple />
      </div>
      <ul class="uploads" id="uploads" aria-live="polite" />
    </Page>
  );
}

function nameFrom(text: string | undefined): string {
  const name = (text ?? "").split(/[\\/]/).at(-1)?.trim() ?? "";
  if (name === "" || name.length > NAME_CHARACTERS_MAX) {
    throw new AppError("invalid", `a file has a name of at most ${NAME_CHARACTERS_MAX} characters`);
  }
  return name;
}
