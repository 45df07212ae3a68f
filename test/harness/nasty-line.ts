import type { RawDevice } from "./raw-device.ts";

type Send = (url: string, init: RequestInit) => Promise<Response>;

/**
 * A line on which messages come twice, at the same time or later, old ones come again, and others
 * speak in between: another device with the same session numbers, and strangers who use the device's
 * name. Whatever it does, the device gets the answer to what it said.
 */
export class NastyLine {
  readonly #send: Send;
  readonly #random: () => number;
  readonly #stranger: RawDevice;
  readonly #sent: { url: string; init: RequestInit }[] = [];
  /** Copies of one message that were answered otherwise. */
  readonly differences: string[] = [];

  /** @param stranger another device; it is known here, with a secret of its own */
  constructor(send: Send, random: () => number, stranger: RawDevice) {
    this.#send = send;
    this.#random = random;
    this.#stranger = stranger;
  }

  readonly fetch: Send = async (url, init) => {
    await this.#disturb(url, init);
    const copies = this.#random() < 0.4 ? 2 : 1;
    const answers = await Promise.all(
      Array.from({ length: copies }, async () => {
        const response = await this.#send(url, init);
        const { status, headers } = response;
        return { status, headers, text: await response.text() };
      }),
    );
    const [answer, again] = answers;
    if (!answer) throw new Error("nothing was sent");
    this.#compare(answer, again);
    if (this.#random() < 0.3) {
      await this.#disturb(url, init);
      const late = await this.#send(url, init);
      this.#compare(answer, { status: late.status, text: await late.text() });
    }
    this.#sent.push({ url, init });
    return new Response(answer.text, { status: answer.status, headers: answer.headers });
  };

  #compare(
    answer: { readonly status: number; readonly text: string },
    again: { readonly status: number; readonly text: string } | undefined,
  ): void {
    if (again && (again.status !== answer.status || again.text !== answer.text)) {
      this.differences.push(`${answer.status} ${answer.text}\n${again.status} ${again.text}`);
    }
  }

  /** What others say meanwhile, and what comes too late. */
  async #disturb(url: string, init: RequestInit): Promise<void> {
    const kind = this.#random();
    const text = String(init.body);
    const old = this.#sent.at(-1 - Math.floor(this.#random() * 3));
    if (kind < 0.15 && old && isLate(String(old.init.body), text)) {
      await this.#send(old.url, old.init);
    } else if (kind < 0.3) {
      // Another device, in a session of the same number.
      const { deviceId } = this.#stranger.options;
      await this.#send(url, {
        ...init,
        body: renamed(text, deviceId, credentialOf(this.#stranger)),
      });
    } else if (kind < 0.4) {
      // Another device that says it is this one.
      await this.#send(url, {
        ...init,
        body: renamed(text, undefined, credentialOf(this.#stranger)),
      });
    } else if (kind < 0.5 && numberOf(text) === "1") {
      // Somebody who shows nothing. In a session that is open OMA DM takes that.
      await this.#send(url, { ...init, body: text.replace(/<Cred>.*?<\/Cred>/s, "") });
    }
  }
}

/** Of the same session, and not its first: that one, coming again, is a device that starts over. */
function isLate(old: string, text: string): boolean {
  return sessionOf(old) === sessionOf(text) && numberOf(old) !== "1";
}

function sessionOf(text: string): string | undefined {
  return /<SessionID>(.*?)<\/SessionID>/.exec(text)?.[1];
}

function numberOf(text: string): string | undefined {
  return /<MsgID>(.*?)<\/MsgID>/.exec(text)?.[1];
}

function credentialOf({ options: { user, password } }: RawDevice): string {
  return Buffer.from(`${user}:${password}`).toString("base64");
}

/** The message as another device would say it. */
function renamed(text: string, deviceId: string | undefined, credential: string): string {
  const shown = text.replace(/(<Cred>.*?<Data>).*?(<\/Data><\/Cred>)/s, `$1${credential}$2`);
  return deviceId === undefined
    ? shown
    : shown.replace(/(<Source><LocURI>).*?(<\/LocURI><LocName>)/s, `$1${deviceId}$2`);
}
