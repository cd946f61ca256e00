/** The CRDs as YAML: plain, and as templates of the chart behind crds.enabled and crds.keep. */
import { stringify } from "yaml";
import { type CustomResourceDefinition, webFlowClassDefinition, webFlowDefinition } from "../../src/webflow/crd.ts";

export const header = "# Made from src/webflow by `npm run generate`; do not edit.\n";

export const yamlOf = (value: unknown): string => stringify(value, { lineWidth: 0, aliasDuplicateObjects: false });

const definitions = (): CustomResourceDefinition[] => [webFlowDefinition(), webFlowClassDefinition()];

const fileOf = (definition: CustomResourceDefinition) => `${definition.metadata.name.split(".")[0] ?? ""}.yaml`;

export function plainCrds(): [path: string, text: string][] {
  return definitions().map((definition) => [`manifests/crd/${fileOf(definition)}`, header + yamlOf(definition)]);
}

export function chartCrds(): [path: string, text: string][] {
  return definitions().map((definition) => [
    `charts/webflow-operator/templates/crds/${fileOf(definition)}`,
    chartTemplate(definition),
  ]);
}

function chartTemplate({ apiVersion, kind, metadata, spec }: CustomResourceDefinition): string {
  const body = yamlOf({ spec });
  if (body.includes("{{"))
    throw new Error(`${metadata.name}: "{{" in the schema would be read by Helm: word it otherwise`);
  return `${header}{{- if .Values.crds.enabled }}
apiVersion: ${apiVersion}
kind: ${kind}
metadata:
  name: ${metadata.name}
  labels:
    {{- include "webflow.labels" . | nindent 4 }}
  {{- if .Values.crds.keep }}
  annotations:
    helm.sh/resource-policy: keep
  {{- end }}
${body}{{- end }}
`;
}
