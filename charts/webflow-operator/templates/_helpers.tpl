{{- define "webflow.labels" -}}
app.kubernetes.io/part-of: webflow
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{/* Labels that select: name alone, immutable. */}}
{{- define "webflow.podLabels" -}}
app.kubernetes.io/name: {{ .name }}
app.kubernetes.io/part-of: webflow
{{- with .root.Values.podLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "webflow.image" -}}
{{ .Values.image.repository }}:{{ .Values.image.tag | default .Chart.AppVersion }}
{{- end }}

{{- define "webflow.proberSecret" -}}
{{ .Values.prober.existingSecret | default "webflow-prober" }}
{{- end }}

{{- define "webflow.podSecurity" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "webflow.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}

{{- define "webflow.pullSecrets" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "webflow.corefile" -}}
.:5353 {
    errors
    health :8080 {
        lameduck 5s
    }
    ready :8181
    prometheus :9153
    auto {
        directory /zones/..data ^db\.(.*)$ {1}
        reload 1s
    }
}
{{- end }}
