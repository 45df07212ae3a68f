import type { DistributionSet } from "../../../devices/model/ddi-catalogue.ts";
import { assignSet } from "../../../devices/service/ddi/management/assign.ts";
import {
  isSetComplete,
  makeSets,
  modulesOf,
  needSet,
  removeSet,
} from "../../../devices/service/ddi/management/catalogue.ts";
import type { ManagementContext } from "../../../devices/service/ddi/management/management-context.ts";
import { assignmentJson, type HrefOf, setJson } from "../../../protocols/ddi/management/answers.ts";
import { pageOf, readPage, sortedBy } from "../../../protocols/ddi/management/paging.ts";
import { readAssignments, readSets } from "../../../protocols/ddi/management/requests.ts";
import { ProtocolError } from "../../../protocols/errors.ts";
import { type AddRoute, nothing, numberIn, say } from "./door.ts";
import { NAMED_SORTS, namedKey } from "./modules.ts";

/** `distributionsets`: modules that are assigned together. */
export function setRoutes(add: AddRoute, management: ManagementContext): void {
  const { catalogue } = management;

  add("GET", "/distributionsets", "reports:read", async ({ c, href }) => {
    const query = readPage(c.req.query(), NAMED_SORTS);
    const present = catalogue.sets().filter(({ deleted }) => !deleted);
    const page = pageOf(sortedBy(present, query.sort, namedKey), query);
    return say(c, {
      ...page,
      content: page.content.map((one) => setAnswer(management, one, href)),
    });
  });

  add("POST", "/distributionsets", "policy:write", async (visit) => {
    const { c, by, href } = visit;
    const made = await makeSets(management, readSets(await visit.body()), by);
    for (const { id, name, version } of made) {
      await visit.record("ddi.set.create", String(id), { name, version });
    }
    return say(
      c,
      made.map((one) => setAnswer(management, one, href)),
      201,
    );
  });

  add("GET", "/distributionsets/:set", "reports:read", async ({ c, href }) => {
    const id = numberIn(c, "set");
    return say(c, setAnswer(management, needSet(catalogue.set(id), id), href));
  });

  add("POST", "/distributionsets/:set/assignedTargets", "policy:write", async (visit) => {
    const { c, by, href } = visit;
    if (c.req.query("offline") === "true") {
      throw new ProtocolError("management-offline", "offline: a device says itself what it has");
    }
    const id = numberIn(c, "set");
    const wanted = readAssignments(await visit.body());
    const { actions, alreadyAssigned } = await assignSet(management, id, wanted, by);
    const targets = actions.map(({ controllerId }) => controllerId);
    await visit.record("ddi.set.assign", String(id), { targets });
    return say(c, assignmentJson(actions, alreadyAssigned, href));
  });

  add("DELETE", "/distributionsets/:set", "policy:write", async (visit) => {
    const id = numberIn(visit.c, "set");
    await removeSet(management, id, visit.by);
    await visit.record("ddi.set.remove", String(id));
    return nothing();
  });
}

export function setAnswer(management: ManagementContext, set: DistributionSet, href: HrefOf) {
  const modules = modulesOf(management, set);
  return setJson({ ...set, modules, complete: isSetComplete(set, modules) }, href);
}
