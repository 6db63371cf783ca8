{{/* Labels of everything in the release. */}}
{{- define "sandkeep.labels" -}}
app.kubernetes.io/name: sandkeep
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* Labels that select one component. Argument: list of root and component. */}}
{{- define "sandkeep.selector" -}}
app.kubernetes.io/name: sandkeep
app.kubernetes.io/instance: {{ (index . 0).Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end }}

{{/* Reference of an image. Argument: list of root and image values. */}}
{{- define "sandkeep.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- if $image.digest -}}
{{ $image.repository }}@{{ $image.digest }}
{{- else -}}
{{ $image.repository }}:{{ $image.tag | default $root.Chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* What Pod Security `restricted` wants of a Pod. */}}
{{- define "sandkeep.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile: { type: RuntimeDefault }
{{- end }}

{{/* What Pod Security `restricted` wants of a container. */}}
{{- define "sandkeep.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: { drop: [ALL] }
{{- end }}

{{/* Environment of both components. */}}
{{- define "sandkeep.env" -}}
- name: SANDKEEP_LOG_LEVEL
  value: {{ .Values.logLevel }}
- name: SANDKEEP_NAMESPACE
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
- name: SANDKEEP_POD_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: SANDKEEP_METRICS_PORT
  value: "8081"
{{- end }}

{{/* How sandboxes' ports are reached from outside. */}}
{{- define "sandkeep.tunnelEnv" -}}
{{- with .Values.tunnels -}}
- name: SANDKEEP_TUNNELS_DOMAIN
  value: {{ .domain | quote }}
- name: SANDKEEP_TUNNELS_PUBLIC_PORT
  value: {{ .publicPort | default (eq .service.type "NodePort" | ternary (.service.nodePort | default .service.port) .service.port) | quote }}
{{- with .tcpPorts }}
- name: SANDKEEP_TUNNELS_TCP_PORTS
  value: {{ printf "%d-%d" (int .first) (int .last) | quote }}
{{- end }}
{{- with .proxies }}
- name: SANDKEEP_TUNNELS_PROXIES
  value: {{ join "," . | quote }}
{{- end }}
{{- with .trustedHops }}
- name: SANDKEEP_TUNNELS_TRUSTED_HOPS
  value: {{ join "," . | quote }}
{{- end }}
{{- end -}}
{{- end }}

{{/* How the kubelet asks a component for its state. */}}
{{- define "sandkeep.probes" -}}
startupProbe:
  httpGet: { path: /healthz, port: metrics }
  periodSeconds: 1
  failureThreshold: 60
livenessProbe:
  httpGet: { path: /healthz, port: metrics }
  periodSeconds: 10
  timeoutSeconds: 5
readinessProbe:
  httpGet: { path: /readyz, port: metrics }
  periodSeconds: 2
  timeoutSeconds: 5
{{- end }}

{{/* Where a component may run. Argument: list of root, component and its values. */}}
{{- define "sandkeep.scheduling" -}}
{{- $values := index . 2 -}}
topologySpreadConstraints:
  - maxSkew: 1
    topologyKey: kubernetes.io/hostname
    whenUnsatisfiable: ScheduleAnyway
    labelSelector:
      matchLabels:
        {{- include "sandkeep.selector" (list (index . 0) (index . 1)) | nindent 8 }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- end }}

{{- define "sandkeep.imagePullSecrets" -}}
{{- with .Values.imagePullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- end }}
