/** The long form of libwbxml.slow.test.ts: more messages, new ones at every run. */
import { testUnless } from "../../harness/skip.ts";
import { expectAgreement, missingForLibwbxml } from "./libwbxml.ts";

const SEED = Number(Bun.env.TEST_SEED ?? Date.now() % 1_000_000_000);
const DOCUMENTS = 2_000;

testUnless(missingForLibwbxml())(
  `libwbxml and we read each other's messages, many of them (TEST_SEED=${SEED})`,
  () => expectAgreement(SEED, DOCUMENTS),
);
