import { z } from "zod";

/** What the payload of each command looks like; producer and worker share it. Any Standard Schema library will do. */
export const commands = {
  EMAIL: z.object({ to: z.email(), subject: z.string().max(200) }),
};
