import { AppError } from "../../../devices/model/errors.ts";
import { parseSha256 } from "../../../devices/model/ids.ts";
import { KIND_WORDS } from "../../../devices/packages/inspect-file.ts";
import type { FileContents, Members } from "../../content/file-contents.ts";
import type { BlobView } from "../../reports/report-reader.ts";
import { Band } from "../components/band.tsx";
import { Card } from "../components/card.tsx";
import { CardTable } from "../components/card-table.tsx";
import { FactList } from "../components/fact-list.tsx";
import { Page } from "../components/layout.tsx";
import type { Kit } from "../kit.tsx";
import { noticesOf } from "../prefill.ts";
import { byteWords, countWords } from "../time-words.ts";
import { url, type View, whyNot } from "../view.ts";

/** One file: what was found in it. */
export function filePage(kit: Kit): void {
  const { deps } = kit;
  kit.page("/files/:sha256", async ({ c, view }) => {
    const sha256 = parseSha256(c.req.param("sha256") ?? "");
    const file = (await deps.files.list()).find((one) => one.sha256 === sha256);
    if (!sha256 || !file) throw new AppError("not-found", "there is no such file");
    return <FilePage view={view} file={file} contents={await deps.files.describe(sha256)} />;
  });
}

function FilePage(props: { view: View; file: BlobView; contents: FileContents | undefined }) {
  const { view, file, contents } = props;
  return (
    <Page
      view={view}
      title={file.name}
      lead={contents && `By its bytes it is ${KIND_WORDS[contents.kind]}.`}
      crumbs={[{ label: "Content", path: "/files" }]}
      actions={
        contents !== undefined &&
        whyNot(view, "policy:write") === undefined && (
          <a class="button primary" href={url(view, "/apps/new", { file: file.sha256 })}>
            Make an app of it
          </a>
        )
      }
    >
      {contents === undefined ? (
        <Band view={view} kind="warn">
          The file is not whole here yet, so nothing was read of it.
        </Band>
      ) : (
        noticesOf(contents).map((notice) => (
          <Band view={view} kind={contents.problem === null ? "warn" : "bad"}>
            {notice}
          </Band>
        ))
      )}
      <Card title="What it says of itself">
        <FactList entries={detailsOf(file, contents)} />
      </Card>
      {contents?.members && <MembersCard members={contents.members} />}
    </Page>
  );
}

function MembersCard({ members: { count, listed } }: { members: Members }) {
  const hasVersions = listed.some(({ version }) => version !== null);
  return (
    <Card title={`Files inside: ${countWords(count)}`}>
      <CardTable caption="Files inside" columns={["File", "Size", hasVersions && "Version"]}>
        {listed.map(({ path, bytes, version }) => (
          <tr>
            <td class="title">{path}</td>
            <td data-label="Size" class="nowrap">
              {byteWords(bytes)}
            </td>
            {hasVersions && <td data-label="Version">{version ?? "none"}</td>}
          </tr>
        ))}
      </CardTable>
      {count > listed.length && (
        <p class="small muted">The first {countWords(listed.length)} of them are shown.</p>
      )}
    </Card>
  );
}

type Detail = readonly [label: string, value: string];

/** What there is to say, in the order in which people ask. */
function detailsOf(file: BlobView, contents: FileContents | undefined): readonly Detail[] {
  const { pe, msi, appx, xap, apk, swu, mender } = contents ?? {};
  const signed = swu?.isSigned ?? mender?.isSigned;
  const all: readonly (readonly [string, string | number | null | undefined])[] = [
    ["Name", contents?.name],
    ["Publisher", contents?.publisher],
    ["Version", contents?.version],
    ["Product version", pe?.productVersion],
    ["Processor", contents?.architecture],
    ["ProductCode", msi?.productCode],
    ["UpgradeCode", msi?.upgradeCode],
    ["Product id", xap?.productId],
    ["Package family name", appx?.familyName],
    ["Package full name", appx?.fullName],
    ["Needs at least Windows", appx?.minimumOsVersion],
    ["Package", apk?.packageName],
    ["Version code", apk?.versionCode],
    ["Lowest API level", apk?.minSdk],
    ["Made for API level", apk?.targetSdk],
    ["Hardware", swu?.hardware.join(", ")],
    ["Device types", mender?.deviceTypes.join(", ")],
    ["Payloads", mender?.payloadTypes.join(", ")],
    ["Signature", signed === undefined ? null : signed ? "there is one" : "none"],
    ["Size", byteWords(file.bytes)],
    ["SHA-256", file.sha256],
    ["MD5", file.md5],
  ];
  return all.flatMap(([label, value]) =>
    value === null || value === undefined || value === "" ? [] : [[label, String(value)] as const],
  );
}
