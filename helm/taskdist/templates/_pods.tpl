{{/* What the operator's pods share: restricted Pod Security, the service account's token for one hour, where they may run. */}}

{{/* Not empty while the cluster does not know agent types yet. */}}
{{- define "taskdist.firstInstall" -}}
{{- if and .Values.crds.install (not (.Capabilities.APIVersions.Has "taskdist.dev/v1alpha1/AgentType")) -}}
yes
{{- end }}
{{- end }}

{{/* What scanners find and is meant to be so, with the reason. */}}
{{- define "taskdist.scannerReasons" -}}
checkov.io/skip1: CKV_K8S_15=the tag is a version and does not move, and a start must not depend on the registry
checkov.io/skip2: CKV_K8S_43=image.digest pins it where that is wanted; the default follows the version of the chart
# The same for the pull policy; and one replica is enough, for a restarted operator continues where it was.
kube-score/ignore: container-image-pull-policy,deployment-replicas
{{- end }}

{{- define "taskdist.podSecurity" -}}
serviceAccountName: {{ include "taskdist.serviceAccount" . }}
automountServiceAccountToken: false
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  {{- with .Values.runAsUser }}
  runAsUser: {{ int64 . }}
  {{- end }}
  {{- with .Values.runAsGroup }}
  runAsGroup: {{ int64 . }}
  {{- end }}
  seccompProfile:
    type: RuntimeDefault
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "taskdist.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  privileged: false
  readOnlyRootFilesystem: true
  runAsNonRoot: true
  capabilities:
    drop: [ALL]
{{- end }}

{{- define "taskdist.containerImage" -}}
image: {{ include "taskdist.image" . | quote }}
imagePullPolicy: {{ .Values.image.pullPolicy }}
{{- end }}

{{- define "taskdist.placement" -}}
{{- with .Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* As the kubelet would mount it, but only here, and said aloud. */}}
{{- define "taskdist.tokenMount" -}}
- name: api-access
  mountPath: /var/run/secrets/kubernetes.io/serviceaccount
  readOnly: true
{{- end }}

{{- define "taskdist.tokenVolume" -}}
- name: api-access
  projected:
    defaultMode: 0444
    sources:
      - serviceAccountToken:
          path: token
          expirationSeconds: 3600
      - configMap:
          name: kube-root-ca.crt
          items:
            - key: ca.crt
              path: ca.crt
      - downwardAPI:
          items:
            - path: namespace
              fieldRef:
                fieldPath: metadata.namespace
{{- end }}
