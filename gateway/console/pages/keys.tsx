import { fieldError } from "../../../devices/model/errors.ts";
import { FORMER_LINKS_HOURS_MAX, rotateKeys } from "../../http/routes/keys.ts";
import type { SiteSecrets, SiteSecretsView } from "../../http/use-cases.ts";
import { PostForm } from "../components/action.tsx";
import { Band } from "../components/band.tsx";
import { Card } from "../components/card.tsx";
import { Fact } from "../components/fact-list.tsx";
import { SelectField } from "../components/field.tsx";
import { FormProblem } from "../components/form-problem.tsx";
import { Live, Page } from "../components/layout.tsx";
import { When } from "../components/when.tsx";
import { type FormState, FRESH_FORM } from "../form-state.ts";
import type { Kit } from "../kit.tsx";
import type { View } from "../view.ts";

const NOTICES = {
  waits: "New keys were made. They hold once the hub has heard of them.",
  done: "New keys hold from now on.",
  "under-way": "New keys wait for the hub already: nothing was changed.",
} as const;

/** At a site: its own keys, and new ones in their place. */
export function keyPages(kit: Kit): void {
  const { deps } = kit;
  const { site } = deps;
  if (!site) return;
  const { secrets } = site;

  kit.pageFor("settings:write", "/settings/keys", ({ view }) =>
    keysPage(view, secrets, FRESH_FORM),
  );

  kit.form("settings:write", "/settings/keys/hub", async (visit) => {
    const outcome = await rotateKeys({ secrets, audit: deps.audit }, visit.c, ["hub-keys"]);
    return kit.done(visit.c, "/settings/keys", NOTICES[outcome ?? "under-way"]);
  });

  kit.form(
    "settings:write",
    "/settings/keys/device-links",
    async (visit) => {
      const hours = Number(visit.form.value("formerLinksHours") || Number.NaN);
      if (!Number.isInteger(hours) || hours < 0 || hours > FORMER_LINKS_HOURS_MAX) {
        throw fieldError("/formerLinksHours", `0 to ${FORMER_LINKS_HOURS_MAX} hours`);
      }
      await rotateKeys({ secrets, audit: deps.audit }, visit.c, ["device-links"], hours);
      return kit.done(visit.c, "/settings/keys", "A new key signs the links from now on.");
    },
    ({ view, form }) => keysPage(view, secrets, form),
  );
}

function keysPage(view: View, secrets: SiteSecrets, form: FormState) {
  const { deviceLinks, hubKeys } = secrets.view();
  return (
    <Page
      view={view}
      title="Keys"
      crumbs={[{ label: "Settings", path: "/settings" }]}
      lead="The site works on while they are changed. Make a new backup afterwards: a box that is restored from one with former keys has to join its hub again with a code."
    >
      <Live view={view}>
        <HubKeys view={view} keys={hubKeys} />
      </Live>
      {!view.isFragment && <DeviceLinks view={view} keys={deviceLinks} form={form} />}
    </Page>
  );
}

function HubKeys({ view, keys }: { view: View; keys: SiteSecretsView["hubKeys"] }) {
  const { fingerprint, next, problem, sinceMs } = keys;
  return (
    <>
      {problem !== null && (
        <Band view={view} kind="warn">
          <p>The last new keys came to nothing: {problem}</p>
        </Band>
      )}
      <Card title="Keys for the hub">
        <div class="now">
          <dl class="facts">
            <Fact label="Fingerprint">
              <code>{fingerprint}</code>
            </Fact>
            <Fact label="Since">
              <When view={view} at={sinceMs} none="the first start" />
            </Fact>
            {next !== null && (
              <Fact label="New keys">
                <code>{next.fingerprint}</code>, made <When view={view} at={next.madeAtMs} />: they
                wait until the hub has heard of them
              </Fact>
            )}
          </dl>
          <PostForm view={view} path="/settings/keys/hub" class="sheet">
            <div>
              <button
                type="submit"
                disabled={next !== null}
                data-confirm="Make new keys for the link to the hub?"
              >
                Make new keys
              </button>
            </div>
          </PostForm>
          <p class="small muted">
            The hub learns of them over a message that is signed with the present ones, also days
            later, and says so; only then do they hold. The hub's console shows the same
            fingerprint.
          </p>
        </div>
      </Card>
    </>
  );
}

function DeviceLinks(props: { view: View; keys: SiteSecretsView["deviceLinks"]; form: FormState }) {
  const { view, keys, form } = props;
  return (
    <Card title="Key of device links">
      <div class="now">
        <dl class="facts">
          <Fact label="Since">
            <When view={view} at={keys.sinceMs} none="the first start" />
          </Fact>
          {keys.former.map(({ untilMs }) => (
            <Fact label="Former key">
              its links are good until they expire, at most <When view={view} at={untilMs} />
            </Fact>
          ))}
        </dl>
        <PostForm view={view} path="/settings/keys/device-links" class="sheet">
          <FormProblem view={view} form={form} />
          <SelectField
            form={form}
            name="formerLinksHours"
            label="Links that devices have already"
            hint="Where somebody knows the key, end them now: devices get new ones at their next contact."
            value={String(FORMER_LINKS_HOURS_MAX)}
            options={[
              { value: String(FORMER_LINKS_HOURS_MAX), label: "stay good until they expire" },
              { value: "24", label: "stay good for a day at most" },
              { value: "1", label: "stay good for an hour at most" },
              { value: "0", label: "end now" },
            ]}
          />
          <div>
            <button type="submit" data-confirm="Make a new key for the links of devices?">
              Make a new key
            </button>
          </div>
        </PostForm>
      </div>
    </Card>
  );
}
