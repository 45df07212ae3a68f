/** The time an agent lives by; tests give it one that they move. [D33] */
export interface AgentClock {
  now(): number;
  /** @throws the signal's reason when it is aborted */
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}
