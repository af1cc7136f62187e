{{- define "named.overridden" -}}second{{- end -}}
