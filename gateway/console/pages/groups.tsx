import { fieldIs, printFilter } from "../../../devices/filter/filter.ts";
import type { DeviceGroup } from "../../../devices/model/distribution.ts";
import { AppError } from "../../../devices/model/errors.ts";
import { parseGroupName } from "../../../devices/model/ids.ts";
import type { Policy } from "../../../devices/model/policy.ts";
import { recordAction } from "../../http/audited.ts";
import { groupFrom } from "../authoring.ts";
import { Action, PostForm } from "../components/action.tsx";
import { CardTable } from "../components/card-table.tsx";
import { Empty } from "../components/empty.tsx";
import { SelectField, TextArea, TextField } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import { Live, Page } from "../components/layout.tsx";
import { Way } from "../components/way.tsx";
import { type FormState, FRESH_FORM } from "../form-state.ts";
import type { FormVisit, Kit, Visit } from "../kit.tsx";
import { countWords, plural } from "../time-words.ts";
import { rowsUrl, url, type View, whyNot } from "../view.ts";

/** Named sets of devices, by a list or by a filter. */
export function groupPages(kit: Kit): void {
  const { deps } = kit;

  kit.page("/groups", async ({ view }) => {
    const policy = deps.policy.read();
    const groups = [...policy.groups.values()];
    const members = await Promise.all(
      groups.map(({ name }) => deps.reports.countDevices([fieldIs("group", name)])),
    );
    const rows = groups.map((group, index) => ({ group, members: members[index] ?? 0 }));
    return <ListPage view={view} rows={rows} policy={policy} />;
  });

  kit.pageFor("policy:write", "/groups/new", ({ view }) => (
    <FormPage view={view} form={FRESH_FORM} />
  ));

  kit.form(
    "policy:write",
    "/groups/new",
    async (visit) => {
      const group = groupFrom(visit.form);
      if (deps.policy.read().groups.has(group.name)) {
        throw new AppError("unprocessable", "the name is taken", {
          fields: [{ pointer: "/name", message: "there is a group of this name already" }],
        });
      }
      await save(visit, group);
      await recordAction(deps.audit, visit.c, "group.create", group.name);
      return kit.done(visit.c, "/groups", `The group ${group.name} is known now.`);
    },
    ({ view, form }) => <FormPage view={view} form={form} />,
  );

  kit.pageFor("policy:write", "/groups/:name/edit", (visit) => (
    <FormPage view={visit.view} form={FRESH_FORM} group={needGroup(visit)} />
  ));

  kit.form(
    "policy:write",
    "/groups/:name/edit",
    async (visit) => {
      const group = groupFrom(visit.form, needGroup(visit));
      await save(visit, group);
      await recordAction(deps.audit, visit.c, "group.change", group.name);
      return kit.done(visit.c, "/groups", `The group ${group.name} was changed.`);
    },
    (visit) => <FormPage view={visit.view} form={visit.form} group={needGroup(visit)} />,
  );

  kit.form("policy:write", "/groups/:name/remove", async (visit) => {
    const { name } = needGroup(visit);
    await deps.author.write([{ kind: "group", id: name, body: null }], visit.principal.name);
    await recordAction(deps.audit, visit.c, "group.remove", name);
    return kit.done(visit.c, "/groups", `The group ${name} was removed.`);
  });

  function save(visit: FormVisit, group: DeviceGroup): Promise<void> {
    const change = { kind: "group", id: group.name, body: { ...group } } as const;
    return deps.author.write([change], visit.principal.name);
  }

  function needGroup({ c }: Visit | FormVisit): DeviceGroup {
    const name = parseGroupName(c.req.param("name") ?? "");
    const group = name && deps.policy.read().groups.get(name);
    if (!group) throw new AppError("not-found", "there is no such group");
    return group;
  }
}

interface Row {
  readonly group: DeviceGroup;
  readonly members: number;
}

function ListPage(props: { view: View; rows: readonly Row[]; policy: Policy }) {
  const { view, rows, policy } = props;
  const reason = whyNot(view, "policy:write");
  return (
    <Page
      view={view}
      title="Groups"
      lead="Named sets of devices, for distributions and windows."
      actions={
        reason === undefined && (
          <a class="button primary" href={url(view, "/groups/new")}>
            New group
          </a>
        )
      }
    >
      <Live view={view}>
        <section class="card" aria-label="Groups">
          {rows.length === 0 ? (
            <Empty
              title="There is no group yet"
              words="A group helps to try a version on a few devices first, or to give some their own window."
            >
              <Way view={view} scope="policy:write" path="/groups/new" primary>
                Make a group
              </Way>
            </Empty>
          ) : (
            <CardTable
              caption="Groups"
              columns={["Group", "Members", "Devices", "Used by", "Actions"]}
            >
              {rows.map(({ group, members }) => (
                <tr id={`group-${group.name.replaceAll(" ", "_")}`}>
                  <td class="title">
                    {group.name}
                    {group.description !== "" && <span class="sub">{group.description}</span>}
                  </td>
                  <td data-label="Members">
                    {group.members.kind === "list" ? (
                      `a list of ${plural(group.members.devices.length, "name")}`
                    ) : (
                      <code>{group.members.filter || "every device"}</code>
                    )}
                  </td>
                  <td data-label="Devices">
                    <span>
                      <a href={devicesUrl(view, group)} data-count={members}>
                        {countWords(members)}
                      </a>
                      <span class="sub">
                        <a href={rowsUrl(view, [fieldIs("group", group.name)])}>installations</a>
                      </span>
                    </span>
                  </td>
                  <td data-label="Used by">{usersOf(policy, group)}</td>
                  <td data-label="Actions">
                    <div class="buttons">
                      {reason === undefined && (
                        <a
                          class="button"
                          href={url(view, `/groups/${encodeURIComponent(group.name)}/edit`)}
                        >
                          Edit
                        </a>
                      )}
                      <Action
                        view={view}
                        path={`/groups/${encodeURIComponent(group.name)}/remove`}
                        label="Remove"
                        kind="danger"
                        confirm={`Remove the group ${group.name}?`}
                        whyNot={reason ?? whyNotRemove(policy, group)}
                      />
                    </div>
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

function FormPage(props: { view: View; form: FormState; group?: DeviceGroup }) {
  const { view, form, group } = props;
  const members = group?.members;
  return (
    <Page
      view={view}
      title={group ? `Edit ${group.name}` : "New group"}
      crumbs={[{ label: "Groups", path: "/groups" }]}
    >
      <PostForm
        view={view}
        path={group ? `/groups/${encodeURIComponent(group.name)}/edit` : "/groups/new"}
        class="sheet"
      >
        <FormProblem view={view} form={form} />
        <fieldset>
          <legend>The group</legend>
          {!group && (
            <TextField form={form} name="name" label="Name" placeholder="Handhelds" required />
          )}
          <TextField
            form={form}
            name="description"
            label="Description"
            value={group?.description ?? ""}
          />
          <SelectField
            form={form}
            name="kind"
            label="Members"
            value={members?.kind ?? "filter"}
            shows
            options={[
              { value: "filter", label: "Devices that fit a filter, also later ones" },
              { value: "list", label: "A list of devices" },
            ]}
          />
          <div data-when="kind" data-is="filter">
            <TextField
              form={form}
              name="filter"
              label="Filter"
              hint="Written as above the list of devices."
              placeholder={'platform:windows model:"TC*"'}
              value={members?.kind === "filter" ? members.filter : ""}
            />
          </div>
          <div data-when="kind" data-is="list">
            <TextArea
              form={form}
              name="devices"
              label="Devices"
              hint="One per line: name, id, or the device's own id."
              rows={8}
              value={members?.kind === "list" ? members.devices.join("\n") : ""}
            />
          </div>
        </fieldset>
        <div class="buttons">
          <button type="submit" class="primary">
            Save the group
          </button>
          <a class="button" href={url(view, "/groups")}>
            Cancel
          </a>
        </div>
      </PostForm>
    </Page>
  );
}

function devicesUrl(view: View, group: DeviceGroup): string {
  return url(view, "/devices", { filter: printFilter([fieldIs("group", group.name)]) });
}

function usersOf(policy: Policy, group: DeviceGroup): string {
  const distributions = policy.distributions.filter(
    ({ target, stoppedAtMs }) =>
      target.kind === "group" && target.group === group.name && stoppedAtMs === null,
  ).length;
  const windows = policy.windows.filter(
    ({ scope }) => scope.kind === "group" && scope.group === group.name,
  ).length;
  if (distributions === 0 && windows === 0) return "nothing";
  const parts = [
    distributions > 0 ? plural(distributions, "distribution") : undefined,
    windows > 0 ? plural(windows, "window") : undefined,
  ];
  return parts.filter(Boolean).join(" and ");
}

function whyNotRemove(policy: Policy, group: DeviceGroup): string | undefined {
  const users = usersOf(policy, group);
  return users === "nothing" ? undefined : `Still used by ${users}`;
}
