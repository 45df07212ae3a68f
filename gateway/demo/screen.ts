/** What the demo shows itself on; the command line gives it a terminal. */
export interface Screen {
  line(text: string): void;
  /** One table; its groups have titles. */
  table(
    head: readonly string[],
    groups: readonly {
      readonly title: string;
      readonly rows: readonly (readonly string[])[];
    }[],
  ): void;
  /** A bar for people; nothing where nobody watches. */
  progress(done: number, total: number, text: string): void;
  endProgress(): void;
}
