import { describe, expect, it } from "vitest";
import { ConfigMap, Pod, Secret } from "./kinds.ts";
import { clusterPermissions, editPermissions, namespacePermissions, rulesOf, viewPermissions } from "./rbac.ts";

const all = [...clusterPermissions, ...namespacePermissions, ...viewPermissions, ...editPermissions];

describe("what the operator may do", () => {
  it("has no wildcard", () => {
    expect(JSON.stringify(rulesOf(all))).not.toContain("*");
  });

  it("is of Secrets to create them, and nothing else", () => {
    const secrets = all.filter(({ kind }) => kind === Secret);
    expect(secrets.flatMap(({ verbs }) => verbs)).toEqual(["create"]);
  });

  it("is of pods to look, and to write in its own namespace alone", () => {
    const verbs = clusterPermissions.filter(({ kind }) => kind === Pod).flatMap((each) => each.verbs);
    expect(verbs).toEqual(["list", "watch"]);
  });

  it("is of ConfigMaps to make them, and else of the zones alone", () => {
    const wide = all.filter(({ kind, names }) => kind === ConfigMap && names === undefined);
    expect(wide.flatMap(({ verbs }) => verbs)).toEqual(["create"]);
  });

  it("is to delete only what a flow may come to want no more", () => {
    const deleted = clusterPermissions.filter(({ verbs }) => verbs.includes("delete")).map(({ kind }) => kind.plural);
    expect(deleted).toEqual(["statefulsets", "services", "ingresses", "networkpolicies", "poddisruptionbudgets"]);
  });

  it("does not include the right to hand out rights, or to act as another", () => {
    const resources = rulesOf(all).flatMap((rule) => rule.resources);
    expect(resources.filter((name) => /role|finalizers|impersonate|token$|exec|proxy/.test(name))).toEqual([]);
  });
});

it("kinds of a group with the same verbs share a rule; names keep a rule apart", () => {
  expect(rulesOf(namespacePermissions)).toEqual([
    { apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["create"] },
    {
      apiGroups: ["coordination.k8s.io"],
      resources: ["leases"],
      resourceNames: ["webflow-operator"],
      verbs: ["get", "update"],
    },
    { apiGroups: [""], resources: ["configmaps"], verbs: ["create"] },
    {
      apiGroups: [""],
      resources: ["configmaps"],
      resourceNames: ["webflow-zones"],
      verbs: ["get", "list", "watch", "patch"],
    },
    { apiGroups: [""], resources: ["pods"], verbs: ["patch"] },
  ]);
});
