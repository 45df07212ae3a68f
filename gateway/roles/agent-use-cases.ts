import { readCatalogue, requestByUser } from "../../devices/service/agent/catalogue.ts";
import { checkIn } from "../../devices/service/agent/check-in.ts";
import { type AgentSettings, enrolAgent } from "../../devices/service/agent/enrol.ts";
import { takeResults } from "../../devices/service/agent/take-results.ts";
import { holderOfToken, rotateToken } from "../../devices/service/contact/device-token.ts";
import type { SiteContext } from "../../devices/service/site-context.ts";
import type { AgentUseCases } from "../http/routes/agent.ts";

/** What agents ask of a site: each one a use-case of `devices/service`. */
export function agentUseCases(context: SiteContext, settings: () => AgentSettings): AgentUseCases {
  return {
    enrol: (request, address) => enrolAgent(context, request, { address, settings: settings() }),
    holder: (token) => holderOfToken(context, "agent", token),
    formerly: (id) => context.store.findByAlias("external", id),
    checkIn: (id, told, how) => checkIn(context, id, told, how),
    takeResults: (id, results) => takeResults(context, id, results),
    catalogue: (id) => readCatalogue(context, id),
    requestByUser: (id, distribution) => requestByUser(context, id, distribution),
    rotateToken: (id, token) => rotateToken(context, id, token),
  };
}
