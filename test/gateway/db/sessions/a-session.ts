import type { DeviceId } from "../../../../devices/model/ids.ts";
import type {
  RecordedMessage,
  RecordedSession,
} from "../../../../devices/model/recorded-session.ts";
import { SessionDraft } from "../../../../devices/sight/session-draft.ts";

export const DEVICE = "0f3b0c2d4e5a69788796a5b4c3d2e1f0" as DeviceId;

export const session = (id: number, change: Partial<RecordedSession> = {}): RecordedSession => ({
  ...SessionDraft.begin({
    id,
    device: DEVICE,
    externalId: "urn:uuid:1",
    sessionId: String(id),
    startedAtMs: id * 1000,
    address: "192.0.2.1",
    encoding: "xml",
  }).session,
  authenticated: true,
  outcome: "finished",
  ...change,
});

export const message = (text: string): RecordedMessage => ({
  from: "device",
  atMs: 0,
  bytes: text.length,
  encoding: "xml",
  form: "document",
  text,
  problem: null,
  repeated: false,
});
