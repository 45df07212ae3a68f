import type { Term } from "../../../devices/filter/filter.ts";
import { metricNotes } from "../../../devices/install/agent-install-checks.ts";
import { type Action, CRITICAL_DEFAULT } from "../../../devices/model/install-action.ts";
import {
  METRIC_KINDS,
  type NumberedMetric,
  OPERATORS,
  VERSION_FIELDS,
  VERSION_PARTS,
} from "../../../devices/model/metric.ts";
import {
  type AgentInstall,
  type DdiInstall,
  filesOf,
  type Package,
  type PackageFile,
  type Revision,
} from "../../../devices/model/package.ts";
import { CsrfField, Action as DoIt, PostForm } from "../components/action.tsx";
import { Band } from "../components/band.tsx";
import { Card } from "../components/card.tsx";
import { Empty } from "../components/empty.tsx";
import { Fact } from "../components/fact-list.tsx";
import { SelectField, TextField } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import { Icon } from "../components/icon.tsx";
import { Page } from "../components/layout.tsx";
import { TargetFields } from "../components/step-fields.tsx";
import { When } from "../components/when.tsx";
import type { FormState } from "../form-state.ts";
import {
  actionWords,
  CRITICAL_WORDS,
  metricWords,
  OPERATOR_WORDS,
  targetWords,
} from "../step-words.ts";
import { byteWords, countWords } from "../time-words.ts";
import { rowsUrl, url, type View, whyNot } from "../view.ts";
import { asSentence } from "../words.ts";
import { channelWords, targetingWords } from "./revision-words.ts";

export interface RevisionPageProps {
  readonly view: View;
  readonly app: Package;
  readonly revision: Revision;
  /** The form that adds a metric. */
  readonly form: FormState;
  /** Why its metrics stay as they are. */
  readonly fixed: string | undefined;
  /** How far its file is, while a vendor's is being fetched. */
  readonly source: string | undefined;
  /** Its rows on devices. */
  readonly rows: readonly Term[];
  /** What of it some devices cannot do. */
  readonly notes: readonly string[];
}

export function RevisionPage(props: RevisionPageProps) {
  const { view, app, revision, source, rows, notes } = props;
  const { agent, ddi, mender } = revision;
  const reason = whyNot(view, "policy:write");
  const files = filesOf(revision);
  return (
    <Page
      view={view}
      title={`${app.name} ${revision.version}`}
      crumbs={[
        { label: "Apps", path: "/apps" },
        { label: app.name, path: `/apps/${app.id}` },
      ]}
      actions={
        <>
          <a class="button" href={rowsUrl(view, rows)}>
            Its devices
          </a>
          {reason === undefined && (
            <a
              class="button primary"
              href={url(view, "/distributions/new", { app: app.id, revision: revision.id })}
            >
              <Icon view={view} name="send" />
              Distribute
            </a>
          )}
        </>
      }
    >
      {notes.length > 0 && (
        <Band view={view} kind="warn">
          {notes.map((note) => (
            <div>{asSentence(note)}</div>
          ))}
        </Band>
      )}
      <Card title="The version">
        <dl class="facts">
          <Fact label="How it gets onto devices">{channelWords(revision)}</Fact>
          <Fact label="For">{targetingWords(revision)}</Fact>
          <Fact label="Made">
            <When view={view} at={revision.createdAtMs} />
          </Fact>
          <Fact label="Id">
            <code class="path">{revision.id}</code>
          </Fact>
          {source !== undefined && <Fact label="File">{source}</Fact>}
          {mender && <Fact label="Artifact">{mender.artifactName}</Fact>}
          {mender && <Fact label="Device types">{mender.deviceTypes.join(", ")}</Fact>}
        </dl>
      </Card>
      {agent && <StepCards agent={agent} />}
      {ddi && <Modules ddi={ddi} />}
      {!ddi && files.length > 0 && (
        <Card title="Files" flush>
          <FileTable files={files} />
        </Card>
      )}
      {agent && <Metrics {...props} agent={agent} />}
    </Page>
  );
}

function StepCards({ agent: { actions, uninstall } }: { agent: AgentInstall }) {
  return (
    <>
      <Card title="What it does">
        <StepsInWords steps={actions} />
      </Card>
      <Card title="What takes it off again">
        {uninstall.length === 0 ? (
          <p class="muted">Nothing: it cannot be uninstalled.</p>
        ) : (
          <StepsInWords steps={uninstall} />
        )}
      </Card>
    </>
  );
}

/** What is usual is said once, and not at each step. */
function StepsInWords({ steps }: { steps: readonly Action[] }) {
  return (
    <>
      {steps.length > 1 && (
        <p class="small muted">
          When a step fails, those after it do not run, unless it says otherwise.
        </p>
      )}
      <ol class="spoken">
        {steps.map((step, n) => {
          const target = targetWords(step.targeting);
          const isUsual = step.critical === CRITICAL_DEFAULT || n === steps.length - 1;
          return (
            <li>
              {actionWords(step)}
              {(target !== null || !isUsual) && (
                <span class="sub">
                  {target !== null && `On ${target} alone. `}
                  {!isUsual && `The following steps run ${CRITICAL_WORDS[step.critical]}.`}
                </span>
              )}
            </li>
          );
        })}
      </ol>
    </>
  );
}

function FileTable({ files }: { files: readonly PackageFile[] }) {
  return (
    <div class="table-box">
      <table class="cards">
        <caption class="visually-hidden">Files</caption>
        <thead>
          <tr>
            <th scope="col">File</th>
            <th scope="col" class="num">
              Size
            </th>
            <th scope="col">SHA-256</th>
          </tr>
        </thead>
        <tbody>
          {files.map((file) => (
            <tr>
              <td class="title">{file.name}</td>
              <td data-label="Size" class="num">
                {byteWords(file.bytes)}
              </td>
              <td data-label="SHA-256">
                <code>{file.sha256.slice(0, 16)}…</code>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Modules({ ddi: { handling, chunks } }: { ddi: DdiInstall }) {
  return (
    <>
      {chunks.map(({ part, name, version, files, metadata }) => (
        <Card title={`${name} ${version} (${part})`} aside={`${handling} update`} flush>
          <FileTable files={files} />
          {metadata.length > 0 && (
            <p class="small muted body">
              {metadata.map(({ key, value }) => `${key} = ${value}`).join(", ")}
            </p>
          )}
        </Card>
      ))}
    </>
  );
}

function Metrics(props: RevisionPageProps & { readonly agent: AgentInstall }) {
  const { view, app, revision, fixed, agent, form } = props;
  const reason = whyNot(view, "policy:write") ?? (fixed && `Not any more: ${fixed}`);
  const path = `/apps/${app.id}/revisions/${revision.id}/metrics`;
  const { metrics, files } = agent;
  return (
    <>
      {metricNotes(agent).map((note) => (
        <Band view={view} kind="warn">
          {note}
        </Band>
      ))}
      <Card title="When a device needs it" flush>
        {metrics.length === 0 ? (
          <Empty
            title="No metric yet"
            words="Without any, the steps run once on each device. With some, they run when one of them does not hold, also later, when a file was changed."
          />
        ) : (
          <MetricTable view={view} path={path} metrics={metrics} reason={reason} />
        )}
        <div class="body">
          <DoIt
            view={view}
            path={`${path}/generate`}
            label="Generate from the files"
            whyNot={reason}
          />
          <p class="hint">
            The version of files that have one, the MD5 of others, each where the steps leave it.
            Values are computed here; nobody types them.
          </p>
        </div>
      </Card>
      {reason === undefined && files.length > 0 && (
        <Card title="Add a metric">
          <AddMetric view={view} path={`${path}/add`} form={form} files={files} />
        </Card>
      )}
    </>
  );
}

interface MetricTableProps {
  readonly view: View;
  readonly path: string;
  readonly metrics: readonly NumberedMetric[];
  readonly reason: string | undefined;
}

function MetricTable({ view, path, metrics, reason }: MetricTableProps) {
  return (
    <div class="table-box">
      <table class="cards">
        <caption class="visually-hidden">Metrics</caption>
        <thead>
          <tr>
            <th scope="col">File on the device</th>
            <th scope="col">Is as it should be when it</th>
            <th scope="col">Value, computed</th>
            <th scope="col">Of</th>
            <th scope="col">
              <span class="visually-hidden">Changes</span>
            </th>
          </tr>
        </thead>
        <tbody>
          {metrics.map((metric) => (
            <tr id={`metric-${metric.number}`}>
              <td class="title">
                <code class="path">{metric.file}</code>
                <span class="sub">
                  Metric {metric.number}
                  {targetWords(metric.targeting) && `, on ${targetWords(metric.targeting)} alone`}
                </span>
              </td>
              <td data-label="Holds when it">{metricWords(metric)}</td>
              <td data-label="Value">
                <code class="path">{valueWords(metric)}</code>
              </td>
              <td data-label="Of">
                {metric.source.virtualFile === null
                  ? metric.source.file
                  : `${metric.source.virtualFile} in ${metric.source.file}`}
              </td>
              <td class="wide">
                {reason === undefined && (
                  <div class="buttons">
                    {metric.kind !== "FileHash" && (
                      <OperatorForm view={view} path={`${path}/change`} metric={metric} />
                    )}
                    <PostForm view={view} path={`${path}/remove`}>
                      <input type="hidden" name="number" value={metric.number} />
                      <button type="submit" aria-label={`Remove metric ${metric.number}`}>
                        Remove
                      </button>
                    </PostForm>
                  </div>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function OperatorForm(props: {
  readonly view: View;
  readonly path: string;
  readonly metric: Exclude<NumberedMetric, { kind: "FileHash" }>;
}) {
  const { view, path, metric } = props;
  return (
    <form method="post" action={url(view, path)} class="inline">
      <CsrfField view={view} />
      <input type="hidden" name="number" value={metric.number} />
      <select name="operator" aria-label={`Operator of metric ${metric.number}`}>
        {OPERATORS.map((value) => (
          <option value={value} selected={value === metric.operator}>
            {value}, {OPERATOR_WORDS[value]}
          </option>
        ))}
      </select>
      <button type="submit" aria-label={`Change metric ${metric.number}`}>
        Change
      </button>
    </form>
  );
}

function valueWords(metric: NumberedMetric): string {
  switch (metric.kind) {
    case "FileHash":
      return metric.hash;
    case "FileVersion":
      return metric.value;
    case "FileSize":
      return `${countWords(metric.size)} bytes`;
  }
}

const KIND_OPTIONS = METRIC_KINDS.map((value) => ({
  value,
  label: { FileHash: "its MD5", FileVersion: "its version", FileSize: "its size" }[value],
}));

function AddMetric(props: {
  readonly view: View;
  readonly path: string;
  readonly form: FormState;
  readonly files: readonly PackageFile[];
}) {
  const { view, path, form, files } = props;
  return (
    <PostForm view={view} path={path} class="sheet">
      <FormProblem view={view} form={form} />
      <div class="field-row">
        <SelectField
          form={form}
          name="kind"
          label="Compare"
          shows
          options={KIND_OPTIONS}
          value="FileVersion"
        />
        <TextField
          form={form}
          name="file"
          label="Of the file on the device"
          placeholder="\Program Files\My App\app.exe"
        />
      </div>
      <div class="field-row">
        <SelectField
          form={form}
          name="source"
          label="With this file of the version"
          options={files.map(({ name }) => ({ value: name, label: name }))}
        />
        <TextField
          form={form}
          name="virtualFile"
          label="Or a file inside it"
          hint="Its path in the CAB. wceload deletes a CAB, so compare what was in it."
        />
      </div>
      <div data-when="kind" data-is="FileVersion FileSize">
        <SelectField
          form={form}
          name="operator"
          label="As it should be: what the device has is"
          options={OPERATORS.map((value) => ({
            value,
            label: `${value}, ${OPERATOR_WORDS[value]} it`,
          }))}
        />
      </div>
      <div class="field-row" data-when="kind" data-is="FileVersion">
        <SelectField
          form={form}
          name="field"
          label="Version of the"
          options={VERSION_FIELDS.map((value) => ({ value, label: value.toLowerCase() }))}
        />
        <SelectField
          form={form}
          name="part"
          label="Which part of it"
          options={[
            { value: "", label: "all of it" },
            ...VERSION_PARTS.map((value) => ({ value, label: `${value} alone` })),
          ]}
        />
      </div>
      <TargetFields form={form} />
      <div class="buttons">
        <button type="submit">Add the metric</button>
      </div>
    </PostForm>
  );
}
