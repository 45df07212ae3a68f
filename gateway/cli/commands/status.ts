import { z } from "zod";
import { ApiClient } from "../../client/api-client.ts";
import { command, JSON_ARG } from "../command.ts";
import { loadRoleConfig } from "../config-args.ts";
import { EXIT } from "../exit-codes.ts";
import { siteUrl } from "../options.ts";
import { styled } from "../terminal.ts";

/** What /readyz answers, whatever its status. */
const Readiness = z.object({
  checks: z.array(z.object({ name: z.string(), ok: z.boolean(), reason: z.string().optional() })),
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
    const { checks } = Readiness.parse(await response.json());
    const ready = response.ok;
    if (args.json) {
      terminal.out(JSON.stringify({ url, ready, checks }));
    } else {
      terminal.out(`${url} is ${ready ? "ready" : "not ready"}.`);
      for (const { name, ok, reason } of checks) {
        const mark = ok ? styled(terminal, "green", "ok") : styled(terminal, "red", "no");
        terminal.out(`  ${mark}  ${name}${reason === undefined ? "" : `: ${reason}`}`);
      }
    }
    return ready ? EXIT.ok : EXIT.negative;
  },
});
