{{/* A comment of a template */}}
{{- define "named.image" -}}
images.example.com/{{ .name }}:{{ .root.Chart.AppVersion }}
{{- end -}}
{{- define "named.recursive" -}}
{{- if gt (int .) 0 -}}
{{ . }},{{ include "named.recursive" (sub (int .) 1) }}
{{- else -}}
end
{{- end -}}
{{- end -}}
{{- define "named.overridden" -}}first{{- end -}}
{{- define "named.labels" }}
app: {{ .Chart.Name }}
release: {{ .Release.Name }}
service: {{ .Release.Service }}
template: {{ .Template.Name }}
{{- end }}
