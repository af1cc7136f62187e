{{- define "common.service" -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ .Values.name }}
spec:
  ports:
    - port: {{ .Values.common.port }}
{{- end -}}
{{- define "common.merge" -}}
{{- $top := first . -}}
{{- $base := fromYaml (include (index . 1) $top) -}}
{{- $own := fromYaml (include (index . 2) $top) -}}
{{- toYaml (merge $own $base) -}}
{{- end -}}
