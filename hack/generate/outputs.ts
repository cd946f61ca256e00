/** Every generated file but the plain install, which needs helm: path within the project -> text. Pure. */
import { chartCrds, plainCrds } from "./crds.ts";
import { chartRoles } from "./rbac.ts";
import { reference } from "./reference.ts";

export function outputs(): ReadonlyMap<string, string> {
  return new Map([...plainCrds(), ...chartCrds(), ...chartRoles(), ...reference()]);
}
