import { PasswordHasher } from "../../gateway/access/password.ts";

/** For tests that are not about what a guess costs, and log in hundreds of times. */
export const cheapPasswords = () => new PasswordHasher({ memoryKib: 64, passes: 1 });
