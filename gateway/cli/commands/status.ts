import { z } from "zod";
import { ApiClient } from "../../client/api-client.ts";
import { command, JSON_ARG } from "../command.ts";
import { loadRoleConfig } from "../config-args.ts";
import { EXIT } from "../exit-codes.ts";
import { siteUrl } from "../options.ts";
import { styled } from "../terminal.ts";

/** What /readyz answers, whatever its status. */
const Readiness = z.object({
  ready: z.boolean(),
  checks: z.array(z.object({ name: z.string(), problem: z.string().nullable() })),
});

/** `outpost status`: is the gateway on this machine (or at --url) ready? Also the image's health check. */
export const statusCommand = command({
  about: "Ask a running gateway whether it is ready.",
  args: {
    url: {
      type: "string",
      valueHint: "URL",
      description: "Its address; else this machine and the configured port.",
    },
    config: { type: "string", valueHint: "FILE", description: "Configuration file." },
    ...JSON_ARG,
  },
  run: async (args, terminal) => {
    const url =
      args.url === undefined
        ? `http://127.0.0.1:${loadRoleConfig("both", args, terminal).config.port}`
        : siteUrl(args.url);
    const response = await new ApiClient(url, undefined).raw("/readyz", {});
    const readiness = Readiness.parse(await response.json());
    if (args.json) {
      terminal.out(JSON.stringify({ url, ...readiness }));
    } else {
      terminal.out(`${url} is ${readiness.ready ? "ready" : "not ready"}.`);
      for (const { name, problem } of readiness.checks) {
        const mark =
          problem === null ? styled(terminal, "green", "ok") : styled(terminal, "red", "no");
        terminal.out(`  ${mark}  ${name}${problem === null ? "" : `: ${problem}`}`);
      }
    }
    return readiness.ready ? EXIT.ok : EXIT.negative;
  },
});
