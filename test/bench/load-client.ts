/**
 * The load of a bench, in a process of its own, so that it does not take the server's time. Each
 * device has a connection of its own, kept alive, and sends its next message when it has the answer
 * to the last.
 *
 * Reads a JSON `LoadSetup` on the first line of standard input and a `LoadRound` on each later one;
 * writes a JSON `LoadResult` for each round.
 */
import { ByteDevice, type ByteDeviceOptions, type Knowledge } from "./byte-device.ts";
import { Connection } from "./connection.ts";

export interface LoadSetup {
  readonly port: number;
  readonly devices: readonly ByteDeviceOptions[];
}

export interface LoadRound {
  readonly knows: Knowledge;
  /** How many sessions each device has, one after the other, or for how long. */
  readonly until: { readonly sessions: number } | { readonly ms: number };
  /**
   * For a server that does not speak SyncML: what to take for its answers, one after the other. The
   * client then does all that it does for one that does.
   */
  readonly answers: readonly string[] | null;
}

export interface LoadResult {
  readonly messages: number;
  readonly sessions: number;
  readonly seconds: number;
  readonly latenciesMs: readonly number[];
  readonly requestBytes: number;
  readonly answerBytes: number;
  /** Answers by HTTP status, as text. */
  readonly statuses: Readonly<Record<string, number>>;
  /** What the first device heard in its first session. */
  readonly heard: readonly string[];
}

const MESSAGES_MAX = 20;

class Tally {
  messages = 0;
  sessions = 0;
  latenciesMs: number[] = [];
  requestBytes = 0;
  answerBytes = 0;
  readonly statuses: Record<string, number> = {};
  heard: string[] = [];
}

let sessionNumber = 10_000_000 + (Math.floor(performance.timeOrigin) % 50_000_000);

interface Peer {
  readonly device: ByteDevice;
  readonly connection: Connection;
}

async function playRound(peers: readonly Peer[], round: LoadRound): Promise<LoadResult> {
  const tally = new Tally();
  const startedMs = performance.now();
  const { until } = round;
  const isOver = (sessions: number) =>
    "ms" in until ? performance.now() - startedMs >= until.ms : sessions >= until.sessions;
  await Promise.all(
    peers.map(async (peer, index) => {
      for (let sessions = 0; !isOver(sessions); sessions++) {
        const heard = await playSession(peer, round, tally);
        if (index === 0 && sessions === 0) tally.heard = heard;
      }
    }),
  );
  return { ...tally, seconds: (performance.now() - startedMs) / 1000 };
}

/** One session to its end; what was heard. */
async function playSession(
  { device, connection }: Peer,
  { knows, answers }: LoadRound,
  tally: Tally,
): Promise<string[]> {
  const session = String(sessionNumber++);
  const heard: string[] = [];
  let request: Buffer | undefined = device.opening(0, session);
  while (request && heard.length < MESSAGES_MAX) {
    const startedMs = performance.now();
    const answer = await connection.exchange(request);
    tally.latenciesMs.push(Math.round((performance.now() - startedMs) * 100) / 100);
    tally.messages += 1;
    tally.requestBytes += request.length;
    tally.answerBytes += answer.body.length;
    tally.statuses[answer.status] = (tally.statuses[answer.status] ?? 0) + 1;
    const body: string = answers?.[heard.length] ?? answer.body;
    heard.push(body);
    request =
      heard.length < device.openings
        ? device.opening(heard.length, session)
        : device.reply(body, session, heard.length + 1, knows);
  }
  tally.sessions += 1;
  return heard;
}

if (import.meta.main) {
  let peers: readonly Peer[] = [];
  for await (const line of console) {
    if (peers.length === 0) {
      const { port, devices } = JSON.parse(line) as LoadSetup;
      peers = await Promise.all(
        devices.map(async (options) => ({
          device: new ByteDevice(options, port),
          connection: await Connection.open(port),
        })),
      );
      continue;
    }
    console.log(JSON.stringify(await playRound(peers, JSON.parse(line) as LoadRound)));
  }
  for (const { connection } of peers) connection.close();
}
