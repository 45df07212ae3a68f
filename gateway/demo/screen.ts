/** What the demo shows itself on; the command line gives it a terminal. */
export interface Screen {
  line(text: string): void;
  table(head: readonly string[], rows: readonly (readonly (string | number | null)[])[]): void;
  /** A bar for people; nothing where nobody watches. */
  progress(done: number, total: number, text: string): void;
  endProgress(): void;
}
