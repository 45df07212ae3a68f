/**
 * A reading in short steps, for documents of others that may be large: whoever runs it decides what else has
 * its turn in between.
 */
export type Steps<Value> = Generator<undefined, Value, undefined>;

/** All steps, one after the other. */
export function allSteps<Value>(steps: Steps<Value>): Value {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}
