{{- define "taskdist.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{/* The release's name where it says what it is, else with the chart's behind it. Short enough for the suffixes below. */}}
{{- define "taskdist.fullname" -}}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 47 | trimSuffix "-" }}
{{- else if contains (include "taskdist.name" .) .Release.Name }}
{{- .Release.Name | trunc 47 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name (include "taskdist.name" .) | trunc 47 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "taskdist.operator" -}}
{{- printf "%s-operator" (include "taskdist.fullname" .) }}
{{- end }}

{{- define "taskdist.serviceAccount" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "taskdist.operator" .) .Values.serviceAccount.name }}
{{- else }}
{{- required "serviceAccount.name: which service account, when serviceAccount.create is false?" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "taskdist.selectorLabels" -}}
app.kubernetes.io/name: {{ include "taskdist.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{/* Labels of everything the chart installs. */}}
{{- define "taskdist.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
app.kubernetes.io/name: {{ include "taskdist.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: taskdist
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "taskdist.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{/* The rules of one key of files/rbac.yaml, which is generated from the operator's own table. */}}
{{- define "taskdist.rules" -}}
{{- $table := .root.Files.Get "files/rbac.yaml" | fromYaml }}
{{- range .of }}
{{- toYaml (get $table .) | nindent 0 }}
{{- end }}
{{- end }}
