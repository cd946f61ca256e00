/** The path of a request, in order: the only file that names the rooms together. */
import { database } from "./database.ts";
import { dns } from "./dns.ts";
import { edge } from "./edge.ts";
import type { Hop } from "./hop.ts";
import { lb } from "./lb.ts";
import { process } from "./process.ts";
import { response } from "./response.ts";
import { router } from "./router.ts";
import { vmgroup } from "./vmgroup.ts";

export const path: readonly Hop[] = [dns, edge, router, lb, vmgroup, process, database, response];
