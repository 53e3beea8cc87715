import { type Authenticators, buildAuthenticators, devAuthenticators } from "../auth/authenticators.ts";
import { CodeqError } from "../queue/errors.ts";
import { StartError } from "../start-error.ts";
import { type AuthChoice, DEV_TENANT, DEV_TOKEN } from "./auth-choice.ts";

/** @throws StartError when the server must not, or cannot, start like this */
export function authenticatorsOf(choice: AuthChoice): Authenticators {
  switch (choice.kind) {
    case "dev":
      return devAuthenticators(DEV_TOKEN, DEV_TENANT);
    case "refused":
      throw new StartError("usage", choice.reason);
    case "configured":
      try {
        return buildAuthenticators(choice.settings);
      } catch (error) {
        if (error instanceof CodeqError) throw new StartError("usage", error.message, { cause: error });
        throw error;
      }
  }
}
