/**
 * The closed vocabularies of a status: condition types, what the user must edit, and the reasons of the path as a whole.
 * Those of the hops, and all of them in one table, are in reasons.ts.
 */

export const conditionTypes = ["Ready", "Reconciling", "Stalled", "DatabaseIsolated", "PublicLeg"] as const;
export type ConditionType = (typeof conditionTypes)[number];

/** The user must edit something: these make a flow Stalled. */
export const faultReasons = {
  ClassNotFound: "spec.className names a WebFlowClass that does not exist: create it, or name one that does.",
  TwoDefaultClasses:
    "More than one WebFlowClass is marked default: name one in spec.className, or leave one class marked.",
  HostOutsideZones: "A host lies under none of the class's zones: choose one under a zone.",
  HostReserved: "The host is the name server's own name: choose another under the zone.",
  HostConflict: "Another WebFlow has had the host, or the path on it, for longer: choose another.",
  SubnetNotOffered: "The class has no subnet of that name: use one that it lists.",
  EngineNotOffered: "The class does not offer that database engine: use one that it lists.",
  VersionNotOffered: "The class does not offer that version of the engine: use one that it lists.",
  VersionMismatch:
    "The data that is there was made with another engine or version: ask for that one, or give the WebFlow another name.",
  SubnetMismatch:
    "The data that is there was made in another subnet: ask for that one, or give the WebFlow another name.",
  RoutePortUnknown: "A route or the health check names a port that process.ports does not list: use one of its names.",
} as const;
export type FaultReason = keyof typeof faultReasons;

/** Reasons of the path as a whole. */
export const pathReasons = {
  PathProven: "Every hop answers and the last whole request passed: nothing to do.",
  Moving: "The path is on its way to what was asked for: wait.",
  NotAsked: "No question has been asked yet, or there is nobody to ask it: wait, and see the class's vantages.",
} as const;
