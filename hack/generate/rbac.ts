/** The chart's roles, from what is declared beside each kind in src/webflow/rbac.ts. */
import {
  clusterPermissions,
  editPermissions,
  namespacePermissions,
  type Permission,
  rulesOf,
  viewPermissions,
} from "../../src/webflow/rbac.ts";
import { header, yamlOf } from "./crds.ts";

interface Role {
  kind: "ClusterRole" | "Role";
  name: string;
  permissions: readonly Permission[];
  /** Template lines of more labels or annotations. */
  metadata?: string;
}

const describe = (text: string) => `
  annotations:
    kubernetes.io/description: ${text}`;

const aggregateTo = (...roles: string[]) => `
    {{- if .Values.rbac.aggregate }}
${roles.map((role) => `    rbac.authorization.k8s.io/aggregate-to-${role}: "true"`).join("\n")}
    {{- end }}`;

const roles: readonly Role[] = [
  { kind: "ClusterRole", name: "webflow-operator", permissions: clusterPermissions },
  { kind: "Role", name: "webflow-operator", permissions: namespacePermissions },
  {
    kind: "ClusterRole",
    name: "webflow-view",
    permissions: viewPermissions,
    metadata: aggregateTo("view") + describe("Read WebFlows and their classes."),
  },
  {
    kind: "ClusterRole",
    name: "webflow-edit",
    permissions: editPermissions,
    metadata:
      aggregateTo("edit", "admin") +
      describe("Create and change WebFlows. Whoever may do so runs pods and mounts Secrets in that namespace."),
  },
];

function template({ kind, name, permissions, metadata = "" }: Role): string {
  const namespace = kind === "Role" ? "\n  namespace: {{ .Release.Namespace }}" : "";
  return `apiVersion: rbac.authorization.k8s.io/v1
kind: ${kind}
metadata:
  name: ${name}${namespace}
  labels:
    {{- include "webflow.labels" . | nindent 4 }}${metadata}
${yamlOf({ rules: rulesOf(permissions) })}`;
}

export function chartRoles(): [path: string, text: string][] {
  return [["charts/webflow-operator/templates/roles.yaml", header + roles.map(template).join("---\n")]];
}
