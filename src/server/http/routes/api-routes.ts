import type { Route } from "../route.ts";
import { adminRoutes } from "./admin-routes.ts";
import { claimRoutes } from "./claim-routes.ts";
import { createRoutes } from "./create-routes.ts";
import { leaseRoutes } from "./lease-routes.ts";
import { readRoutes } from "./read-routes.ts";
import { resultRoutes } from "./result-routes.ts";

/** The whole API, in the order of the OpenAPI document. */
export const API_ROUTES: readonly Route[] = [
  ...createRoutes,
  ...claimRoutes,
  ...leaseRoutes,
  ...resultRoutes,
  ...readRoutes,
  ...adminRoutes,
];
